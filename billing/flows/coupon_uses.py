"""Coupons that a change of offer takes off and puts on a running subscription; while such a change waits, the uses that
it will need are held for it (domain 7, 12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q

from billing.engine.wishes import WishKind
from billing.models import CheckoutSession
from invoices.models import Payment
from invoices.models.payments import IN_FLIGHT
from merchants.models import Coupon, OfferVersion
from merchants.refusals import Conflict, FieldError, Invalid, gettext_noop
from subscribers.models import ScheduledChange, Subscription, SubscriptionCoupon
from subscribers.snapshots import CouponSnapshot, SubscriptionSnapshot

ON, OFF = "coupons_on", "coupons_off"
"""Where a wish names the coupons that it puts on and takes off, by id."""


def had_by(payer_id: UUID, coupon_ids: Iterable[UUID]) -> Counter[UUID]:
    """How often a payer has had these coupons: those attached, and those that a planned change will attach."""
    wanted = set(coupon_ids)
    attached = SubscriptionCoupon.objects.filter(payer_id=payer_id, coupon_id__in=wanted)
    found = Counter(attached.values_list("coupon_id", flat=True))
    waiting = ScheduledChange.objects.filter(
        subscription__payer_id=payer_id,
        kind=WishKind.change_offer.value,
        status=ScheduledChange.Status.WAITING,
        details__has_key=ON,
    )
    for details in waiting.values_list("details", flat=True) if wanted else ():
        found.update(id_ for each in details[ON] if (id_ := UUID(each)) in wanted)
    return found


def put_on(
    row: Subscription,
    picture: SubscriptionSnapshot,
    version: OfferVersion,
    option_ids: Collection[str],
    given: Sequence[Coupon],
) -> dict[str, list[str]]:
    """What a change of offer says of coupons, where `given` take the place of those that a subscription has: `coupons`
    as given, those that it takes off, and those that it puts on. Gestures stay. `option_ids`: of the catalogue, that
    will be had. The limits of new ones are for the caller to check. Raises Invalid naming each (`coupon_already_used`,
    `coupon_currency_mismatch`, `coupon_does_not_apply`), Conflict (`payment_in_flight`).
    """
    asked = [str(coupon.pk) for coupon in given]
    held = {one.id for one in picture.coupons}
    new = [coupon for coupon in given if str(coupon.pk) not in held]
    _check(row, version, option_ids, given, {coupon.pk for coupon in new})
    _check_rivals(row, new)
    gestures = set(Coupon.objects.filter(id__in=held, is_gesture=True).values_list("id", flat=True)) if held else set()
    off = [one.id for one in picture.coupons if one.id not in asked and UUID(one.id) not in gestures]
    return {"coupons": asked, OFF: off, ON: [str(coupon.pk) for coupon in new]}


def _check(
    row: Subscription,
    version: OfferVersion,
    option_ids: Collection[str],
    given: Sequence[Coupon],
    new: Collection[UUID],
) -> None:
    had = set(
        SubscriptionCoupon.objects.filter(subscription=row, coupon_id__in=new).values_list("coupon_id", flat=True)
    )
    bought = {str(version.offer_id), *option_ids}
    targets: dict[UUID, set[str]] = {coupon.pk: set() for coupon in given}
    rows = Coupon.objects.filter(id__in=new, targets__isnull=False)
    for coupon_id, offer_id, option_id in rows.values_list("id", "targets__offer_id", "targets__option_id"):
        targets[coupon_id].add(str(offer_id or option_id))
    errors = []
    for at, coupon in enumerate(given):
        if coupon.pk not in new:
            continue
        fault = None
        if coupon.pk in had:
            fault = (
                "coupon_already_used",
                gettext_noop("This subscription has had this coupon before: add it by itself."),
            )
        elif coupon.amount_off is not None and coupon.currency != row.currency:
            fault = ("coupon_currency_mismatch", gettext_noop("This coupon is in another currency than the offer."))
        elif targets[coupon.pk] and not targets[coupon.pk] & bought:
            fault = ("coupon_does_not_apply", gettext_noop("This coupon is for nothing of what is bought."))
        if fault is not None:
            errors.append(FieldError(field=f"coupons[{at}]", code=fault[0], detail=fault[1]))
    if errors:
        raise Invalid(code=errors[0].code, errors=errors)


def _check_rivals(row: Subscription, new: Sequence[Coupon]) -> None:
    """Refuse a coupon with a limit for each subscriber while a purchase of the same payer is being paid with it."""
    limited = [str(coupon.pk) for coupon in new if coupon.max_uses_per_subscriber is not None]
    if not limited:
        return
    holding = Q(pk__in=[])
    for coupon_id in limited:
        holding |= Q(coupons_held__contains=[coupon_id])
    paying = Payment.objects.filter(session_id=OuterRef("pk"), status__in=IN_FLIGHT)
    open_ones = CheckoutSession.objects.filter(
        holding, Exists(paying), subscription__payer_id=row.payer_id, status=CheckoutSession.Status.OPEN
    )
    if open_ones.exists():
        raise Conflict(
            gettext_noop("A purchase with this coupon is being paid for."),
            code="payment_in_flight",
            way_out=gettext_noop("Wait for its outcome."),
        )


def held_for(row: Subscription) -> frozenset[UUID]:
    """The coupons of which a use is held for the change of offer that waits for a subscription."""
    waiting = ScheduledChange.objects.filter(
        subscription=row, kind=WishKind.change_offer.value, status=ScheduledChange.Status.WAITING
    )
    return frozenset(UUID(id_) for details in waiting.values_list("details", flat=True) for id_ in details.get(ON, ()))


def lock(coupon_ids: Iterable[UUID]) -> None:
    """Lock these coupons, in the order of their ids: before any document, for a number series is locked last of all."""
    wanted = sorted(set(coupon_ids))
    if wanted:
        list(Coupon.objects.select_for_update(of=("self",), no_key=True).filter(id__in=wanted).order_by("id"))


def lock_for(row: Subscription, asked: Sequence[Coupon] | None) -> None:
    """Lock what a change of offer of a locked subscription may count or give back, before what is due is billed."""
    lock({*held_for(row), *(coupon.pk for coupon in asked or ())})


def release(details: Mapping[str, Any]) -> None:
    """Give back the uses that were held for a wish that will not be carried out."""
    for coupon_id in sorted(UUID(id_) for id_ in details.get(ON, ())):
        Coupon.objects.filter(id=coupon_id, uses__gt=0).update(uses=F("uses") - 1)


def of_the_period(carried: Sequence[CouponSnapshot], wanted: Mapping[str, Any]) -> tuple[CouponSnapshot, ...]:
    """Of the coupons that came off the running period, those that come off the rest of it too: all, or where a change
    names the subscription's coupons, these and gestures."""
    if "coupons" not in wanted:
        return tuple(carried)
    kept = set(wanted["coupons"])
    ids = [one.id for one in carried if one.id not in kept]
    kept |= {str(id_) for id_ in Coupon.objects.filter(id__in=ids, is_gesture=True).values_list("id", flat=True)}
    return tuple(one for one in carried if one.id in kept)
