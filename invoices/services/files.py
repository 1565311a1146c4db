"""Handing out a document's PDF, and the XML inside it: both are made by a worker, a document is legal before that."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from math import ceil

from celery import current_app
from django.core.files.base import File
from django.core.files.storage import default_storage
from kombu.exceptions import OperationalError

from invoices.embedding import xml_inside
from invoices.facturx.fitness import unfit
from invoices.facturx.xml import written
from invoices.models import CreditNote, DocumentFile, Invoice
from invoices.selectors.einvoices import paper_and_einvoice
from invoices.selectors.rows import rows_of
from merchants.clock import instant
from merchants.models import Merchant
from merchants.refusals import Conflict, gettext_noop
from merchants.tenancy.scope import current

SOONEST, AGAIN, LATEST = 2, 5, 3600
"""Seconds after which one may ask again for a document that is being made."""
log = logging.getLogger(__name__)


class DocumentNotReady(Conflict):
    """Its PDF is being made, or will be tried again: `retry_after` says when to ask."""

    code = "document_not_ready"
    detail = gettext_noop("This document is being printed.")
    way_out = gettext_noop("Ask again in a moment.")


class StoreAway(DocumentNotReady):
    """It is printed, and the store does not answer just now."""

    detail = gettext_noop("The store of documents does not answer.")
    retry_after = 30


class NoElectronicInvoice(Conflict):
    """EN 16931 cannot carry this document: the detail says why."""

    code = "no_electronic_invoice"


class DocumentCleared(Conflict):
    """Its years of retention are over: its customer and its file are gone."""

    code = "document_cleared"
    detail = gettext_noop("The years in which this document is kept are over: its customer and its file were deleted.")


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A file and the name under which it is saved."""

    name: str
    content: bytes
    media_type: str = "application/pdf"


def printed(document: Invoice | CreditNote) -> Printed:
    """A document's PDF. Needs the tenant's scope.

    Raises Conflict (`invoice_not_finalised`) for a draft, DocumentNotReady where it is not made yet: a worker is then
    nudged to make it.
    """
    _, content = _kept(document)
    return Printed(name=_name(document, "pdf"), content=content)


def electronic(document: Invoice | CreditNote) -> Printed:
    """A document's XML (EN 16931), byte for byte as its PDF carries it. Needs the tenant's scope.

    A PDF printed before this product made any carries none: its XML is then made of the same rows, as they are settled
    now. Raises what `printed` raises, and NoElectronicInvoice.
    """
    file, content = _kept(document)
    return Printed(
        name=_name(document, "xml"), content=xml_inside(content) or _made_of(file), media_type="application/xml"
    )


def _made_of(file: DocumentFile) -> bytes:
    _, einvoice = paper_and_einvoice(rows_of(file), Merchant.objects.get(id=current()))
    if why := unfit(einvoice):
        raise NoElectronicInvoice(why.detail, way_out=why.way_out)
    return written(einvoice)


def _name(document: Invoice | CreditNote, suffix: str) -> str:
    return f"{(document.number or '').replace('/', '-')}.{suffix}"


def _kept(document: Invoice | CreditNote) -> tuple[DocumentFile, bytes]:
    """A document's file, and what is in it."""
    if isinstance(document, Invoice) and document.number is None:
        raise Conflict(gettext_noop("A draft is not printed."), code="invoice_not_finalised")
    wanted = {"credit_note": document} if isinstance(document, CreditNote) else {"invoice": document}
    file = DocumentFile.objects.filter(**wanted, format="pdf").first()
    if file is None and not document.customer:
        raise DocumentCleared
    if file is None or file.made_at is None:
        nudge_printing()
        raise not_ready(file)
    return file, read(file)


def read(file: DocumentFile) -> bytes:
    """What a printed file holds. Raises DocumentNotReady where the store does not answer, or has lost it: then a worker
    prints it again."""
    with opened(file) as kept:
        return bytes(kept.read())


def opened(file: DocumentFile) -> File[bytes]:
    """A printed file, to be read once. Raises as `read`."""
    try:
        return default_storage.open(file.path)
    except FileNotFoundError:
        log.exception("the store has lost %s: it is printed again", file.path)
        nudge_reprint(file)
        refusal = DocumentNotReady()
        refusal.retry_after = AGAIN
    except OSError:
        log.exception("the store of documents does not answer")
        refusal = StoreAway()
    raise refusal


def not_ready(file: DocumentFile | None) -> DocumentNotReady:
    """The refusal, with when the next try will have been made."""
    refusal = DocumentNotReady()
    wait = (file.next_try_at - instant()).total_seconds() if file else LATEST
    refusal.retry_after = min(max(ceil(wait), SOONEST), LATEST)
    return refusal


def nudge_printing() -> None:
    """Ask a worker to print what waits. The row is what counts: with the broker away, beat will do."""
    _nudge("print_missing")


def nudge_reprint(file: DocumentFile) -> None:
    """Ask a worker to print a file again that the store has lost. With the broker away, the next who asks does so."""
    _nudge("print_lost", str(file.tenant_id), str(file.pk))


def _nudge(task: str, *arguments: str) -> None:
    try:
        current_app.send_task(f"invoices.tasks.{task}", arguments, queue="documents", expires=60, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("no nudge to print: the broker is away (%s)", type(error).__name__)
