"""What someone is about to buy, and a subscription as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from subscribers.lifecycle import PaymentState, Status, Suspension
from subscribers.periods import Alignment, Anchor, Part, Period, containing
from subscribers.snapshots.coupon import CouponSnapshot
from subscribers.snapshots.offer import Billing, OfferSnapshot, StageSnapshot
from subscribers.snapshots.option import OptionSnapshot
from subscribers.snapshots.waiting import ChargeSnapshot, Scheduled, UsageSpan, Used
from subscribers.taxes import TaxProfile


class Collection(StrEnum):
    """Whether money is asked for by us, or paid by the subscriber's own doing."""

    automatic = "automatic"
    manual = "manual"


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
    `owes_early_end`: the end that is planned costs the fee of the offer's commitment; `owes_nothing`: it was withdrawn
    from with all given back, and its end bills nothing that waits.
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
    owes_nothing: bool = False
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
