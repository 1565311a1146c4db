"""Looking at what was printed, and making it again: from the stored rows, byte for byte the same.

A document's content is frozen and how it stood is kept beside its file, so that printing it again gives the same bytes:
with the same version of the product. Another one may set it otherwise; that is said, and what was handed out is not
replaced by it unless somebody asks for that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from invoices.models import CreditNote, DocumentFile, Invoice
from invoices.selectors.rows import rows_of
from invoices.services.content import content_hash
from invoices.services.printing import Proof, proof_of, store, stored, tell
from merchants.tenancy.scope import tenant

AT_ONCE = 500


class Found(StrEnum):
    """What was found of a file, and what was done."""

    kept = "is there, as it was printed"
    same = "is there, and printed again it is the same"
    waiting = "waits to be printed"
    missing = "is not in the store"
    damaged = "is in the store and is not what was printed"
    remade = "was made again, byte for byte the same"
    reset = "was made again; this version sets it otherwise than it was"
    otherwise = "is there; this version would set it otherwise"
    replaced = "was replaced by how this version sets it"
    contradicts = "its document's content is not what its digest says: nothing was printed"


FAULTS = frozenset({Found.missing, Found.damaged, Found.contradicts})
"""What must not stay so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One file: its document's number, what was found."""

    number: str
    found: Found


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """`mend`: what is missing or damaged is made again. `all_`: every document is printed again and compared, not only
    those. `overwrite`: what this version sets otherwise takes the place of what was printed."""

    mend: bool = True
    all_: bool = True
    overwrite: bool = False


def printed_files(merchant_id: UUID) -> Iterator[UUID]:
    """Every file row of a merchant, in the order in which they were made."""
    last = UUID(int=0)
    while True:
        with tenant(merchant_id):
            rows = DocumentFile.objects.filter(id__gt=last, format="pdf").order_by("id")
            found = list(rows.values_list("id", flat=True)[:AT_ONCE])
        if not found:
            return
        yield from found
        last = found[-1]


def look_at(*, merchant_id: UUID, file_id: UUID, how: How) -> Looked:
    """Look at one file, and do about it what `how` says. Call it outside any transaction. Raises OSError where the
    store does not answer, and what printing raises."""
    with tenant(merchant_id):
        file = DocumentFile.objects.select_related("invoice", "credit_note").get(id=file_id)
    document = file.invoice or file.credit_note
    assert document is not None  # a_file_prints_one_document
    return Looked(number=document.number or "", found=_found(file, document, how))


def _found(file: DocumentFile, document: Invoice | CreditNote, how: How) -> Found:
    if file.made_at is None:
        return Found.waiting
    state = _in_store(file)
    if state is Found.kept and not how.all_:
        return state
    if not _content_stands(file, document):
        return Found.contradicts
    proof = proof_of(file)
    if proof.sha256 == file.sha256:
        if state is Found.kept:
            return Found.same
        return _put(file, proof, Found.remade) if how.mend else state
    if state is Found.kept:
        return _put(file, proof, Found.replaced) if how.overwrite else Found.otherwise
    return _put(file, proof, Found.reset) if how.mend else state


def _in_store(file: DocumentFile) -> Found:
    content = stored(file.path)
    if content is None:
        return Found.missing
    return Found.kept if hashlib.sha256(content).hexdigest() == file.sha256 else Found.damaged


def _content_stands(file: DocumentFile, document: Invoice | CreditNote) -> bool:
    """Whether the rows are those that were finalised."""
    with tenant(file.tenant_id):
        rows = rows_of(file)
    return content_hash(rows.row, rows.lines, rows.taxes) == document.content_hash


def _put(file: DocumentFile, proof: Proof, done: Found) -> Found:
    """Store it and write it down."""
    path = store(file, proof.content)
    with tenant(file.tenant_id):
        row = DocumentFile.objects.select_for_update().get(pk=file.pk)
        tell(row, proof, path)
    return done
