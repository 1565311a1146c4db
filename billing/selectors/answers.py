"""What the API answers about purchases, subscriptions and payment methods, as types; and the rows in that form.

The JSON itself is made by `billing.shapes` and `subscribers.shapes`, so that events hold the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, TypedDict, cast

from billing import shapes
from billing.models import CheckoutSession
from billing.selectors.planned import (
    HeldCouponShape,
    HeldOptionShape,
    PlannedShape,
    coupons_among,
    held_coupons,
    held_options,
    options_among,
    planned,
    planned_among,
)
from merchants.models import Coupon, OfferVersion, OptionVersion
from merchants.selectors.shapes import DayText, DecimalString, InstantText, Says, Texts
from subscribers import shapes as life
from subscribers.models import PaymentMethod, ScheduledChange, Subscription, SubscriptionCoupon, SubscriptionOption
from subscribers.selectors import past
from subscribers.selectors.moments import NotThereThen, Past

IntervalText = Annotated[str, Says(one_of=("day", "week", "month", "year"))]
VerdictText = Annotated[str, Says(one_of=("full", "grace", "restricted", "none"))]
StatusText = Annotated[str, Says(one_of=tuple(Subscription.Status.values))]
PaymentStateText = Annotated[str, Says(one_of=("ok", "processing", "retrying", "overdue"))]


class PeriodShape(TypedDict):
    """A half-open span of local dates: `end` is the first day without it."""

    start: DayText
    end: DayText


class QuoteLineShape(TypedDict):
    """One line that the first invoice will have. Amounts in minor units, in the offer's own terms of tax."""

    kind: Annotated[str, Says(one_of=("stage", "option", "setup", "one_off", "usage", "charge", "early_end"))]
    title: Texts
    period: PeriodShape | None
    quantity: DecimalString
    unit_price: DecimalString | None
    amount: int
    discount: int
    formula: str


class LaterPartShape(TypedDict):
    """One line of a charge to come."""

    title: Texts
    amount: int


class LaterShape(TypedDict):
    """A charge to come: from a date, every interval, so many times (null: without end). `amount` includes tax."""

    from_on: DayText
    amount: int
    tax: int
    interval: IntervalText
    interval_count: int
    times: int | None
    parts: list[LaterPartShape]


class QuoteShape(TypedDict):
    """What is due now, and what comes later. It is no document; the provider is asked for exactly `total`."""

    id: str
    object: Annotated[str, Says(one_of=("quote",))]
    currency: str
    start_on: DayText
    net: int
    tax: int
    total: int
    lines: list[QuoteLineShape]
    later: list[LaterShape]


class CheckoutSessionShape(TypedDict):
    """A purchase under way, or a change that waits for its payment (`purpose`). `url` opens the hosted payment form,
    without a log-in; null once it is over."""

    id: str
    object: Annotated[str, Says(one_of=("checkout_session",))]
    status: Annotated[str, Says(one_of=("open", "complete", "expired"))]
    subscriber: str
    subscription: str
    purpose: Annotated[str, Says(one_of=("purchase", "change"))]
    invoice: str | None
    quote: QuoteShape
    success_url: str
    failure_url: str | None
    cancel_url: str | None
    locale: str
    allow_codes: bool
    metadata: dict[str, str]
    created_at: InstantText
    expires_at: InstantText
    completed_at: InstantText | None
    url: str | None


class AccessVerdictShape(TypedDict):
    """The one verdict that a site needs; `until` is the instant at which it may change."""

    verdict: VerdictText
    until: InstantText | None
    why: str


class AnchorShape(TypedDict):
    """The day that periods are counted from, apart from any date."""

    kind: Annotated[str, Says(one_of=("month_day", "year_day", "weekday"))]
    day: int
    month: int | None


class EndsWithShape(TypedDict):
    """What a planned end costs and gives back: the fee of leaving a commitment early, what of the period in which it
    ends is credited, and where that goes."""

    early_end_fee: bool
    refund: Annotated[str, Says(one_of=("none", "prorated", "full"))]
    to: Annotated[str, Says(one_of=("refund", "balance"))]


SuspensionShape = TypedDict(
    "SuspensionShape",
    {
        "from": DayText,
        "until": DayText | None,
        "begun": bool,
        "billing": Annotated[str, Says(one_of=("continue", "stop"))],
        "compensation": Annotated[str, Says(one_of=("none", "move_renewal", "credit", "option"))],
        "option": str | None,
        "periods": int | None,
    },
)
"""A suspension that was wished, planned or begun: `until` is the first day with service again, where it is known;
`option` is given for so many `periods` then, where one makes good what was lost."""


class SubscriptionShape(TypedDict):
    """One beneficiary on one offer over time. `ends_on` is the first day without it, where one is known. A past state
    has no `next_action_at` and no `latest_invoice`: null."""

    id: str
    object: Annotated[str, Says(one_of=("subscription",))]
    reference: str | None
    subscriber: str
    payer: str
    offer: str
    offer_version: int
    quantity: int
    currency: str
    status: StatusText
    payment_state: PaymentStateText
    access: AccessVerdictShape
    start_on: DayText
    anchor: AnchorShape | None
    billing_day: int | None
    stage: int
    current_period: PeriodShape | None
    next_action_at: InstantText | None
    ends_on: DayText | None
    billing_ends_on: DayText | None
    ends_with: EndsWithShape | None
    suspension: SuspensionShape | None
    cancelled_at: InstantText | None
    cancel_reason: str | None
    ended_at: InstantText | None
    end_reason: str | None
    activation: str
    collection: str
    payment_method: str | None
    latest_invoice: str | None
    channel: str
    site: str | None
    reactivates: str | None
    test_clock: str | None
    metadata: dict[str, str]
    created_at: InstantText
    options: list[HeldOptionShape]
    coupons: list[HeldCouponShape]
    scheduled: list[PlannedShape]


class PaymentMethodShape(TypedDict):
    """A card or mandate that the provider keeps: only what it lets us show."""

    id: str
    object: Annotated[str, Says(one_of=("payment_method",))]
    subscriber: str
    type: str
    gateway: str
    brand: str | None
    last4: str | None
    exp_month: int | None
    exp_year: int | None
    country: str | None
    default: bool
    created_at: InstantText
    detached_at: InstantText | None


def session_shown(row: CheckoutSession, url: str | None) -> CheckoutSessionShape:
    """A session with its quote loaded. `url` is the form's address, for an open one."""
    shown: dict[str, Any] = {**shapes.checkout_session(row), "url": url}
    return cast(CheckoutSessionShape, shown)


def subscriptions_shown(rows: Iterable[Subscription]) -> list[SubscriptionShape]:
    """Subscriptions with their offer version loaded, and what hangs on them."""
    rows = list(rows)
    options, coupons, wishes = held_options(rows), held_coupons(rows), planned(rows)
    return [_shown(row, options[row.pk], coupons[row.pk], wishes[row.pk]) for row in rows]


def subscription_then(row: Subscription, asked: Past) -> SubscriptionShape:
    """A subscription as it was, with the options that it had and the wishes that waited. Raises NotThereThen. How
    many queries it takes does not depend on its age."""
    states = past.deal_at(row, as_of=asked.as_of, known_at=asked.known_at)
    then = next((past.revived(Subscription, one) for one in states if one.id == row.pk), None)
    if then is None:
        raise NotThereThen.of(row)
    then.offer_version = OfferVersion.objects.get(pk=then.offer_version_id)
    options = [past.revived(SubscriptionOption, one) for one in states if one.kind == "option"]
    past.attach(options, "option_version", OptionVersion)
    coupons = [past.revived(SubscriptionCoupon, one) for one in states if one.kind == "coupon"]
    coupons.sort(key=lambda one: (one.position, one.pk))
    past.attach(coupons, "coupon", Coupon)
    wishes = [past.revived(ScheduledChange, one) for one in states if one.kind == "scheduled_change"]
    waiting = [wish for wish in wishes if wish.status == ScheduledChange.Status.WAITING]
    return _shown(then, options_among(options)[row.pk], coupons_among(coupons)[row.pk], planned_among(waiting)[row.pk])


def _shown(
    row: Subscription, options: list[HeldOptionShape], coupons: list[HeldCouponShape], wishes: list[PlannedShape]
) -> SubscriptionShape:
    hangs = {"options": options, "coupons": coupons, "scheduled": wishes}
    return cast(SubscriptionShape, {**life.subscription(row), **hangs})


def methods_shown(rows: Iterable[PaymentMethod]) -> list[PaymentMethodShape]:
    """Payment methods."""
    return [cast(PaymentMethodShape, life.payment_method(row)) for row in rows]
