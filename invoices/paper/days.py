"""Days on paper: half-open local dates, and a prorated period day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from invoices.paper.text import Printed


@dataclass(frozen=True, slots=True)
class Span:
    """Local dates `[start, end)`: `end` is the first day without it; `last` is the last day with it.

    >>> Span(date(2026, 11, 3), date(2026, 11, 20)).last, Span(date(2026, 11, 3), date(2026, 11, 20)).days
    (datetime.date(2026, 11, 19), 17)
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("a span has at least one day")

    @property
    def last(self) -> date:
        return self.end - timedelta(days=1)

    @property
    def days(self) -> int:
        return (self.end - self.start).days


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch(Printed):
    """Some days of a period and what they belong to; `billed` marks those that this document bills."""

    title: str
    span: Span
    billed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount(Printed):
    """The prorated period day by day, and in one sentence why it was split. Stretches follow one another."""

    why: str
    stretches: tuple[Stretch, ...]

    def __post_init__(self) -> None:
        Printed.__post_init__(self)
        if not self.stretches:
            raise ValueError("a day count has at least one stretch")
        for before, after in zip(self.stretches, self.stretches[1:], strict=False):
            if before.span.end != after.span.start:
                raise ValueError("stretches of a day count follow one another")

    @property
    def days(self) -> int:
        return sum(stretch.span.days for stretch in self.stretches)

    @property
    def billed_days(self) -> int:
        return sum(stretch.span.days for stretch in self.stretches if stretch.billed)
