"""Printing documents, in a worker: read in one transaction, print outside any, write down in another.

A document is legal without its PDF: what fails here is written on the file's row and tried again later, and nothing
else waits for it. Safe to run twice: the same document gives the same bytes under the same name.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import Q

from invoices.facturx.fitness import unfit
from invoices.facturx.xml import written
from invoices.models import DocumentFile
from invoices.pdf import render
from invoices.selectors.einvoices import paper_and_einvoice
from invoices.selectors.rows import rows_of
from invoices.selectors.standing import as_it_stood, standing_of
from merchants.clock import instant
from merchants.models import Merchant
from merchants.tenancy.moments import one_moment
from merchants.tenancy.scope import current, tenant

WAITS = (1, 2, 5, 15, 60, 180, 720)
"""Minutes until the next try, by how many have failed; then the last for ever."""

log = logging.getLogger(__name__)


def print_document(*, merchant_id: UUID, document_id: UUID) -> None:
    """Print an invoice or credit note and store it, unless that was done. Call it outside any transaction.

    Raises `DocumentFile.DoesNotExist` where no file of this document was asked for. A failure is written on the file's
    row, with when to try again, and does not raise.
    """
    with tenant(merchant_id):
        wanted = Q(invoice_id=document_id) | Q(credit_note_id=document_id)
        file_id = DocumentFile.objects.filter(wanted, format="pdf").values_list("id", flat=True).get()
    print_file(merchant_id=merchant_id, file_id=file_id)


def print_file(*, merchant_id: UUID, file_id: UUID) -> None:
    """Print the document that a file's row waits for: what the runs find due. As `print_document` otherwise."""
    with tenant(merchant_id):
        file = DocumentFile.objects.get(id=file_id)
        if file.made_at is not None:
            return
    try:
        proof = proof_of(file)
        path = store(file, proof.content)
    except Exception as problem:  # whatever it is, the document stands and the others are printed
        log.exception("file %s was not printed", file_id)
        _failed(merchant_id, file_id, problem)
        return
    with tenant(merchant_id):
        file = DocumentFile.objects.select_for_update().get(id=file_id)
        if file.made_at is None:
            tell(file, proof, path)


def print_lost(*, merchant_id: UUID, file_id: UUID) -> None:
    """Print again a document whose file the store has lost; as it stood then, so that it is the same file. A file that
    is there is left alone. Safe to run twice."""
    with tenant(merchant_id):
        file = DocumentFile.objects.get(id=file_id)
    if file.made_at is not None and not default_storage.exists(file.path):
        with tenant(merchant_id):
            lost = DocumentFile.objects.filter(id=file_id, made_at=file.made_at)
            lost.update(made_at=None, next_try_at=instant())
    print_file(merchant_id=merchant_id, file_id=file_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A printed document, and how it stood."""

    content: bytes
    standing: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """What it is known by."""
        return hashlib.sha256(self.content).hexdigest()


def proof_of(file: DocumentFile) -> Proof:
    """Print a file's document: as it stood when it was first printed, or as it stands where it never was. Call it
    outside any transaction."""
    with one_moment(), tenant(file.tenant_id):  # else a payment between two reads asks on paper for what came
        rows, merchant = rows_of(file), Merchant.objects.get(id=current())
        if file.as_printed is not None:
            rows, merchant = as_it_stood(rows, merchant, file.as_printed)
        standing = standing_of(rows, merchant)
        paper, einvoice = paper_and_einvoice(rows, merchant)
    return Proof(content=render(paper, None if unfit(einvoice) else written(einvoice)), standing=standing)


def store(file: DocumentFile, printed: bytes) -> str:
    """Keep the bytes under a name made of them: a second try finds them there. Raises OSError."""
    document_id, sha256 = file.invoice_id or file.credit_note_id, hashlib.sha256(printed).hexdigest()
    path = f"documents/{file.tenant_id}/{document_id}-{sha256[:16]}.pdf"
    if stored(path) != printed:
        default_storage.delete(path)  # half written when a worker was killed
        return default_storage.save(path, ContentFile(printed))
    return path


def stored(path: str) -> bytes | None:
    """What the store holds under a name; None where it holds nothing. Raises OSError where it does not answer."""
    if not path:
        return None
    try:
        with default_storage.open(path) as kept:
            return bytes(kept.read())
    except FileNotFoundError:
        return None


def tell(file: DocumentFile, proof: Proof, path: str) -> None:
    """Write down that a file is printed, and how its document stood. Needs the tenant's scope, and the row locked."""
    file.path, file.sha256, file.size = path, proof.sha256, len(proof.content)
    file.tries, file.error, file.made_at = file.tries + 1, "", instant()
    file.as_printed = dict(proof.standing)
    file.save(update_fields=["path", "sha256", "size", "tries", "error", "made_at", "as_printed"])


def _failed(merchant_id: UUID, file_id: UUID, problem: Exception) -> None:
    with tenant(merchant_id):
        file = DocumentFile.objects.select_for_update().get(id=file_id)
        if file.made_at is not None:
            return
        wait = WAITS[min(file.tries, len(WAITS) - 1)]
        file.tries, file.error = file.tries + 1, f"{type(problem).__name__}: {problem}"[:400]
        file.next_try_at = instant() + timedelta(minutes=wait)
        file.save(update_fields=["tries", "error", "next_try_at"])
