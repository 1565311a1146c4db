"""Everything that one page says of a subscriber, as it is or as it was, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from django.db import models

from merchants.models import Coupon, Feature, OfferVersion, OptionVersion, Site
from merchants.now import Now
from subscribers.models import (
    Grant,
    PaymentMethod,
    ScheduledChange,
    Subscriber,
    Subscription,
    SubscriptionCoupon,
    SubscriptionOption,
)
from subscribers.rights import Right
from subscribers.selectors import past
from subscribers.selectors.moments import NotThereThen, Past
from subscribers.selectors.offers_had import entered_on
from subscribers.selectors.people import LIVE
from subscribers.selectors.pictures import offer_pictures
from subscribers.selectors.rights import AccessOf, access_of, rights_among, rights_of
from subscribers.snapshots import OfferSnapshot

M = TypeVar("M", bound=models.Model)
NOT_PAID = "not_paid"
MOST_ENDED = 20
"""Of subscriptions that are over, the newest are shown; the history tells of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A subscriber at an instant. Subscriptions come with their offer's version, the live ones first; `entered` says on
    which day those that came from another offer entered a stage of the present one."""

    subscriber: Subscriber
    now: Now
    payer: Subscriber | None
    site: Site | None
    pays_for: Sequence[Subscriber]
    subscriptions: Sequence[Subscription]
    options: Mapping[UUID, Sequence[SubscriptionOption]]
    coupons: Mapping[UUID, Sequence[SubscriptionCoupon]]
    method: PaymentMethod | None
    rights: Mapping[str, Right]
    features: Mapping[str, Feature]
    offers: Mapping[UUID, OfferSnapshot]
    entered: Mapping[UUID, date]
    planned: Sequence[ScheduledChange] = ()

    @property
    def open(self) -> list[Subscription]:
        """Those that are not over."""
        return [row for row in self.subscriptions if row.status != Subscription.Status.ENDED]

    @property
    def live(self) -> list[Subscription]:
        """Those that have begun and are not over."""
        return [row for row in self.subscriptions if row.status in LIVE]

    @property
    def access(self) -> AccessOf:
        """The verdict of each, and the best."""
        return access_of(self.open, self.now)


def present_life(subscriber: Subscriber, now: Now) -> Life:
    """A subscriber as they are now."""
    shown = Subscription.objects.filter(subscriber_id=subscriber.pk).exclude(end_reason=NOT_PAID)
    rows = list(shown.select_related("offer_version").exclude(status=Subscription.Status.ENDED).order_by("-id"))
    ended = shown.select_related("offer_version").filter(status=Subscription.Status.ENDED).order_by("-id")
    rows += list(ended[:MOST_ENDED])
    options = SubscriptionOption.objects.filter(subscription_id__in=[row.pk for row in rows])
    coupons = SubscriptionCoupon.objects.filter(subscription_id__in=[row.pk for row in rows], ended_at=None)
    methods = PaymentMethod.objects.filter(
        subscriber_id=subscriber.payer_id or subscriber.pk, is_default=True, detached_at=None
    )
    return _life(
        subscriber,
        now,
        rows,
        list(options.select_related("option_version").order_by("id")),
        list(coupons.select_related("coupon").order_by("position", "id")),
        methods.first(),
        rights_of(subscriber.pk, now),
        list(Subscriber.objects.filter(payer_id=subscriber.pk).order_by("-id")[:10]),
    )


def past_life(subscriber: Subscriber, *, as_of: datetime, known_at: datetime | None, zone: str) -> Life | None:
    """A subscriber as they were at `as_of`, as far as was known at `known_at`; None where there was nobody yet."""
    states = past.life_at(subscriber.pk, as_of=as_of, known_at=known_at)
    now = Now(at=as_of, zone=zone)
    found = _of_kind(Subscriber, "subscriber", states)
    if not found:
        return None
    (then,) = found
    subscriptions = [row for row in _of_kind(Subscription, "subscription", states) if row.end_reason != NOT_PAID]
    options = _of_kind(SubscriptionOption, "option", states)
    past.attach(subscriptions, "offer_version", OfferVersion)
    past.attach(options, "option_version", OptionVersion)
    coupons = [row for row in _of_kind(SubscriptionCoupon, "coupon", states) if row.ended_at is None]
    past.attach(coupons, "coupon", Coupon)
    rights = _rights(states, subscriptions, options, now)
    paying = states if then.payer_id is None else past.life_at(then.payer_id, as_of=as_of, known_at=known_at)
    payers = [row for row in _of_kind(Subscriber, "subscriber", paying) if row.pk == then.payer_id]
    wishes = _of_kind(ScheduledChange, "scheduled_change", states)
    methods = [row for row in _of_kind(PaymentMethod, "payment_method", paying) if row.is_default]
    life = _life(
        then,
        now,
        subscriptions,
        options,
        sorted(coupons, key=lambda row: (row.position, row.pk)),
        next((row for row in methods if row.detached_at is None), None),
        rights,
        [],
    )
    waiting = [wish for wish in wishes if wish.status == ScheduledChange.Status.WAITING]
    return replace(life, planned=waiting, payer=payers[0] if payers else life.payer)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRights:
    """What a subscriber might use at a moment, the verdict, and the subscriptions that were not over, newest first."""

    rights: Mapping[str, Right]
    access: AccessOf
    subscriptions: Sequence[Subscription]


def past_rights(subscriber: Subscriber, *, asked: Past, zone: str) -> PastRights:
    """What a subscriber might use at a past moment. Raises NotThereThen. A fixed number of queries."""
    states = past.life_at(subscriber.pk, as_of=asked.as_of, known_at=asked.known_at)
    if not any(state.kind == "subscriber" for state in states):
        raise NotThereThen.of(subscriber)
    now = Now(at=asked.as_of, zone=zone)
    subscriptions = _of_kind(Subscription, "subscription", states)
    options = _of_kind(SubscriptionOption, "option", states)
    past.attach(subscriptions, "offer_version", OfferVersion)
    past.attach(options, "option_version", OptionVersion)
    there = [row for row in subscriptions if row.status != Subscription.Status.ENDED]
    there.sort(key=lambda row: row.pk, reverse=True)
    rights = _rights(states, subscriptions, options, now)
    return PastRights(rights=rights, access=access_of(there, now), subscriptions=there)


def _rights(
    states: Sequence[past.PastState],
    subscriptions: Sequence[Subscription],
    options: Sequence[SubscriptionOption],
    now: Now,
) -> Mapping[str, Right]:
    """The best of the rights that lived at an instant, among past states."""
    grants = _of_kind(Grant, "grant", states)
    past.attach(grants, "feature", Feature)
    had = {row.pk: row for row in subscriptions}
    added = {row.pk: row for row in options}
    for grant in grants:
        grant.subscription = had.get(grant.subscription_id) if grant.subscription_id else None
        grant.subscription_option = added.get(grant.subscription_option_id) if grant.subscription_option_id else None
    live = [one for one in grants if one.starts_at <= now.at and (one.ends_at is None or one.ends_at > now.at)]
    return rights_among(live, now)


def _of_kind(model: type[M], kind: str, states: Iterable[past.PastState]) -> list[M]:
    return [past.revived(model, state) for state in states if state.kind == kind]


def _life(
    subscriber: Subscriber,
    now: Now,
    subscriptions: Sequence[Subscription],
    options: Iterable[SubscriptionOption],
    coupons: Iterable[SubscriptionCoupon],
    method: PaymentMethod | None,
    rights: Mapping[str, Right],
    pays_for: Sequence[Subscriber],
) -> Life:
    by_subscription: dict[UUID, list[SubscriptionOption]] = defaultdict(list)
    for option in options:
        by_subscription[option.subscription_id].append(option)
    attached: dict[UUID, list[SubscriptionCoupon]] = defaultdict(list)
    for coupon in coupons:
        attached[coupon.subscription_id].append(coupon)
    features = Feature.objects.filter(reference__in=list(rights)).order_by("id") if rights else []
    order = sorted(subscriptions, key=lambda row: (row.status == Subscription.Status.ENDED, -row.pk.int))
    return Life(
        subscriber=subscriber,
        now=now,
        payer=Subscriber.objects.filter(id=subscriber.payer_id).first() if subscriber.payer_id else None,
        site=Site.objects.filter(id=subscriber.site_id).first() if subscriber.site_id else None,
        pays_for=pays_for,
        subscriptions=order,
        options=by_subscription,
        coupons=attached,
        method=method,
        rights=rights,
        features={feature.reference: feature for feature in features},
        offers=offer_pictures({row.offer_version_id for row in order}) if order else {},
        entered=entered_on([row.pk for row in order], now) if order else {},
    )
