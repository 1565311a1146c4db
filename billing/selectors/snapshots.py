"""Subscriptions as they stand, as the engine wants them: a fixed number of queries, however many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from django.db import connection

from billing.engine.wishes import WishKind
from billing.models import Charge
from billing.selectors.metering import running_spans, usage_in
from merchants.models import LegalEntity, Merchant
from merchants.tenancy.scope import current
from subscribers.lifecycle import DunningEffect, PaymentState, Status
from subscribers.models import ScheduledChange, Subscriber, Subscription, SubscriptionCoupon, SubscriptionOption
from subscribers.periods import Alignment, Period
from subscribers.selectors.pictures import WantedOption, anchor_of, coupon_pictures, offer_pictures, option_pictures
from subscribers.selectors.rights import suspension_of
from subscribers.selectors.taxing import WHO_IS_TAXED, tax_profiles
from subscribers.snapshots import (
    ChargeSnapshot,
    Collection,
    CouponSnapshot,
    OfferSnapshot,
    OptionSnapshot,
    Scheduled,
    SubscriptionSnapshot,
)
from subscribers.taxes import TaxProfile

THERE = """
SELECT 'options' WHERE EXISTS (SELECT FROM subscribers_subscriptionoption o
    WHERE o.merchant_id = %(merchant)s AND o.subscription_id = ANY(%(ids)s::uuid[]))
UNION ALL SELECT 'coupons' WHERE EXISTS (SELECT FROM subscribers_subscriptioncoupon c
    WHERE c.merchant_id = %(merchant)s AND c.subscription_id = ANY(%(ids)s::uuid[]) AND c.ended_at IS NULL)
UNION ALL SELECT 'wishes' WHERE EXISTS (SELECT FROM subscribers_scheduledchange w
    WHERE w.merchant_id = %(merchant)s AND w.subscription_id = ANY(%(ids)s::uuid[]) AND w.status = 'waiting')
UNION ALL SELECT 'charges' WHERE EXISTS (SELECT FROM billing_charge w
    WHERE w.merchant_id = %(merchant)s AND w.subscription_id = ANY(%(ids)s::uuid[]) AND w.status = 'waiting')"""


def snapshots(
    rows: Sequence[Subscription], merchant: Merchant, people: Mapping[UUID, Subscriber] | None = None
) -> dict[UUID, SubscriptionSnapshot]:
    """The picture of each subscription, by id, with the wishes and charges that wait, and the usage of its running
    period so far. `people`: their payers, where
    the caller has them."""
    offers = offer_pictures(row.offer_version_id for row in rows)
    there = _there([row.pk for row in rows])
    options = _options(rows if "options" in there else ())
    coupons = _coupons(rows if "coupons" in there else ())
    wishes = waiting_wishes(rows if "wishes" in there else ())
    charges = waiting_charges(rows if "charges" in there else ())
    taxes = _taxes(rows, people)
    pictures = {
        row.pk: replace(
            _snapshot(row, merchant, offers[row.offer_version_id], options[row.pk], coupons[row.pk], taxes[row.pk]),
            scheduled=wishes[row.pk],
            charges=charges[row.pk],
        )
        for row in rows
    }
    metered = {id_: spans for id_, picture in pictures.items() if (spans := running_spans(picture))}
    used = usage_in(metered)
    return pictures | {id_: replace(pictures[id_], usage=spans) for id_, spans in used.items()}


def _there(ids: Sequence[UUID]) -> set[str]:
    """Which of what may hang on subscriptions hangs on any of these: most runs meet no wish and no charge."""
    with connection.cursor() as cursor:
        cursor.execute(THERE, {"merchant": current(), "ids": list(ids)})
        return {kind for (kind,) in cursor.fetchall()}


def waiting_wishes(rows: Sequence[Subscription]) -> dict[UUID, tuple[Scheduled, ...]]:
    """The wishes for a period's end that wait, by subscription, in the order in which they were made."""
    found: dict[UUID, tuple[Scheduled, ...]] = defaultdict(tuple)
    if not rows:
        return found
    waiting = ScheduledChange.objects.filter(
        subscription_id__in=[row.pk for row in rows],
        status=ScheduledChange.Status.WAITING,
        kind__in=[kind.value for kind in WishKind],
    )
    for wish in waiting.order_by("id"):
        found[wish.subscription_id] += (
            Scheduled(id=str(wish.pk), kind=wish.kind, effective_on=wish.due_on, payload=wish.details),
        )
    return found


def waiting_charges(rows: Sequence[Subscription]) -> dict[UUID, tuple[ChargeSnapshot, ...]]:
    """The charges that wait for the next document, by subscription, in the order in which they were made."""
    found: dict[UUID, tuple[ChargeSnapshot, ...]] = defaultdict(tuple)
    if not rows:
        return found
    waiting = Charge.objects.filter(subscription_id__in=[row.pk for row in rows], status=Charge.Status.WAITING)
    for charge in waiting.order_by("id"):
        found[charge.subscription_id] += (
            ChargeSnapshot(
                id=str(charge.pk),
                title=charge.title,
                amount=charge.amount,
                unit_price=charge.unit_price,
                tax_code=charge.tax_code,
                quantity=charge.quantity,
                held=charge.held,
            ),
        )
    return found


def _options(rows: Sequence[Subscription]) -> dict[UUID, tuple[OptionSnapshot, ...]]:
    found: dict[UUID, tuple[OptionSnapshot, ...]] = defaultdict(tuple)
    if not rows:
        return found
    held = list(SubscriptionOption.objects.filter(subscription_id__in=[row.pk for row in rows]).order_by("id"))
    wanted = [
        WantedOption(
            id=option.pk,
            version_id=option.option_version_id,
            quantity=option.quantity,
            complimentary=option.complimentary,
            reason=option.reason,
            term=option.periods,
        )
        for option in held
    ]
    for option, picture in zip(held, option_pictures(wanted), strict=True):
        stands = replace(picture, periods_used=option.periods_used, starts_on=option.starts_on, ends_on=option.ends_on)
        found[option.subscription_id] += (stands,)
    return found


def _coupons(rows: Sequence[Subscription]) -> dict[UUID, tuple[CouponSnapshot, ...]]:
    found: dict[UUID, tuple[CouponSnapshot, ...]] = defaultdict(tuple)
    if not rows:
        return found
    held = list(
        SubscriptionCoupon.objects.filter(subscription_id__in=[row.pk for row in rows], ended_at=None).order_by(
            "subscription_id", "position", "id"
        )
    )
    pictures = {picture.id: picture for picture in coupon_pictures(list({one.coupon_id for one in held}))}
    for one in held:
        found[one.subscription_id] += (replace(pictures[str(one.coupon_id)], periods_used=one.periods_used),)
    return found


def _taxes(rows: Sequence[Subscription], people: Mapping[UUID, Subscriber] | None) -> dict[UUID, TaxProfile]:
    entities = {
        entity.pk: entity for entity in LegalEntity.objects.filter(id__in={row.legal_entity_id for row in rows})
    }
    payers = people
    if payers is None:
        needed = Subscriber.objects.filter(id__in={row.payer_id for row in rows}).only("id", *WHO_IS_TAXED)
        payers = {payer.pk: payer for payer in needed}
    profiles = tax_profiles((entities[row.legal_entity_id], payers[row.payer_id]) for row in rows)
    return {row.pk: profiles[row.legal_entity_id, row.payer_id] for row in rows}


def _snapshot(
    row: Subscription,
    merchant: Merchant,
    offer: OfferSnapshot,
    options: tuple[OptionSnapshot, ...],
    coupons: tuple[CouponSnapshot, ...],
    tax: TaxProfile,
) -> SubscriptionSnapshot:
    period = None
    if row.current_period_start and row.current_period_end:
        period = Period(row.current_period_start, row.current_period_end)
    return SubscriptionSnapshot(
        id=str(row.pk),
        payer=str(row.payer_id),
        beneficiary=str(row.subscriber_id),
        offer=offer,
        tax=tax,
        zone=merchant.timezone,
        status=Status(row.status),
        start_on=row.start_on,
        quantity=row.quantity,
        options=options,
        coupons=coupons,
        alignment=Alignment.billing_day if row.billing_day is not None else offer.alignment,
        billing_day=row.billing_day,
        anchor=anchor_of(row),
        stage_position=row.stage_position,
        stage_started_on=row.stage_started_on,
        cycle_from=row.cycle_from,
        current_period=period,
        period_index=row.period_index,
        free_until=row.free_until,
        service_ends_on=row.service_ends_on,
        billing_ends_on=row.billing_ends_on,
        suspension=suspension_of(row),
        debt_suspends=row.dunning == DunningEffect.suspend,
        unbilled=tuple(Period(date.fromisoformat(start), date.fromisoformat(end)) for start, end in row.unbilled),
        collection=Collection(row.collection),
        payment_state=PaymentState(row.payment_state),
        end_reason=row.end_reason or None,
        owes_early_end=row.owes_early_end,
        owes_nothing=row.end_reason == "withdrawn" and row.end_refund == "full",
        reactivates=row.reactivates_id is not None,
    )
