"""An option as the engine sees it: what it costs, what it opens, from when to when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from subscribers.periods import Interval
from subscribers.snapshots.offer import GrantSnapshot
from subscribers.taxes import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionSnapshot:
    """An option as one subscription has it.

    `id` is that of the subscription's option (in a purchase, the option's own), `option_id` the catalogue's and
    `version_id` that of the version that was taken. `prices` are keyed by `Interval.key`. `term` counts whole periods
    (a first part is not counted, as in a stage's recurrences); `periods_used` those begun, where there is a term. A
    one-off has been billed where `periods_used` is not 0.
    """

    id: str
    option_id: str
    reference: str
    title: Texts
    prices: Mapping[tuple[str, int], int] = field(default_factory=dict)
    one_off_amount: int | None = None
    quantity: int = 1
    complimentary: bool = False
    reason: str = ""
    term: int | None = None
    periods_used: int = 0
    starts_on: date | None = None
    ends_on: date | None = None
    features: tuple[GrantSnapshot, ...] = ()
    adds: bool = False
    tax_code: str | None = None
    version_id: str = ""

    @property
    def is_one_off(self) -> bool:
        """True where it is billed once, whatever the periods."""
        return self.one_off_amount is not None

    @property
    def is_due_once(self) -> bool:
        """True for a one-off that has not been billed yet."""
        return self.is_one_off and self.periods_used == 0

    @property
    def grants(self) -> tuple[GrantSnapshot, ...]:
        """What it opens. Where its quotas add, each of those that were bought adds: three times ten uses are thirty. A
        quota that does not add, a switch and a level are what they are, however many were bought (domain 17)."""
        if self.quantity == 1:
            return self.features
        return tuple(
            replace(each, quota=each.quota * self.quantity) if each.adds and each.quota is not None else each
            for each in self.features
        )

    def price(self, interval: Interval) -> int | None:
        """Its price per unit for such a period, in minor units; None where it is not sold for that interval."""
        return self.one_off_amount if self.is_one_off else self.prices.get(interval.key)

    def lives(self, day: date) -> bool:
        """True where it has begun and not ended that day."""
        return (self.starts_on is None or self.starts_on <= day) and (self.ends_on is None or day < self.ends_on)
