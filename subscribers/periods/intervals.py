"""How long a period is, and which days the calendar carries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from merchants.refusals import Invalid, gettext_noop
from merchants.terms import LONGEST

EARLIEST = date(1970, 1, 1)


LATEST = date(2199, 12, 31)


class Unit(StrEnum):
    """The unit of an interval."""

    day = "day"
    week = "week"
    month = "month"
    year = "year"


MOST = {unit: LONGEST[unit.value] for unit in Unit}
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


def check_day(day: object, *, field: str) -> date:
    """A calendar date within what the calendar carries (1970 to 2199). Raises `Invalid` (`date_out_of_range`)."""
    if isinstance(day, date) and EARLIEST <= day <= LATEST:
        return day
    raise Invalid.at(field, "date_out_of_range", gettext_noop("A date from 1970 to 2199."))
