"""When a subscription next needs something done: one date, one instant, one indexed column (domain 3)."""

from __future__ import annotations

from datetime import date, datetime

from billing.engine.pausing import stage_over
from merchants.now import local_midnight
from subscribers.lifecycle import LIVE, Status
from subscribers.snapshots import Billing, SubscriptionSnapshot


def ends_due(snapshot: SubscriptionSnapshot) -> date | None:
    """The day on which a live subscription ends by a known wish."""
    return snapshot.ends_on if snapshot.status in LIVE else None


def apply_due(snapshot: SubscriptionSnapshot) -> date | None:
    """The day of the earliest scheduled change; None while billing stands still, as no period ends then."""
    day = min((wish.effective_on for wish in snapshot.scheduled), default=None)
    return None if day is not None and snapshot.stands_still(day) else day


def suspend_due(snapshot: SubscriptionSnapshot) -> date | None:
    """The day on which a planned suspension takes effect."""
    wish = snapshot.suspension
    return wish.from_on if wish is not None and not wish.begun and snapshot.status in LIVE else None


def resume_due(snapshot: SubscriptionSnapshot) -> date | None:
    """The day on which a suspension that has begun is over, where that is known."""
    wish = snapshot.suspension
    return wish.until_on if wish is not None and wish.begun and snapshot.status in LIVE else None


def boundary_due(snapshot: SubscriptionSnapshot) -> date | None:
    """The day on which the current period gives way to the next one; None where billing stops before, or stands still
    that day, unless the offer's term is over then."""
    period, stop = snapshot.current_period, snapshot.bills_until
    if snapshot.status not in LIVE or period is None or (stop is not None and stop <= period.end):
        return None
    if snapshot.stands_still(period.end) and not _term_over(snapshot, period.end):
        return None
    return period.end


def closing_due(snapshot: SubscriptionSnapshot) -> date | None:
    """The day on which a period in arrears, or its usage, is billed for the last time, because billing stops in it or
    with it; or on which a period in arrears ends while billing stands still."""
    period, stop = snapshot.current_period, snapshot.bills_until
    if snapshot.status not in LIVE or period is None:
        return None
    if stop is None or stop > period.end:
        arrears = snapshot.stage.billing is Billing.arrears
        return period.end if arrears and boundary_due(snapshot) is None else None
    later = snapshot.stage.billing is Billing.arrears or bool(snapshot.stage.usage)
    return max(stop, period.start) if later else None


def _term_over(snapshot: SubscriptionSnapshot, day: date) -> bool:
    return snapshot.stage_position + 1 >= len(snapshot.offer.stages) and stage_over(snapshot, day)


def next_due_on(snapshot: SubscriptionSnapshot) -> date | None:
    """The next date on which anything falls due; None where nothing ever will by itself."""
    if snapshot.status is Status.scheduled:
        return min(day for day in (snapshot.start_on, snapshot.ends_on) if day is not None)
    if snapshot.status not in LIVE:
        return None
    days = (*_other_days(snapshot), boundary_due(snapshot))
    return min((day for day in days if day is not None), default=None)


def _other_days(snapshot: SubscriptionSnapshot) -> tuple[date | None, ...]:
    return (
        ends_due(snapshot),
        resume_due(snapshot),
        suspend_due(snapshot),
        apply_due(snapshot),
        closing_due(snapshot),
    )


def waits_for_free_until(snapshot: SubscriptionSnapshot) -> bool:
    """True where the boundary is the end of a free stage in days, which comes at the time of day it began."""
    stage = snapshot.stage
    return (
        snapshot.free_until is not None
        and stage.recurrences is not None
        and snapshot.period_index >= stage.recurrences
        and boundary_due(snapshot) is not None
    )


def next_action_at(snapshot: SubscriptionSnapshot) -> datetime | None:
    """What to write into `next_action_at`: local midnight of the due date, or the end of a free stage in days."""
    day = next_due_on(snapshot)
    if day is None:
        return None
    if waits_for_free_until(snapshot) and day == boundary_due(snapshot) and day not in _other_days(snapshot):
        return snapshot.free_until
    return local_midnight(day, snapshot.zone)
