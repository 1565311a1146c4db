"""A coupon as the engine sees it: what it takes off, of what, for how long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum


class Duration(StrEnum):
    """How long a coupon lasts, in paid periods."""

    once = "once"
    repeating = "repeating"
    forever = "forever"


@dataclass(frozen=True, slots=True, kw_only=True)
class CouponSnapshot:
    """A coupon as attached. `applies_to` holds ids of offers and options; empty means everything.

    `percent_off` is of 100 and exact; `amount_off` is minor units of `currency`. `periods_used` counts paid periods.
    """

    id: str
    code: str
    duration: Duration
    percent_off: Decimal | None = None
    amount_off: int | None = None
    currency: str | None = None
    periods: int | None = None
    periods_used: int = 0
    applies_to: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if (self.percent_off is None) == (self.amount_off is None):
            raise ValueError("a coupon takes off a percentage or an amount")
        if self.percent_off is not None and not 0 < self.percent_off <= 100:
            raise ValueError("a percentage off is above 0 and at most 100")
        if self.amount_off is not None and self.amount_off <= 0:
            raise ValueError("an amount off is above 0")
        if self.duration is Duration.repeating and not self.periods:
            raise ValueError("a repeating coupon says for how many periods")

    @property
    def most_periods(self) -> int | None:
        """How many paid periods it lasts; None for ever."""
        return {Duration.once: 1, Duration.repeating: self.periods, Duration.forever: None}[self.duration]

    @property
    def is_spent(self) -> bool:
        """True where it has had all its periods."""
        most = self.most_periods
        return most is not None and self.periods_used >= most

    def covers(self, id_: str | None) -> bool:
        """True where it applies to that offer or option, or names nothing."""
        return not self.applies_to or id_ in self.applies_to

    def counted(self) -> CouponSnapshot:
        """The same with one more paid period used."""
        return replace(self, periods_used=self.periods_used + 1)
