"""In which period the uses of a quota count: whole periods of its source's calendar, so that only the calendar brings a
quota back, and no change in the middle of a period does (docs/decisions/quotas-and-periods.md)."""

from __future__ import annotations

from datetime import date

from subscribers.periods import MOST, Anchor, Interval, Period, Unit, containing

MONTH = Interval(Unit.month)


def counting_interval(interval: Interval, *, recurrences: int | None, is_free: bool) -> Interval:
    """How long a quota lasts in a stage: the stage's interval. A free stage written in days or weeks is one period, for
    its interval only says how long it is: fourteen free days with two classes are two classes, not two a day.

    >>> counting_interval(Interval(Unit.day), recurrences=14, is_free=True)
    Interval(unit=<Unit.day: 'day'>, count=14)
    >>> counting_interval(Interval(Unit.month), recurrences=2, is_free=True)
    Interval(unit=<Unit.month: 'month'>, count=1)
    """
    if not is_free or recurrences is None or interval.days is None:
        return interval
    return Interval(Unit.day, min(interval.days * recurrences, MOST[Unit.day]))


def subscription_period(
    *, anchor: Anchor | None, interval: Interval, cycle_from: date, start_on: date, today: date
) -> Period:
    """The whole period of a subscription's calendar that contains today, from its first day on.

    `cycle_from` is the boundary from which its running stage counts. A late renewal changes nothing: boundaries are
    dates. A short first period counts from the day the subscription began.

    >>> month = {"anchor": Anchor(day=1), "interval": MONTH, "cycle_from": date(2026, 6, 1)}
    >>> first = subscription_period(**month, start_on=date(2026, 5, 14), today=date(2026, 5, 20))
    >>> first.start.isoformat(), first.end.isoformat()
    ('2026-05-14', '2026-06-01')
    >>> subscription_period(**month, start_on=date(2026, 5, 14), today=date(2026, 7, 3)).end.isoformat()
    '2026-08-01'
    """
    _, whole = containing(anchor, interval, cycle_from, today)
    return whole.overlap(start_on, None) or whole


def lone_period(from_on: date, today: date) -> Period:
    """The month that contains today, counted from the day on which a grant without a subscription began.

    >>> found = lone_period(date(2026, 1, 31), date(2026, 3, 1))
    >>> found.start.isoformat(), found.end.isoformat()
    ('2026-02-28', '2026-03-31')
    """
    _, month = containing(Anchor.of(from_on, MONTH), MONTH, from_on, max(today, from_on))
    return month
