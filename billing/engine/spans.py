"""The stages of an offer as spans of dates, found from the calendar alone, whatever was billed (domain 2, 3).

The engine walks period by period and carries what it needs from one to the next; this says where each stage begins and
ends in one step a stage, so that books can be held against the calendar.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from billing.engine.proration import price_of
from subscribers.periods import Alignment, Anchor, Part, Period, anchor_for, boundary, containing, first_boundary
from subscribers.snapshots import OfferSnapshot, StageSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSpan:
    """A stage's dates, half-open. `whole_from` is where its whole periods begin, later than `start` where a short first
    period comes before; `end` is None where it lasts."""

    stage: StageSnapshot
    anchor: Anchor | None
    start: date
    whole_from: date
    end: date | None


def stage_spans(
    offer: OfferSnapshot, start: date, *, alignment: Alignment, billing_day: int | None = None, position: int = 0
) -> Iterator[StageSpan]:
    """The offer's stages from `position` on, the first of them beginning on `start`.

    Stages in months and years share one anchor; one in days or weeks leaves none behind, so that the next anchors at
    its end.
    """
    anchor: Anchor | None = None
    for stage in offer.stages[position:]:
        if stage.interval.months is None:
            anchor = None
        elif anchor is None:
            anchor = anchor_for(
                stage.interval,
                start,
                alignment=alignment,
                calendar_anchor=offer.calendar_anchor,
                billing_day=billing_day,
            )
        whole_from = first_boundary(anchor, stage.interval, start, alignment=alignment)
        end = None if stage.recurrences is None else boundary(anchor, stage.interval, whole_from, stage.recurrences)
        yield StageSpan(stage=stage, anchor=anchor, start=start, whole_from=whole_from, end=end)
        if end is None:
            return
        start = end


def costs_nothing(spans: Iterable[StageSpan], hole: Period, *, quantity: int) -> bool:
    """True where no document needs to exist for these days: all of them lie in free stages, or in a part of a period so
    short and cheap that it comes to 0.

    >>> from subscribers.periods import Interval, Unit
    >>> month = StageSnapshot(position=0, interval=Interval(Unit.month), amount=0)
    >>> first = date(2026, 1, 31)
    >>> free = StageSpan(stage=month, anchor=Anchor(day=31), start=first, whole_from=first, end=date(2026, 2, 28))
    >>> costs_nothing([free], Period(first, date(2026, 2, 28)), quantity=1)
    True
    >>> costs_nothing([free], Period(first, date(2026, 3, 31)), quantity=1)
    False
    """
    at = hole.start
    for span in spans:
        if span.end is not None and span.end <= at:
            continue
        if span.start > at:
            return False
        if span.stage.is_free:
            if span.end is None:
                return True
            at = span.end
        else:
            _, whole = containing(span.anchor, span.stage.interval, span.whole_from, at)
            until = min(hole.end, whole.end)
            if price_of(span.stage.amount, quantity, Part(Period(at, until), whole)):
                return False
            at = until
        if at >= hole.end:
            return True
    return False
