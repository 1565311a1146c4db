"""Printing documents, in a worker: read in one transaction, print outside any, write down in another.

A document is legal without its PDF: what fails here is written on the file's row and tried again later, and nothing
else waits for it. Safe to run twice: the same document gives the same bytes under the same name.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import Q

from invoices.facturx.documents import Document
from invoices.facturx.fitness import unfit
from invoices.facturx.xml import written
from invoices.models import DocumentFile
from invoices.paper import Paper
from invoices.pdf import render
from invoices.selectors.einvoices import paper_and_einvoice
from invoices.selectors.rows import rows_of
from merchants.clock import instant
from merchants.models import Merchant
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
        with tenant(merchant_id):
            paper, einvoice = content_of(file)
        printed = render(paper, None if unfit(einvoice) else written(einvoice))
        sha256 = hashlib.sha256(printed).hexdigest()
        path = _store(merchant_id, file, printed, sha256)
    except Exception as problem:  # whatever it is, the document stands and the others are printed
        log.exception("file %s was not printed", file_id)
        _failed(merchant_id, file_id, problem)
        return
    with tenant(merchant_id):
        file = DocumentFile.objects.select_for_update().get(id=file_id)
        file.path, file.sha256, file.size = path, sha256, len(printed)
        file.tries, file.error, file.made_at = file.tries + 1, "", instant()
        file.save(update_fields=["path", "sha256", "size", "tries", "error", "made_at"])


def content_of(file: DocumentFile) -> tuple[Paper, Document]:
    """What a file's row prints and what its XML says, from the rows of its document. Needs the tenant's scope."""
    return paper_and_einvoice(rows_of(file), Merchant.objects.get(id=current()))


def _store(merchant_id: UUID, file: DocumentFile, printed: bytes, sha256: str) -> str:
    """Keep the bytes under a name made of them: a second try finds them there."""
    document_id = file.invoice_id or file.credit_note_id
    path = f"documents/{merchant_id}/{document_id}-{sha256[:16]}.pdf"
    if default_storage.exists(path):
        with default_storage.open(path) as kept:
            if hashlib.sha256(kept.read()).hexdigest() == sha256:
                return path
        default_storage.delete(path)  # half written when a worker was killed
    return default_storage.save(path, ContentFile(printed))


def _failed(merchant_id: UUID, file_id: UUID, problem: Exception) -> None:
    with tenant(merchant_id):
        file = DocumentFile.objects.select_for_update().get(id=file_id)
        if file.made_at is not None:
            return
        wait = WAITS[min(file.tries, len(WAITS) - 1)]
        file.tries, file.error = file.tries + 1, f"{type(problem).__name__}: {problem}"[:400]
        file.next_try_at = instant() + timedelta(minutes=wait)
        file.save(update_fields=["tries", "error", "next_try_at"])
