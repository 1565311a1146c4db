"""The calendar of subscriptions: anchors, intervals, boundaries and periods (domain 1, 2, 5).

Only local dates: no instant, no zone. A period is half open, `[start, end)`: its end is the first day without it.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from merchants.refusals import Invalid, gettext_noop

EARLIEST = date(1970, 1, 1)
LATEST = date(2199, 12, 31)


class Unit(StrEnum):
    """The unit of an interval."""

    day = "day"
    week = "week"
    month = "month"
    year = "year"


class Alignment(StrEnum):
    """Where the periods of stages in months and years begin."""

    anniversary = "anniversary"
    calendar = "calendar"
    billing_day = "billing_day"


MOST = {Unit.day: 3660, Unit.week: 520, Unit.month: 120, Unit.year: 10}
"""The longest interval of each unit: about ten years."""


@dataclass(frozen=True, slots=True)
class Interval:
    """How long a whole period is: a unit times a count.

    >>> Interval(Unit.month, 3).months
    3
    >>> Interval(Unit.week).months is None
    True
    """

    unit: Unit
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST[self.unit]:
            raise ValueError(f"an interval of {self.count} {self.unit}")

    @property
    def months(self) -> int | None:
        """Months in it; None for days and weeks, which follow no anchor."""
        if self.unit is Unit.month:
            return self.count
        return 12 * self.count if self.unit is Unit.year else None

    @property
    def days(self) -> int | None:
        """Days in it; None for months and years, whose length varies."""
        if self.unit is Unit.day:
            return self.count
        return 7 * self.count if self.unit is Unit.week else None

    @property
    def key(self) -> tuple[str, int]:
        """As price lists of options name it: `("month", 1)`."""
        return (self.unit.value, self.count)


def check_interval(unit: object, count: object, *, field: str = "interval") -> Interval:
    """An interval from outside. Raises `Invalid` (`interval_unknown`, `interval_count_out_of_range`).

    >>> check_interval("month", 3)
    Interval(unit=<Unit.month: 'month'>, count=3)
    """
    if not isinstance(unit, str) or unit not in Unit.__members__:
        raise Invalid.at(field, "interval_unknown", gettext_noop("An interval is day, week, month or year."))
    known = Unit(unit)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST[known]:
        raise Invalid.at(
            f"{field}_count",
            "interval_count_out_of_range",
            gettext_noop("A count from 1 to %(most)s."),
            {"most": MOST[known]},
        )
    return Interval(known, count)


def check_day(day: object, *, field: str) -> date:
    """A calendar date within what the calendar carries (1970 to 2199). Raises `Invalid` (`date_out_of_range`)."""
    if isinstance(day, date) and EARLIEST <= day <= LATEST:
        return day
    raise Invalid.at(field, "date_out_of_range", gettext_noop("A date from 1970 to 2199."))


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


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open span of local dates, never empty.

    >>> period = Period(date(2026, 1, 31), date(2026, 2, 28))
    >>> period.days, period.last_day, date(2026, 2, 28) in period
    (28, datetime.date(2026, 2, 27), False)
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise ValueError(f"a period that ends on {self.end} cannot begin on {self.start}")

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    @property
    def days(self) -> int:
        """How many days one has."""
        return (self.end - self.start).days

    @property
    def last_day(self) -> date:
        """The last day with it: what people see."""
        return self.end - timedelta(days=1)

    def overlap(self, start: date | None, end: date | None) -> Period | None:
        """The part of it within `[start, end)`, open where None; None where nothing is left.

        >>> Period(date(2026, 5, 1), date(2026, 6, 1)).overlap(date(2026, 5, 14), None)
        Period(start=datetime.date(2026, 5, 14), end=datetime.date(2026, 6, 1))
        """
        first = self.start if start is None else max(self.start, start)
        last = self.end if end is None else min(self.end, end)
        return Period(first, last) if first < last else None


@dataclass(frozen=True, slots=True)
class Part:
    """A period that is had, and the whole period that contains it: the two lengths that proration needs."""

    period: Period
    whole: Period

    def __post_init__(self) -> None:
        if self.period.start < self.whole.start or self.period.end > self.whole.end:
            raise ValueError("a part lies within its whole period")

    @property
    def is_whole(self) -> bool:
        """True where nothing is prorated."""
        return self.period == self.whole

    @property
    def share(self) -> Fraction:
        """Days had over days of the whole period, exact.

        >>> whole = Period(date(2026, 5, 1), date(2026, 6, 1))
        >>> Part(Period(date(2026, 5, 14), date(2026, 6, 1)), whole).share
        Fraction(18, 31)
        """
        return Fraction(self.period.days, self.whole.days)

    def within(self, start: date | None, end: date | None) -> Part | None:
        """What is left of it within `[start, end)`, of the same whole."""
        left = self.period.overlap(start, end)
        return Part(left, self.whole) if left else None


def proration(amount: int, days: int, whole: int) -> Fraction:
    """A part's price, exact: `amount × days / days of the whole period`; the caller rounds once, at the end (domain 5).

    >>> from merchants.money import round_half_away
    >>> round_half_away(proration(2990, 18, 31))
    1736
    """
    if not 0 <= days <= whole or whole <= 0:
        raise ValueError(f"{days} days of {whole}")
    return Fraction(amount * days, whole)


def boundary(anchor: Anchor | None, interval: Interval, first: date, n: int) -> date:
    """Boundary n, counted from the first one by its anchor, never from the last boundary (domain 1). n may be negative.

    Months and years need the anchor's day; days and weeks are counted from `first` alone.

    >>> month, first = Interval(Unit.month), date(2026, 1, 31)
    >>> [boundary(Anchor(day=31), month, first, n).isoformat() for n in range(4)]
    ['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30']
    >>> boundary(Anchor(day=29, month=2), Interval(Unit.year), date(2028, 2, 29), 4)
    datetime.date(2032, 2, 29)
    """
    if interval.days is not None:
        return first + timedelta(days=n * interval.days)
    if anchor is None or anchor.day is None or interval.months is None:
        raise ValueError("periods in months and years have a day for an anchor")
    year, month = divmod(first.year * 12 + first.month - 1 + n * interval.months, 12)
    return anchor.on(year, month + 1)


def first_boundary(anchor: Anchor | None, interval: Interval, start: date, *, alignment: Alignment) -> date:
    """The first date on or after the start having the anchor's day (domain 2).

    For years it lies in the start's month, or, for a calendar alignment, in the anchor's own (January unless said);
    calendar months count from that month too. Stages in days and weeks begin where they begin.

    >>> start = date(2026, 2, 15)
    >>> first_boundary(Anchor(day=1), Interval(Unit.month, 3), start, alignment=Alignment.calendar).isoformat()
    '2026-04-01'
    >>> first_boundary(Anchor(day=10), Interval(Unit.month, 3), start, alignment=Alignment.billing_day).isoformat()
    '2026-03-10'
    >>> first_boundary(Anchor(day=10), Interval(Unit.year), start, alignment=Alignment.billing_day).isoformat()
    '2027-02-10'
    """
    if interval.months is None:
        return start
    if anchor is None or anchor.day is None:
        raise ValueError("periods in months and years have a day for an anchor")
    calendar = alignment is Alignment.calendar
    if interval.unit is Unit.year:
        step, phase = 12, (anchor.month or 1) if calendar else start.month
    elif calendar:
        step, phase = min(interval.count, 12), anchor.month or 1
    else:
        step, phase = 1, 1
    for ahead in range(13):
        year, month = divmod(start.year * 12 + start.month - 1 + ahead, 12)
        day = anchor.on(year, month + 1)
        if day >= start and (month + 1 - phase) % 12 % step == 0:
            return day
    raise AssertionError("every grid has a boundary within a year and a month")


def containing(anchor: Anchor | None, interval: Interval, first: date, day: date) -> tuple[int, Period]:
    """Which whole period of the grid counted from `first` contains a day: its number (−1 before the first boundary)
    and its dates.

    >>> containing(Anchor(day=31), Interval(Unit.month), date(2026, 1, 31), date(2026, 3, 30))
    (1, Period(start=datetime.date(2026, 2, 28), end=datetime.date(2026, 3, 31)))
    """
    if interval.days is not None:
        n = (day - first).days // interval.days
    else:
        months = (day.year - first.year) * 12 + day.month - first.month
        n = months // (interval.months or 1)
        if boundary(anchor, interval, first, n) > day:
            n -= 1
    return n, Period(boundary(anchor, interval, first, n), boundary(anchor, interval, first, n + 1))


def next_part(anchor: Anchor | None, interval: Interval, first: date, start: date) -> Part:
    """The period that begins on `start` and ends at the grid's next boundary, with the whole one that contains it.

    >>> part = next_part(Anchor(day=1), Interval(Unit.month), date(2026, 6, 1), date(2026, 5, 14))
    >>> part.period.days, part.whole.days, part.is_whole
    (18, 31, False)
    """
    _, whole = containing(anchor, interval, first, start)
    return Part(Period(start, whole.end), whole)


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


def parts(anchor: Anchor | None, interval: Interval, start: date, *, alignment: Alignment) -> Iterator[Part]:
    """The periods of a stage from its start on, without end: a short first one where aligned, then whole ones.

    >>> from itertools import islice
    >>> walk = parts(Anchor(day=1), Interval(Unit.month), date(2026, 5, 14), alignment=Alignment.calendar)
    >>> [(part.period.start.isoformat(), part.period.days) for part in islice(walk, 3)]
    [('2026-05-14', 18), ('2026-06-01', 30), ('2026-07-01', 31)]
    """
    first = first_boundary(anchor, interval, start, alignment=alignment)
    if start < first:
        yield next_part(anchor, interval, first, start)
    n = 0
    while True:
        whole = Period(boundary(anchor, interval, first, n), boundary(anchor, interval, first, n + 1))
        yield Part(whole, whole)
        n += 1
