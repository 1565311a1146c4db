"""Quotas as they stand: in which period a grant counts today, and how much has been used since a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from django.db.models import Sum

from merchants.now import Now, local_date
from subscribers.models import Consumption, Grant, Subscription
from subscribers.periods import Interval, Period, Unit
from subscribers.quotas import counting_interval, lone_period, subscription_period
from subscribers.rights import Right
from subscribers.selectors.pictures import anchor_of


class Counter(Protocol):
    """What is read of a counter: a row, or what one query found of it."""

    since: date
    used: int
    last_on: date | None


@dataclass(slots=True)
class Counted:
    """A counter as a query of rights found it."""

    since: date
    used: int
    last_on: date | None


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What of a subscription's running stage says how long its periods are."""

    unit: str
    count: int
    recurrences: int | None
    amount: int


def counted(found: Mapping[str, Any] | None) -> Counted | None:
    """A counter from JSON; None where nothing was ever used."""
    if found is None:
        return None
    last = found["last_on"]
    return Counted(date.fromisoformat(found["since"]), found["used"], date.fromisoformat(last) if last else None)


def used_in(start: date, counter: Counter | None, *, subscriber_id: UUID, feature_id: UUID) -> int:
    """How much counted since a day. The counter knows it where it counts since that day, or where nothing has counted
    since; else the book is summed."""
    if counter is None or counter.last_on is None or counter.last_on < start:
        return 0
    if counter.since == start:
        return counter.used
    return summed(start, subscriber_id=subscriber_id, feature_id=feature_id)


def summed(start: date, *, subscriber_id: UUID, feature_id: UUID, end: date | None = None) -> int:
    """What the book says was used from a day on, or within `[start, end)`; one indexed query."""
    uses = Consumption.objects.filter(subscriber_id=subscriber_id, feature_id=feature_id, used_on__gte=start)
    if end is not None:
        uses = uses.filter(used_on__lt=end)
    return int(uses.aggregate(sum=Sum("quantity"))["sum"] or 0)


def counting_source(right: Right) -> UUID | None:
    """The subscription in whose period a quota counts; None where no subscription gives it."""
    counted_by = right.counted_by
    return UUID(counted_by.source.subscription) if counted_by and counted_by.source.subscription else None


def period_of(grant: Grant, rhythm: Rhythm | None, now: Now) -> Period | None:
    """The period of the grant's source that contains today; None where its rhythm was not asked for (a past state)."""
    row: Subscription | None = grant.subscription
    if row is None:
        return lone_period(local_date(grant.starts_at, now.zone), now.today)
    if rhythm is None:
        return None
    if row.cycle_from is None:
        return lone_period(row.start_on, now.today)
    interval = Interval(Unit(rhythm.unit), rhythm.count)
    return subscription_period(
        anchor=anchor_of(row),
        interval=counting_interval(interval, recurrences=rhythm.recurrences, is_free=rhythm.amount == 0),
        cycle_from=row.cycle_from,
        start_on=row.start_on,
        today=now.today,
    )
