"""Lists of documents and payments as people look at them: views, counts up to a bound, sums of what is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Greatest

from invoices.models import Allocation, Invoice, NumberSeries, Payment
from invoices.models.payments import IN_FLIGHT
from subscribers.selectors import people

COUNTED_UP_TO = 1_000
SUMMED_UP_TO = 10_000
"""More than this is not counted, or added, for a page."""

OWED = (Invoice.Status.OPEN, Invoice.Status.UNCOLLECTIBLE)
LEFT = ("", "expired", "never_asked")
"""Codes of a failed payment that nobody refused: its page was left, or never opened."""
PAYMENT_VIEWS: Mapping[str, Q] = {
    "succeeded": Q(status=Payment.Status.SUCCEEDED, reversed_at=None),
    "reversed": Q(reversed_at__isnull=False),
    "failed": Q(status=Payment.Status.FAILED) & ~Q(code__in=LEFT),
    "under_way": Q(status__in=IN_FLIGHT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many rows; `more` where there are more than `number`."""

    number: int
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What some rows of one currency come to, in minor units: asked for, and still owed (or refunded)."""

    currency: str
    total: int
    other: int


def due() -> Any:
    """What is still owed on an invoice, in SQL; as `Invoice.amount_due`, and nothing where it is settled or a draft."""
    left = F("gross") - F("amount_paid") - F("amount_from_balance") - F("amount_credited")
    return Case(When(status__in=OWED, then=Greatest(Value(0), left)), default=Value(0))


def invoices_in(view: str, today: date) -> QuerySet[Invoice]:
    """The invoices of a view: a status, `overdue` (open and due before today), or all."""
    rows: QuerySet[Invoice] = people.on_shown_clocks(Invoice.objects.all())
    if view == "overdue":
        return rows.filter(status=Invoice.Status.OPEN, due_on__lt=today)
    return rows.filter(status=view) if view in Invoice.Status.values else rows


def payments_in(view: str) -> QuerySet[Payment]:
    """The payments of a view: succeeded, failed (refused, not merely left), under way, or all."""
    rows: QuerySet[Payment] = people.on_shown_clocks(Payment.objects.all())
    return rows.filter(PAYMENT_VIEWS[view]) if view in PAYMENT_VIEWS else rows


def numbered(rows: QuerySet[Any], typed: str) -> QuerySet[Any]:
    """Documents whose number is what someone typed: the whole number, in either case, or its last digits alone."""
    wanted = Q(number__in={typed, typed.upper()})
    if typed.isascii() and typed.isdigit() and len(typed) <= 18:
        series = list(NumberSeries.objects.values_list("id", flat=True))
        wanted |= Q(series_id__in=series, sequence=int(typed))
    return rows.filter(wanted)


def tally(rows: QuerySet[Any], most: int = COUNTED_UP_TO) -> Tally:
    """How many there are, reading at most `most` and one."""
    found = rows.order_by().values("pk")[: most + 1].count()
    return Tally(number=min(found, most), more=found > most)


def invoice_sums(rows: QuerySet[Invoice]) -> list[Sums] | None:
    """What the invoices come to and what of it is owed, by currency; None where there are too many to add."""
    return _sums(rows, total=Sum("gross"), other=Sum(due()))


def payment_sums(rows: QuerySet[Payment]) -> list[Sums] | None:
    """What the payments were asked for and what of it was given back, by currency; None where there are too many."""
    return _sums(rows, total=Sum("amount"), other=Sum("refunded"))


def _sums(rows: QuerySet[Any], **sums: Any) -> list[Sums] | None:
    kept = rows.order_by("-id").values("pk")[: SUMMED_UP_TO + 1]
    found = list(
        rows.model._default_manager.filter(pk__in=kept)
        .order_by("currency")
        .values("currency")
        .annotate(rows=Count("pk"), **sums)
    )
    if sum(row["rows"] for row in found) > SUMMED_UP_TO:
        return None
    return [Sums(currency=row["currency"], total=row["total"], other=row["other"]) for row in found]


def invoices_of_payments(payments: Sequence[Payment]) -> dict[UUID, Invoice]:
    """The invoice that each payment went to, by the payment's id: two queries."""
    keys = [row.pk for row in payments]
    found = dict(Allocation.objects.filter(payment_id__in=keys).order_by("-id").values_list("payment_id", "invoice_id"))
    wanted = {row.pk: found.get(row.pk) or row.invoice_id for row in payments}
    invoices = Invoice.objects.in_bulk([key for key in wanted.values() if key])
    return {payment: invoices[key] for payment, key in wanted.items() if key in invoices}
