"""What someone wants to subscribe to: checked against everything that may forbid it, priced, and put on a row that is
not saved yet. The same for a checkout and for a subscription that begins at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from billing.flows import purchase as buying
from billing.flows import purchase_coupons
from billing.flows.purchase import Priced, WishedOption
from merchants.actors import Actor
from merchants.models import Coupon, Membership, Merchant, Offer, Site
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from subscribers.lifecycle import LIVE
from subscribers.models import PaymentMethod, Subscriber, Subscription

MOST_BEFORE = timedelta(days=366)
"""How far back a start may lie: a year, so that what a paper form began can be caught up."""
MOST_AHEAD = timedelta(days=1827)
"""How far ahead: five years."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked for. Rows are already this tenant's; who pays is who pays for the subscriber.

    `start_on` None is today. `billing_day` None is the offer's own rhythm, or the payer's day where the merchant shares
    it. `payment_method` None is the payer's default at the time of each charge. `sold_by` is the member who sells it at
    a counter. `reactivates` is the ended subscription that this one goes on from.
    """

    subscriber: Subscriber
    offer: Offer
    options: Sequence[WishedOption] = ()
    coupons: Sequence[Coupon] = ()
    quantity: int = 1
    reference: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    start_on: date | None = None
    billing_day: int | None = None
    collection: str = "automatic"
    payment_method: PaymentMethod | None = None
    site: Site | None = None
    sold_by: Membership | None = None
    reactivates: Subscription | None = None


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A subscription that may be begun: its row, not saved, scheduled for its start; and its price."""

    subscription: Subscription
    priced: Priced


def prepare(wanted: Wanted, *, merchant: Merchant, actor: Actor, now: Now) -> Prepared:
    """Check a wish and price it; nothing is written. Its answer holds for as long as the caller has payer and
    beneficiary locked. Raises Invalid naming each field, Conflict (`offer_archived`, `free_stage_used`,
    `reference_taken`, `legal_entity_missing`, `tax_rate_missing`; `subscription_not_ended`, `subscription_never_began`,
    `already_reactivated`)."""
    beneficiary = wanted.subscriber
    payer = beneficiary.payer or beneficiary
    start_on = _start(wanted, now)
    site_id = wanted.site.pk if wanted.site else beneficiary.site_id
    version = buying.sold_version(wanted.offer, site_id)
    if wanted.reactivates is None:
        buying.check_free_stage(wanted.offer, version, beneficiary)
    else:
        check_ended(wanted.reactivates.pk)
    purchase_coupons.check_coupons(wanted.coupons, payer.pk, now)
    options = buying.wanted_options(version, wanted.options, {})
    _check_reference(wanted.reference)
    _check_method(wanted.payment_method, payer)
    billing_day = wanted.billing_day
    if billing_day is None and merchant.share_billing_day:
        billing_day = shared_billing_day(payer)
    subscription = Subscription(
        subscriber=beneficiary,
        payer=payer,
        legal_entity=buying.issuing_entity(),
        offer_version=version,
        reference=wanted.reference,
        quantity=wanted.quantity,
        currency=version.currency,
        status=Subscription.Status.SCHEDULED,
        access_reason="not_started",
        start_on=start_on,
        billing_day=billing_day,
        collection=wanted.collection,
        payment_method=wanted.payment_method,
        channel=actor.channel.value,
        sold_at_id=site_id,
        managed_at_id=site_id,
        sold_by=wanted.sold_by,
        test_clock_id=now.test_clock,
        reactivates=wanted.reactivates,
        metadata=dict(wanted.metadata),
        created_at=now.at,
        updated_at=now.at,
    )
    priced = buying.price(
        merchant=merchant,
        version=version,
        payer=payer,
        subscription_id=subscription.pk,
        beneficiary_id=beneficiary.pk,
        quantity=wanted.quantity,
        options=options,
        coupon_ids=[coupon.pk for coupon in wanted.coupons],
        now=now,
        start_on=start_on,
        billing_day=billing_day,
        collection=wanted.collection,
        reactivates=wanted.reactivates is not None,
    )
    return Prepared(subscription=subscription, priced=priced)


def shared_billing_day(payer: Subscriber) -> int | None:
    """The day of the month on which a payer's oldest running subscription renews; None where none has one."""
    running = Subscription.objects.filter(payer=payer, status__in=[status.value for status in LIVE])
    for row in running.order_by("id").only("billing_day", "anchor_kind", "anchor_day"):
        if row.billing_day is not None:
            return row.billing_day
        if row.anchor_kind in ("month_day", "year_day"):
            return row.anchor_day
    return None


def _start(wanted: Wanted, now: Now) -> date:
    if wanted.start_on is None:
        return now.today
    if not now.today - MOST_BEFORE <= wanted.start_on <= now.today + MOST_AHEAD:
        raise Invalid.at(
            "start_on",
            "start_on_out_of_range",
            gettext_noop("A start lies between %(first)s and %(last)s."),
            {"first": (now.today - MOST_BEFORE).isoformat(), "last": (now.today + MOST_AHEAD).isoformat()},
        )
    return wanted.start_on


def check_ended(subscription_id: UUID) -> None:
    """Refuse to go on from what still runs, never began, or goes on already. Raises Conflict."""
    ended = Subscription.objects.get(id=subscription_id)
    if ended.status != Subscription.Status.ENDED:
        raise Conflict(
            gettext_noop("This subscription has not ended."),
            code="subscription_not_ended",
            way_out=gettext_noop("An end that is only planned can be taken back."),
        )
    if ended.started_at is None:
        raise Conflict(
            gettext_noop("This subscription never began."),
            code="subscription_never_began",
            way_out=gettext_noop("Subscribe anew."),
        )
    if Subscription.objects.filter(reactivates=ended).exclude(status=Subscription.Status.ENDED).exists():
        raise Conflict(gettext_noop("This subscription goes on in another one already."), code="already_reactivated")


def _check_reference(reference: str | None) -> None:
    if reference and Subscription.objects.filter(reference=reference).exists():
        raise Conflict(
            gettext_noop("A subscription with the reference “%(reference)s” exists already."),
            code="reference_taken",
            params={"reference": reference},
        )


def _check_method(method: PaymentMethod | None, payer: Subscriber) -> None:
    if method is None:
        return
    if method.subscriber_id != payer.pk:
        detail = gettext_noop("This payment method is not one of whoever pays.")
        raise Invalid.at("payment_method", "payment_method_not_the_payers", detail)
    if method.detached_at is not None:
        detail = gettext_noop("This payment method was detached.")
        raise Invalid.at("payment_method", "payment_method_detached", detail)
