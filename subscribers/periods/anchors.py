"""The day on which periods begin (domain 1, 2)."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from subscribers.periods.intervals import Interval, Unit


class Alignment(StrEnum):
    """Where the periods of stages in months and years begin."""

    anniversary = "anniversary"
    calendar = "calendar"
    billing_day = "billing_day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The day on which periods begin, kept apart from any date: clamping to a short month never changes it (domain 1).

    A day of the month (1–31), with a month where years are meant, or a weekday (Monday is 0).

    >>> Anchor(day=31).on(2026, 2), Anchor(day=31).on(2026, 3)
    (datetime.date(2026, 2, 28), datetime.date(2026, 3, 31))
    """

    day: int | None = None
    month: int | None = None
    weekday: int | None = None

    def __post_init__(self) -> None:
        if (self.day is None) == (self.weekday is None) or (self.month is not None and self.day is None):
            raise ValueError("an anchor is a day, a day and month, or a weekday")
        if self.day is not None and not 1 <= self.day <= 31:
            raise ValueError("a day of the month is 1 to 31")
        if self.month is not None and not 1 <= self.month <= 12:
            raise ValueError("a month is 1 to 12")
        if self.weekday is not None and not 0 <= self.weekday <= 6:
            raise ValueError("a weekday is 0 to 6")

    @classmethod
    def of(cls, start: date, interval: Interval) -> Anchor | None:
        """The anchor of what begins that day at its own pace; None for days, which need none.

        >>> Anchor.of(date(2028, 2, 29), Interval(Unit.year))
        Anchor(day=29, month=2, weekday=None)
        """
        if interval.unit is Unit.day:
            return None
        if interval.unit is Unit.week:
            return cls(weekday=start.weekday())
        return cls(day=start.day, month=start.month if interval.unit is Unit.year else None)

    def on(self, year: int, month: int) -> date:
        """Its date in that month, clamped to the month's last day."""
        if self.day is None:
            raise ValueError("a weekday has no date in a month")
        return date(year, month, min(self.day, monthrange(year, month)[1]))


def anchor_for(
    interval: Interval,
    start: date,
    *,
    alignment: Alignment,
    calendar_anchor: Anchor | None = None,
    billing_day: int | None = None,
) -> Anchor | None:
    """The anchor that a stage in months or years takes when there is none yet: at the subscription's start, or at the
    end of a stage in days or weeks (domain 2). None for a stage in days or weeks itself.

    >>> anchor_for(Interval(Unit.month), date(2026, 1, 31), alignment=Alignment.anniversary)
    Anchor(day=31, month=None, weekday=None)
    >>> anchor_for(Interval(Unit.month), date(2026, 1, 31), alignment=Alignment.calendar)
    Anchor(day=1, month=None, weekday=None)
    """
    if interval.months is None:
        return None
    if alignment is Alignment.calendar:
        return calendar_anchor if calendar_anchor and calendar_anchor.day is not None else Anchor(day=1)
    if alignment is Alignment.billing_day:
        if billing_day is None:
            raise ValueError("a subscription with its own billing day says which")
        return Anchor(day=billing_day)
    return Anchor(day=start.day)
