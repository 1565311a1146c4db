"""Handing out a document's PDF: it is made by a worker, and a document is legal before it is printed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from math import ceil

from celery import current_app
from django.core.files.storage import default_storage
from kombu.exceptions import OperationalError

from invoices.models import CreditNote, DocumentFile, Invoice
from merchants.clock import instant
from merchants.refusals import Conflict, gettext_noop

SOONEST, LATEST = 2, 3600
"""Seconds after which one may ask again for a document that is being made."""
log = logging.getLogger(__name__)


class DocumentNotReady(Conflict):
    """Its PDF is being made, or will be tried again: `retry_after` says when to ask."""

    code = "document_not_ready"
    detail = gettext_noop("This document is being printed.")
    way_out = gettext_noop("Ask again in a moment.")


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A PDF and the name under which it is saved."""

    name: str
    content: bytes


def printed(document: Invoice | CreditNote) -> Printed:
    """A document's PDF. Needs the tenant's scope.

    Raises Conflict (`invoice_not_finalised`) for a draft, DocumentNotReady where it is not made yet: a worker is then
    nudged to make it.
    """
    if isinstance(document, Invoice) and document.number is None:
        raise Conflict(gettext_noop("A draft is not printed."), code="invoice_not_finalised")
    wanted = {"credit_note": document} if isinstance(document, CreditNote) else {"invoice": document}
    file = DocumentFile.objects.filter(**wanted, format="pdf").first()
    if file is None or file.made_at is None:
        nudge_printing()
        raise not_ready(file)
    with default_storage.open(file.path) as kept:
        content = kept.read()
    return Printed(name=f"{(document.number or '').replace('/', '-')}.pdf", content=content)


def not_ready(file: DocumentFile | None) -> DocumentNotReady:
    """The refusal, with when the next try will have been made."""
    refusal = DocumentNotReady()
    wait = (file.next_try_at - instant()).total_seconds() if file else LATEST
    refusal.retry_after = min(max(ceil(wait), SOONEST), LATEST)
    return refusal


def nudge_printing() -> None:
    """Ask a worker to print what waits. The row is what counts: with the broker away, beat will do."""
    try:
        current_app.send_task("invoices.tasks.print_missing", queue="documents", expires=60, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("no nudge to print: the broker is away (%s)", type(error).__name__)
