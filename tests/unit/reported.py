"""Documents that a report tells, and what they come to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from billing.engine.reporting import Audience, Known, ReportKind
from billing.engine.sales_reported import Document, Sales
from invoices.parts import Nature, Share, Slice

SALES, RECEIPTS = ReportKind.transactions, ReportKind.payments
CONSUMER = Known(audience=Audience.consumer, country="FR")
GOODS, BOOKS = Slice(Decimal(20), Nature.goods), Slice(Decimal("5.5"), Nature.goods)
SERVICES = Slice(Decimal(20), Nature.services)
THIRD, FOURTH = date(2026, 11, 3), date(2026, 11, 4)


def euros(amount: int, currency: str, day: date) -> int | None:
    """Dollars are worth nine tenths; nothing is known of any other."""
    return {"EUR": amount, "USD": round(amount * 0.9)}.get(currency)


def sold(slices: dict[Slice, Share], **more: Any) -> Document:
    """A document of the 3rd, to a consumer, where `more` says nothing else."""
    values: dict[str, Any] = {"number": "F-1", "on": THIRD, "currency": "EUR", "known": CONSUMER} | more
    return Document(slices=slices, **values)


def report_of(*documents: Document) -> dict[str, Any]:
    """The report of their sales."""
    sales = Sales(euros=euros)
    for document in documents:
        sales.add(document)
    return sales.report()
