"""Where periods begin and end: the grid that an anchor and an interval draw from a first boundary on (domain 1, 2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from subscribers.periods.anchors import Alignment, Anchor
from subscribers.periods.intervals import Interval, Unit
from subscribers.periods.period import Part, Period


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
