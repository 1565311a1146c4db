"""Frozen pictures of what the engine needs to know, made by selectors, changed by nobody.

Amounts are minor units of the offer's currency, before tax where the offer is `exclusive`, with tax where `inclusive`.
Ids are opaque texts. Dates are local to the subscription's `zone`; `…_until` instants are aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from merchants.early_end import EarlyEnd
from merchants.metered import Aggregation, UsageTerm
from subscribers.lifecycle import PaymentState, Status, Suspension
from subscribers.periods import Alignment, Anchor, Interval, Part, Period, containing
from subscribers.taxes import TaxProfile, Texts


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


class Duration(StrEnum):
    """How long a coupon lasts, in paid periods."""

    once = "once"
    repeating = "repeating"
    forever = "forever"


class Collection(StrEnum):
    """Whether money is asked for by us, or paid by the subscriber's own doing."""

    automatic = "automatic"
    manual = "manual"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A wish for the future that falls due on a day; its flow knows how to carry it out (domain 12)."""

    id: str
    kind: str
    effective_on: date
    payload: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeSnapshot:
    """A one-off that waits for the next document. `unit_price` is a decimal string in major units, in the offer's own
    terms; `amount` is it times the quantity, rounded once, in minor units. `held` is the frozen line of a change that
    is billed with the next document (domain 12, `invoice: next`): after its discounts, `amount` being what it comes
    to."""

    id: str
    title: Texts
    amount: int
    unit_price: str
    tax_code: str
    quantity: Decimal = Decimal(1)
    held: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was had of one metered feature in one span: its records added up as the feature's aggregation says."""

    feature: str
    reference: str
    title: Texts
    aggregation: Aggregation
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSpan:
    """Some days of usage as they were read: from `start` to before `until` (None: to this day, where it ends)."""

    start: date
    until: date | None
    used: tuple[Used, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseSnapshot:
    """What someone is about to buy. `start_on` None means the day of payment. `reactivates`: they had it before, and
    begin at its first paid stage without a setup fee."""

    offer: OfferSnapshot
    tax: TaxProfile
    zone: str
    quantity: int = 1
    options: tuple[OptionSnapshot, ...] = ()
    coupons: tuple[CouponSnapshot, ...] = ()
    start_on: date | None = None
    billing_day: int | None = None
    collection: Collection = Collection.automatic
    reactivates: bool = False

    @property
    def alignment(self) -> Alignment:
        """The subscription's own billing day comes before the offer's alignment."""
        return Alignment.billing_day if self.billing_day is not None else self.offer.alignment


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionSnapshot:
    """One subscription as it stands.

    Its place in the calendar is `stage_position`, `stage_started_on`, `cycle_from` (the stage's first boundary, from
    which all its boundaries are counted), `current_period` and `period_index` (whole periods of the stage begun, the
    current one included; 0 in a short first one). `anchor` is None until a stage in months or years begins.
    A price in advance has been billed for the current period, a price in arrears has not. `closed_through` is never
    stored: within one transaction it says that the current period is already billed to its end.
    Without a `current_period`, a live subscription has nothing left to bill. `charges` wait for its next document.
    `usage` is what was read of the running period, so far; a span that was not read counts as nothing used.
    `owes_early_end`: the end that is planned costs the fee of the offer's commitment.
    `suspension` is one that was wished, planned or begun; one for a debt is `debt_suspends` alone. `unbilled` are days
    that nothing bills, by a suspension or a moved renewal. `reactivates`: it goes on from one that had ended.
    """

    id: str
    payer: str
    beneficiary: str
    offer: OfferSnapshot
    tax: TaxProfile
    zone: str
    status: Status
    start_on: date
    quantity: int = 1
    options: tuple[OptionSnapshot, ...] = ()
    coupons: tuple[CouponSnapshot, ...] = ()
    alignment: Alignment = Alignment.anniversary
    billing_day: int | None = None
    anchor: Anchor | None = None
    stage_position: int = 0
    stage_started_on: date | None = None
    cycle_from: date | None = None
    current_period: Period | None = None
    period_index: int = 0
    free_until: datetime | None = None
    service_ends_on: date | None = None
    billing_ends_on: date | None = None
    suspension: Suspension | None = None
    debt_suspends: bool = False
    unbilled: tuple[Period, ...] = ()
    closed_through: date | None = None
    scheduled: tuple[Scheduled, ...] = ()
    charges: tuple[ChargeSnapshot, ...] = ()
    usage: tuple[UsageSpan, ...] = ()
    collection: Collection = Collection.automatic
    payment_state: PaymentState = PaymentState.ok
    end_reason: str | None = None
    owes_early_end: bool = False
    reactivates: bool = False

    @property
    def stage(self) -> StageSnapshot:
        """The stage that it is in."""
        return self.offer.stages[self.stage_position]

    def used(self, start: date, until: date | None) -> tuple[Used, ...]:
        """What was read of that span."""
        return next((span.used for span in self.usage if (span.start, span.until) == (start, until)), ())

    @property
    def bills_until(self) -> date | None:
        """The first day that is not billed, where an end is known."""
        return self.billing_ends_on or self.service_ends_on

    @property
    def current_part(self) -> Part | None:
        """The current period with the whole one that contains it; None where nothing of it is left to bill, as when
        another offer takes over at its end (whose calendar would not contain it)."""
        if self.current_period is None or self.cycle_from is None:
            return None
        if self.closed_through is not None and self.closed_through >= self.current_period.end:
            return None
        _, whole = containing(self.anchor, self.stage.interval, self.cycle_from, self.current_period.start)
        moved = self.current_period.start < whole.start or self.current_period.end > whole.end
        if moved and self.stage.billing is Billing.advance:  # its renewal was moved; it is billed already
            whole = self.current_period
        return Part(self.current_period, whole)

    def billed_until(self, day: date) -> date | None:
        """The first day that a period which opens on `day` does not bill, where one is known before it is billed: the
        end of billing, or a planned suspension that stops it. In arrears a suspension is subtracted when it closes."""
        wish, stop = self.suspension, self.bills_until
        if wish is None or not wish.stops_billing or wish.from_on <= day or self.stage.billing is Billing.arrears:
            return stop
        return wish.from_on if stop is None else min(stop, wish.from_on)

    def stands_still(self, day: date) -> bool:
        """True where a suspension keeps any period from beginning that day."""
        return self.suspension is not None and self.suspension.stops_billing and self.suspension.covers(day)

    @property
    def ends_on(self) -> date | None:
        """The first day without anything: neither service nor billing. None where no end is known.

        A fixed term's end is not in here before it is reached: it is the offer's, not a wish.
        """
        if self.service_ends_on is None or self.billing_ends_on is None:
            return self.service_ends_on or self.billing_ends_on
        return max(self.service_ends_on, self.billing_ends_on)
