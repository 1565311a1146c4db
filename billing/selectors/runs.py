"""Billing runs as people look at them: how far one is, what became of its invoices, what it left parked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Sum, Value, When

from billing.models import BillingRun, DunningCase, ParkedInRun
from invoices.models import Invoice, Payment
from invoices.models.payments import IN_FLIGHT


class Became(StrEnum):
    """What became of an invoice that a run made."""

    paid = "paid"
    under_way = "under_way"
    failing = "failing"
    to_pay = "to_pay"
    lost = "lost"
    credited = "credited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """So many invoices of a run of which the same became, and what they come to, in minor units of one currency."""

    became: Became
    currency: str
    count: int
    amount: int


def runs() -> QuerySet[BillingRun]:
    """All runs, those of test clocks that still exist included."""
    return BillingRun.objects.filter(Q(test_clock=None) | Q(test_clock__deleted_at=None)).select_related("test_clock")


def outcomes(run_ids: Collection[UUID]) -> dict[UUID, list[Outcome]]:
    """What became of the invoices of these runs, run by run: one query.

    `under_way`: a payment is in flight, or will be asked for by itself; `failing`: refused, and tried again or given
    up; `to_pay`: the subscriber pays by their own doing.
    """
    flying = Payment.objects.filter(invoice=OuterRef("pk"), status__in=IN_FLIGHT).exclude(status="pending", hosted=True)
    cases = DunningCase.objects.filter(invoice=OuterRef("pk"), ended_at=None)
    became = Case(
        When(status=Invoice.Status.PAID, then=Value(Became.paid.value)),
        When(status=Invoice.Status.CANCELLED, then=Value(Became.credited.value)),
        When(status=Invoice.Status.UNCOLLECTIBLE, then=Value(Became.lost.value)),
        When(Exists(flying), then=Value(Became.under_way.value)),
        When(Exists(cases), then=Value(Became.failing.value)),
        When(collect_at__isnull=False, then=Value(Became.under_way.value)),
        default=Value(Became.to_pay.value),
    )
    rows = (
        Invoice.objects.filter(run_id__in=list(run_ids))
        .annotate(became=became)
        .order_by("run_id", "became", "currency")
        .values_list("run_id", "became", "currency")
        .annotate(Count("pk"), Sum("gross"))
    )
    found: dict[UUID, list[Outcome]] = {run_id: [] for run_id in run_ids}
    for run_id, kind, currency, count, amount in rows:
        found[run_id].append(Outcome(became=Became(kind), currency=currency, count=count, amount=amount))
    return found


def parked_in(run: BillingRun) -> QuerySet[ParkedInRun]:
    """What a run parked, the first first, with who it is about; those let go on since stay in the list."""
    return run.parkings.select_related("subscription__subscriber", "subscription__offer_version").order_by("id")


def waiting_parked() -> QuerySet[ParkedInRun]:
    """All that is parked and waits for somebody, the newest first."""
    rows = ParkedInRun.objects.filter(released_at=None)
    return rows.select_related("subscription__subscriber", "subscription__offer_version", "run").order_by("-id")


def totals_of(run: BillingRun) -> Sequence[tuple[str, int]]:
    """What a run's invoices came to: (currency, sum with tax in minor units), in the order of currencies."""
    kept: dict[str, Any] = run.totals
    return [(currency, int(kept[currency])) for currency in sorted(kept)]
