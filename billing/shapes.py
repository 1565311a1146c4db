"""How purchases look in the API and in events."""

from __future__ import annotations

from typing import Any

from billing.models import Charge, CheckoutSession, Quote
from invoices.drafts import DraftLine
from invoices.frozen import thaw
from merchants.ids import show
from subscribers.shapes import at, on, shown


def quote(row: Quote) -> dict[str, Any]:
    """A quote: what is due now, line by line, and what comes later."""
    lines = thaw(row.draft).lines if row.draft else ()
    return {
        "id": row.public_id,
        "object": "quote",
        "currency": row.currency,
        "start_on": on(row.start_on),
        "net": row.net,
        "tax": row.tax,
        "total": row.total,
        "lines": [quote_line(line) for line in lines],
        "later": row.later,
    }


def quote_line(line: DraftLine) -> dict[str, Any]:
    """One line of a document to be."""
    return {
        "kind": line.kind.value,
        "title": dict(line.title),
        "period": {"start": on(line.period.start), "end": on(line.period.end)} if line.period else None,
        "quantity": str(line.quantity),
        "unit_price": line.unit_price,
        "amount": line.amount,
        "discount": line.discount,
        "formula": line.formula,
    }


def checkout_session(row: CheckoutSession, *, url: str | None = None) -> dict[str, Any]:
    """A checkout session. `url` opens the payment form: it is in API answers, never in an event."""
    shape: dict[str, Any] = {
        "id": row.public_id,
        "object": "checkout_session",
        "status": row.status,
        "subscriber": show("cus", row.subscriber_id),
        "subscription": show("sub", row.subscription_id),
        "purpose": "purchase" if row.asked is None else "change",
        "invoice": shown("inv", row.invoice_id),
        "quote": quote(row.quote),
        "success_url": row.success_url,
        "failure_url": row.failure_url or None,
        "cancel_url": row.cancel_url or None,
        "locale": row.locale,
        "allow_codes": row.allow_codes,
        "metadata": row.metadata,
        "created_at": at(row.created_at),
        "expires_at": at(row.expires_at),
        "completed_at": at(row.completed_at),
    }
    if url is not None:
        shape["url"] = url
    return shape


def _period_of(row: Charge) -> dict[str, str] | None:
    """The days that a line of a change bills."""
    period = row.held["period"] if row.held else None
    return {"start": period[0], "end": period[1]} if period else None


def charge(row: Charge) -> dict[str, Any]:
    """What waits for the next document, or stands on one: a one-off, or a line of a change."""
    return {
        "id": row.public_id,
        "object": "charge",
        "subscription": show("sub", row.subscription_id),
        "title": row.title,
        "quantity": f"{row.quantity.normalize():f}",
        "unit_price": row.unit_price,
        "amount": row.amount,
        "currency": row.currency,
        "tax_code": row.tax_code,
        "origin": "change" if row.held else "charge",
        "period": _period_of(row),
        "status": row.status,
        "invoice": shown("inv", row.invoice_id),
        "metadata": row.metadata,
        "created_at": at(row.created_at),
        "settled_at": at(row.settled_at),
    }
