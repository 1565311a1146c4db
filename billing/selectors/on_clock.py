"""What falls due on a test clock: the next of each kind of work, in the order in which one instant does them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, DateTimeField, F, OuterRef, QuerySet, Subquery, TextField, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from billing.models import CheckoutSession, DunningCase, SimulatedPage
from invoices.models import Invoice, Payment
from subscribers.models import Subscription

MOST = 200
"""Rows of one kind that are looked at together; what is left is due still."""

ASKED_AFTER = timedelta(minutes=15)
"""By the clock: when a payment is asked about that was made and not heard of."""


class Work(StrEnum):
    """What can fall due. One instant does them in this order: money that arrived counts before more is asked for."""

    settle = "settle"
    lapse = "lapse"
    renew = "renew"
    collect = "collect"
    dun = "dun"
    foresee = "foresee"


ORDER = tuple(Work)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One thing that is due: what, when, and which row it is about."""

    work: Work
    at: datetime
    id: UUID


def next_due(clock_id: UUID, *, done: Collection[UUID] = ()) -> list[Due]:
    """The next MOST of each kind of that clock, soonest first, without the rows in `done`: one query."""
    kinds = [
        _rows(Work.settle, _payments(clock_id), done),
        _rows(Work.lapse, _sessions(clock_id), done),
        _rows(Work.renew, _subscriptions(clock_id), done),
        _rows(Work.collect, _invoices(clock_id), done),
        _rows(Work.dun, _cases(clock_id), done),
    ]
    found = kinds[0].union(*kinds[1:], all=True)
    return sorted((Due(work=Work(work), at=at, id=id_) for work, at, id_ in found), key=_by_instant)


def _by_instant(due: Due) -> tuple[datetime, int, UUID]:
    return due.at, ORDER.index(due.work), due.id


def _rows(work: Work, rows: QuerySet[Any], done: Collection[UUID]) -> QuerySet[Any, Any]:
    if done:
        rows = rows.exclude(pk__in=done)
    named = rows.annotate(work=Value(work.value, output_field=CharField())).order_by("falls_at", "pk")
    listed: QuerySet[Any, Any] = named.values_list("work", "falls_at", "pk")[:MOST]
    return listed


def _payments(clock_id: UUID) -> QuerySet[Any]:
    """Debits when the simulated bank answers; payments whose answer was lost, or whose asker was, a while later. A page
    that a person has open waits for the person."""
    answers = (
        SimulatedPage.objects.annotate(answers_at=Cast(KT("content__settles_at"), DateTimeField()))
        .filter(ref=Cast(OuterRef("pk"), TextField()))
        .values("answers_at")
    )
    lost = F("created_at") + Value(ASKED_AFTER)
    return (
        Payment.objects.filter(test_clock=clock_id, status__in=("processing", "unknown", "pending"))
        .exclude(status="pending", hosted=True)
        .annotate(
            falls_at=Case(When(status="processing", then=Subquery(answers)), default=lost, output_field=DateTimeField())
        )
        .filter(falls_at__isnull=False)
    )


def _sessions(clock_id: UUID) -> QuerySet[Any]:
    rows = CheckoutSession.objects.filter(subscription__test_clock=clock_id, status=CheckoutSession.Status.OPEN)
    return rows.annotate(falls_at=F("expires_at"))


def _subscriptions(clock_id: UUID) -> QuerySet[Any]:
    rows = Subscription.objects.filter(test_clock=clock_id, next_action_at__isnull=False, parked_at=None)
    return rows.annotate(falls_at=F("next_action_at"))


def _invoices(clock_id: UUID) -> QuerySet[Any]:
    rows = Invoice.objects.filter(test_clock=clock_id, collect_at__isnull=False, status=Invoice.Status.OPEN)
    return rows.annotate(falls_at=F("collect_at"))


def _cases(clock_id: UUID) -> QuerySet[Any]:
    rows = DunningCase.objects.filter(test_clock=clock_id, next_step_at__isnull=False, ended_at=None)
    return rows.annotate(falls_at=F("next_step_at"))
