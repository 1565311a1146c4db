"""Where a subscription stands in its calendar, as columns of its row: the inverse of `selectors/snapshots`."""

from __future__ import annotations

from typing import Any

from billing.engine.due import next_action_at
from subscribers.periods import Anchor
from subscribers.snapshots import SubscriptionSnapshot


def columns(snapshot: SubscriptionSnapshot) -> dict[str, Any]:
    """Every column that the calendar decides, and when the row is due next."""
    period = snapshot.current_period
    return {
        "status": snapshot.status.value,
        "start_on": snapshot.start_on,
        **anchor_columns(snapshot.anchor),
        "cycle_from": snapshot.cycle_from,
        "stage_position": snapshot.stage_position,
        "stage_started_on": snapshot.stage_started_on,
        "period_index": snapshot.period_index,
        "current_period_start": period.start if period else None,
        "current_period_end": period.end if period else None,
        "free_until": snapshot.free_until,
        **suspension_columns(snapshot),
        "next_action_at": next_action_at(snapshot),
    }


def suspension_columns(snapshot: SubscriptionSnapshot) -> dict[str, Any]:
    """What was wished of a suspension, and the days that nothing bills."""
    wish = snapshot.suspension
    return {
        "suspended_from": wish.from_on if wish else None,
        "suspended_until": wish.until_on if wish else None,
        "suspension_begun": bool(wish and wish.begun),
        "suspension_stops_billing": bool(wish and wish.stops_billing),
        "suspension_makes_good": wish.makes_good.value if wish else "",
        "suspension_gift": dict(wish.gift) if wish and wish.gift else None,
        "unbilled": [[span.start.isoformat(), span.end.isoformat()] for span in snapshot.unbilled],
    }


def anchor_columns(anchor: Anchor | None) -> dict[str, Any]:
    """An anchor as columns.

    >>> anchor_columns(Anchor(day=31))
    {'anchor_kind': 'month_day', 'anchor_day': 31, 'anchor_month': None}
    """
    if anchor is None:
        return {"anchor_kind": "", "anchor_day": None, "anchor_month": None}
    if anchor.weekday is not None:
        return {"anchor_kind": "weekday", "anchor_day": anchor.weekday, "anchor_month": None}
    kind = "year_day" if anchor.month is not None else "month_day"
    return {"anchor_kind": kind, "anchor_day": anchor.day, "anchor_month": anchor.month}
