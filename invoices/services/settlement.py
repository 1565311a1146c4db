"""What an invoice becomes when something settled it: paid where nothing is owed, cancelled where all is credited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from invoices import shapes
from invoices.models import Invoice
from merchants.now import Now

SETTLING = ("amount_paid", "amount_credited", "amount_from_balance", "status", "paid_at", "updated_at")

Fact = tuple[str, UUID, Mapping[str, Any]]


def settled(invoice: Invoice, *, now: Now) -> list[Fact]:
    """Write a locked invoice whose settlement columns were changed; its status follows. The facts to tell of it.

    Credited in full is `cancelled`, whatever was paid (domain 18); nothing owed any more is `paid`.
    """
    before = invoice.status
    if invoice.gross and invoice.amount_credited == invoice.gross:
        invoice.status = Invoice.Status.CANCELLED
    elif not invoice.amount_due and before in (Invoice.Status.OPEN, Invoice.Status.UNCOLLECTIBLE):
        invoice.status, invoice.paid_at = Invoice.Status.PAID, now.at
    invoice.updated_at = now.at
    invoice.save(update_fields=SETTLING)
    if invoice.status == before:
        return []
    return [(f"invoice.{invoice.status}", invoice.pk, {"object": shapes.invoice(invoice)})]
