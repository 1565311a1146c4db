"""A version of an offer as the engine sees it: its stages, what they open, what it binds to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from merchants.early_end import EarlyEnd
from merchants.metered import UsageTerm
from subscribers.periods import Alignment, Anchor, Interval
from subscribers.taxes import Texts


class FeatureKind(StrEnum):
    """What a feature is: on or off, so many a period, or a place on an ordered list."""

    switch = "switch"
    quota = "quota"
    level = "level"


class Billing(StrEnum):
    """When a stage's price falls due: when its period begins, or when it has ended (domain 3)."""

    advance = "advance"
    arrears = "arrears"


class TaxBehavior(StrEnum):
    """Whether prices contain tax (B2C) or not (B2B)."""

    inclusive = "inclusive"
    exclusive = "exclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantSnapshot:
    """What a stage or an option opens. `feature` is the feature's reference.

    A `quota` of None is without limit; `rank` is the level's place in the feature's list, counted from 0.
    """

    feature: str
    kind: FeatureKind
    on: bool = True
    quota: int | None = None
    level: str | None = None
    rank: int | None = None
    adds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSnapshot:
    """A span of an offer: so much per interval and unit of quantity, so many times (None: without end)."""

    position: int
    interval: Interval
    amount: int
    recurrences: int | None = None
    billing: Billing = Billing.advance
    label: Texts = field(default_factory=dict)
    features: tuple[GrantSnapshot, ...] = ()
    usage: tuple[UsageTerm, ...] = ()

    @property
    def is_free(self) -> bool:
        """True for trials and the like."""
        return self.amount == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """A number of intervals of the first paid stage, the notice that a cancellation needs, and what leaving before the
    end of those intervals costs (None: that is not possible)."""

    intervals: int
    notice_days: int = 0
    notice_months: int = 0
    early_end: EarlyEnd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferSnapshot:
    """One version of an offer. `included` are the catalogue's ids of the options that are part of it."""

    version_id: str
    offer_id: str
    reference: str
    title: Texts
    currency: str
    tax_behavior: TaxBehavior
    tax_code: str
    stages: tuple[StageSnapshot, ...]
    alignment: Alignment = Alignment.anniversary
    calendar_anchor: Anchor | None = None
    setup_amount: int = 0
    commitment: Commitment | None = None
    zero_invoices: bool = False
    included: frozenset[str] = frozenset()
