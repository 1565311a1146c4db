"""A period, a part of one, and the part's price (domain 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction


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
