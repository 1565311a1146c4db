"""When a subscription next needs something done: one date, one instant, one indexed column (domain 3)."""

from __future__ import annotations

from datetime import date, datetime

from merchants.now import local_midnight
from subscribers.lifecycle import LIVE, Status
from subscribers.snapshots import Billing, SubscriptionSnapshot


def ends_due(snapshot: SubscriptionSnapshot) -> date | None:
    """The day on which a live subscription ends by a known wish."""
    return snapshot.ends_on if snapshot.status in LIVE else None


def apply_due(snapshot: SubscriptionSnapshot) -> date | None:
    """The day of the earliest scheduled change."""
    return min((wish.effective_on for wish in snapshot.scheduled), default=None)


def boundary_due(snapshot: SubscriptionSnapshot) -> date | None:
    """The day on which the current period gives way to the next one; None where billing stops before, or is paused."""
    period, stop = snapshot.current_period, snapshot.bills_until
    if snapshot.status not in LIVE or snapshot.billing_paused or period is None:
        return None
    return None if stop is not None and stop <= period.end else period.end


def closing_due(snapshot: SubscriptionSnapshot) -> date | None:
    """The day on which a period in arrears, or its usage, is billed for the last time, because billing stops in it or
    with it."""
    period, stop = snapshot.current_period, snapshot.bills_until
    if snapshot.status not in LIVE or snapshot.billing_paused or period is None:
        return None
    if stop is None or stop > period.end:
        return None
    later = snapshot.stage.billing is Billing.arrears or bool(snapshot.stage.usage)
    return max(stop, period.start) if later else None


def next_due_on(snapshot: SubscriptionSnapshot) -> date | None:
    """The next date on which anything falls due; None where nothing ever will by itself."""
    if snapshot.status is Status.scheduled:
        return min(day for day in (snapshot.start_on, snapshot.ends_on) if day is not None)
    if snapshot.status not in LIVE:
        return None
    days = (ends_due(snapshot), apply_due(snapshot), boundary_due(snapshot), closing_due(snapshot))
    return min((day for day in days if day is not None), default=None)


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
    if waits_for_free_until(snapshot) and day == boundary_due(snapshot):
        others = (ends_due(snapshot), apply_due(snapshot), closing_due(snapshot))
        if day not in others:
            return snapshot.free_until
    return local_midnight(day, snapshot.zone)
