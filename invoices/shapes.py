"""How documents and payments look in the API and in events: plain JSON, one function a kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from invoices.models import (
    CreditNote,
    CreditNoteLine,
    CreditNoteTax,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    Payment,
    Refund,
)
from merchants.ids import show
from subscribers.shapes import at, on, shown


def invoice(
    row: Invoice, lines: Sequence[InvoiceLine] | None = None, taxes: Sequence[InvoiceTax] | None = None
) -> dict[str, Any]:
    """An invoice; with its lines and taxes where they are given. Parties are left to the document itself."""
    shape: dict[str, Any] = {
        "id": row.public_id,
        "object": "invoice",
        "number": row.number,
        "status": row.status,
        "subscriber": show("cus", row.payer_id),
        "subscription": shown("sub", row.subscription_id),
        "legal_entity": show("ent", row.legal_entity_id),
        "currency": row.currency,
        "tax_behavior": row.tax_behavior,
        "issued_on": on(row.issued_on),
        "due_on": on(row.due_on),
        "period": {"start": on(row.period_start), "end": on(row.period_end)} if row.period_start else None,
        "net": row.net,
        "tax": row.tax,
        "total": row.gross,
        "amount_paid": row.amount_paid,
        "amount_credited": row.amount_credited,
        "amount_from_balance": row.amount_from_balance,
        "amount_due": row.amount_due if row.status != Invoice.Status.DRAFT else row.gross,
        "locale": row.locale,
        "test_clock": shown("tc", row.test_clock_id),
        "created_at": at(row.created_at),
        "finalized_at": at(row.finalized_at),
        "paid_at": at(row.paid_at),
    }
    if lines is not None:
        shape["lines"] = [invoice_line(line) for line in lines]
    if taxes is not None:
        shape["taxes"] = [
            {"percent": plain(tax.tax_percent), "category": tax.category, "base": tax.base, "tax": tax.tax}
            for tax in taxes
        ]
    return shape


def invoice_line(row: InvoiceLine) -> dict[str, Any]:
    """One line, with the rule, inputs and formula that made its amount."""
    return {
        "kind": row.kind,
        "title": row.title,
        "period": {"start": on(row.period_start), "end": on(row.period_end)} if row.period_start else None,
        "quantity": plain(row.quantity),
        "unit_price": row.unit_price,
        "amount": row.amount,
        "discount": row.discount,
        "net": row.net,
        "tax_code": row.tax_code,
        "tax_percent": plain(row.tax_percent),
        "rule": row.rule,
        "inputs": row.inputs,
        "formula": row.formula,
        "subscription": shown("sub", row.subscription_id),
    }


def payment(row: Payment) -> dict[str, Any]:
    """A payment: what was asked, what came of it."""
    return {
        "id": row.public_id,
        "object": "payment",
        "subscriber": show("cus", row.payer_id),
        "invoice": shown("inv", row.invoice_id),
        "checkout_session": shown("cs", row.session_id),
        "payment_method": shown("pm", row.payment_method_id),
        "gateway": row.gateway,
        "means": row.means,
        "amount": row.amount,
        "captured": row.captured,
        "refunded": row.refunded,
        "currency": row.currency,
        "status": row.status,
        "code": row.code or None,
        "decline_code": row.decline_code or None,
        "received_on": on(row.received_on),
        "site": shown("sit", row.site_id),
        "reversed_at": at(row.reversed_at),
        "created_at": at(row.created_at),
        "settled_at": at(row.settled_at),
    }


def refund(row: Refund) -> dict[str, Any]:
    """Money that goes back, and what came of it. `message` is the provider's, for staff."""
    return {
        "id": row.public_id,
        "object": "refund",
        "payment": show("pay", row.payment_id),
        "credit_note": shown("crn", row.credit_note_id),
        "amount": row.amount,
        "currency": row.currency,
        "status": row.status,
        "reason": row.reason,
        "message": row.message or None,
        "created_at": at(row.created_at),
        "settled_at": at(row.settled_at),
    }


def credit_note(
    row: CreditNote, lines: Sequence[CreditNoteLine] | None = None, taxes: Sequence[CreditNoteTax] | None = None
) -> dict[str, Any]:
    """A credit note; with its lines and taxes where they are given. `settled` says where its total went."""
    shape: dict[str, Any] = {
        "id": row.public_id,
        "object": "credit_note",
        "number": row.number,
        "invoice": show("inv", row.invoice_id),
        "subscriber": show("cus", row.payer_id),
        "legal_entity": show("ent", row.legal_entity_id),
        "currency": row.currency,
        "tax_behavior": row.tax_behavior,
        "issued_on": on(row.issued_on),
        "reason": row.reason,
        "net": row.net,
        "tax": row.tax,
        "total": row.gross,
        "settled": {"invoice": row.to_invoice, "balance": row.to_balance, "refund": row.to_refund},
        "locale": row.locale,
        "test_clock": shown("tc", row.test_clock_id),
        "created_at": at(row.created_at),
    }
    if lines is not None:
        shape["lines"] = [credit_note_line(line) for line in lines]
    if taxes is not None:
        shape["taxes"] = [
            {"percent": plain(tax.tax_percent), "category": tax.category, "base": tax.base, "tax": tax.tax}
            for tax in taxes
        ]
    return shape


def credit_note_line(row: CreditNoteLine) -> dict[str, Any]:
    """What is taken back of one line of the invoice, in the invoice's own terms."""
    return {
        "title": row.title,
        "period": {"start": on(row.period_start), "end": on(row.period_end)} if row.period_start else None,
        "amount": row.amount,
        "net": row.net,
        "tax_percent": plain(row.tax_percent),
        "rule": row.rule,
        "inputs": row.inputs,
        "formula": row.formula,
    }


def plain(value: Any) -> str:
    """A decimal without trailing zeros.

    >>> from decimal import Decimal
    >>> plain(Decimal("20.000")), plain(Decimal("5.50"))
    ('20', '5.5')
    """
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
