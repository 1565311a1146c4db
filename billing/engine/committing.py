"""The intervals that a commitment binds for (domain 14). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from billing.engine.opening import enter
from subscribers.periods import Anchor, Interval, boundary
from subscribers.snapshots import SubscriptionSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Commits:
    """So many intervals from a first boundary on; a short first period before it is not counted (domain 2)."""

    anchor: Anchor | None
    interval: Interval
    first: date
    intervals: int

    def boundary(self, n: int) -> date:
        """The day on which interval `n` begins; that of `intervals` is the first day without commitment."""
        return boundary(self.anchor, self.interval, self.first, n)

    @property
    def until(self) -> date:
        """The first day without commitment."""
        return self.boundary(self.intervals)

    def to_come(self, day: date) -> int:
        """How many of its intervals begin on the day or later."""
        return sum(self.boundary(n) >= day for n in range(self.intervals))


def commits(snapshot: SubscriptionSnapshot) -> Commits | None:
    """What a subscription is committed to: so many intervals of the first paid stage from where that began. None
    without a commitment, and in a free first stage, where it has not begun.

    Who came by a change of offer is bound from the day on which the offer's present stage began, where that of the
    first paid one is not known any more.
    """
    commitment = snapshot.offer.commitment
    position = next((stage.position for stage in snapshot.offer.stages if not stage.is_free), None)
    if commitment is None or not commitment.intervals or position is None or snapshot.cycle_from is None:
        return None
    if snapshot.stage_position < position:
        return None
    first, anchor = snapshot.cycle_from, snapshot.anchor
    interval = snapshot.offer.stages[position].interval
    if snapshot.stage_position > position:
        begun = _entered(snapshot, position)
        if begun is None or begun.cycle_from is None:
            interval = snapshot.stage.interval
        else:
            first, anchor = begun.cycle_from, begun.anchor
    return Commits(
        anchor=anchor if interval.months is not None else None,
        interval=interval,
        first=first,
        intervals=commitment.intervals,
    )


def committed_until(snapshot: SubscriptionSnapshot) -> date | None:
    """The first day without commitment; None where there is none."""
    found = commits(snapshot)
    return found.until if found else None


def _entered(snapshot: SubscriptionSnapshot, position: int) -> SubscriptionSnapshot | None:
    """The subscription as it entered an earlier stage, if it has had this offer from its first day on."""
    begun, day = None, snapshot.start_on
    past = replace(snapshot, anchor=None, service_ends_on=None, billing_ends_on=None)
    for stage in snapshot.offer.stages[: snapshot.stage_position]:
        past, _part = enter(past, stage.position, day)
        if stage.position == position:
            begun = past
        if stage.recurrences is None or past.cycle_from is None:
            return None
        day = boundary(past.anchor, stage.interval, past.cycle_from, stage.recurrences)
    return begun if day == snapshot.stage_started_on else None
