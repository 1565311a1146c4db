"""How a change from one offer to another counts, where nothing else is said (domain 11). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from billing.engine.moving import first_paid
from subscribers.snapshots import OfferSnapshot


class When(StrEnum):
    """When a change of offer counts, or that it may not be made."""

    now = "now"
    period_end = "period_end"
    forbidden = "forbidden"


class Proration(StrEnum):
    """What of the running period is given back and charged on a change now: its days; nothing until the next period;
    or the whole period, as if the change had been made on its first day."""

    days = "days"
    none = "none"
    full = "full"


class Direction(StrEnum):
    """Whether the new offer costs at least as much a year as the old one, or less."""

    up = "up"
    down = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """How a change counts. `fee` is in minor units of the offer's currency and its own terms, on the document of the
    change."""

    when: When
    proration: Proration = Proration.days
    fee: int = 0


def yearly_cost(offer: OfferSnapshot) -> Fraction:
    """What the first paid stage costs in a year of 12 months or 365 days, in minor units, exact.

    >>> from subscribers.periods import Interval, Unit
    >>> from subscribers.snapshots import StageSnapshot, TaxBehavior
    >>> stage = StageSnapshot(position=0, interval=Interval(Unit.month, 3), amount=2990)
    >>> sold = OfferSnapshot(version_id="v", offer_id="o", reference="o", title={}, currency="EUR",
    ...     tax_behavior=TaxBehavior.inclusive, tax_code="electronic", stages=(stage,))
    >>> yearly_cost(sold)
    Fraction(11960, 1)
    """
    stage = first_paid(offer)
    months, days = stage.interval.months, stage.interval.days
    if months is not None:
        return Fraction(stage.amount * 12, months)
    return Fraction(stage.amount * 365, days or 1)


def direction(before: OfferSnapshot, after: OfferSnapshot) -> Direction:
    """Up where the new offer costs at least as much a year."""
    return Direction.up if yearly_cost(after) >= yearly_cost(before) else Direction.down


def unruled(before: OfferSnapshot, after: OfferSnapshot) -> Transition:
    """What counts where no rule of the merchant's matches: up at once, down at the end of what is paid."""
    return Transition(when=When.now if direction(before, after) is Direction.up else When.period_end)
