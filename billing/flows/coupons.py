"""A coupon on a running subscription, and off it again (domain 7). Either counts from the next document on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from django.db.models import Max

from billing.engine.quoting import Later, coming
from billing.flows.cancel import LIVE, lock
from billing.flows.not_running import not_running
from billing.flows.purchase_coupons import check_coupons, count_uses
from billing.selectors.due import catalogue_of
from billing.selectors.snapshots import snapshots
from merchants.actors import Actor
from merchants.models import Coupon, Merchant
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers import shapes as life
from subscribers.models import Subscription, SubscriptionCoupon
from subscribers.selectors.pictures import coupon_pictures
from subscribers.services import facts
from subscribers.snapshots import CouponSnapshot, SubscriptionSnapshot


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """The charges ahead, without the change and with it."""

    before: tuple[Later, ...]
    after: tuple[Later, ...]


def foresee_added(row: Subscription, coupon: Coupon, *, merchant: Merchant, now: Now) -> Foreseen:
    """What the charges ahead become with it; nothing is written. Needs the tenant's scope. Raises what `add` raises."""
    return _foreseen(*_with(row, coupon, merchant, now))


def foresee_removed(row: Subscription, coupon: Coupon, *, merchant: Merchant, now: Now) -> Foreseen:
    """What the charges ahead become without it; nothing is written. Raises what `remove` raises."""
    return _foreseen(*_without(row, coupon, merchant, now))


def add(*, merchant_id: UUID, subscription_id: UUID, coupon: Coupon, actor: Actor, reason: str = "") -> Subscription:
    """Attach it behind those that are there: it takes off the next document what they leave, and counts one use. One
    that was taken off and is not used up goes on where it stopped, without another use.

    Raises Conflict (`subscription_not_running`, `coupon_attached`, `coupon_spent`), Invalid at `coupon`
    (`coupon_expired`, `coupon_used_up`, `coupon_already_used`, `coupon_currency_mismatch`, `coupon_does_not_apply`).
    """
    with tenant(merchant_id):
        row = lock(subscription_id)
        merchant = Merchant.objects.get(id=merchant_id)
        now = now_for(merchant, row.test_clock_id)
        _with(row, coupon, merchant, now)
        use = _use(row, coupon)
        if use is None:
            _at_field(lambda: count_uses([coupon.pk]))
            last = SubscriptionCoupon.objects.filter(subscription=row).aggregate(last=Max("position"))["last"]
            use = SubscriptionCoupon(
                subscription=row,
                coupon=coupon,
                payer_id=row.payer_id,
                position=0 if last is None else last + 1,
                attached_at=now.at,
            )
            history.create(use, actor=actor, now=now, verb="coupon_attached", reason=reason)
        else:
            use.subscription = row
            history.update(use, {"ended_at": None}, actor=actor, now=now, verb="coupon_attached", reason=reason)
        return _told(row, actor=actor, now=now)


def remove(*, merchant_id: UUID, subscription_id: UUID, coupon: Coupon, actor: Actor, reason: str = "") -> Subscription:
    """Take it off: the next document is without it, what was billed stays, and its use stays counted. Raises Conflict
    (`subscription_not_running`, `coupon_not_attached`)."""
    with tenant(merchant_id):
        row = lock(subscription_id)
        merchant = Merchant.objects.get(id=merchant_id)
        now = now_for(merchant, row.test_clock_id)
        _without(row, coupon, merchant, now)
        use = _use(row, coupon)
        assert use is not None
        use.subscription = row
        history.update(use, {"ended_at": now.at}, actor=actor, now=now, verb="coupon_removed", reason=reason)
        return _told(row, actor=actor, now=now)


def _told(row: Subscription, *, actor: Actor, now: Now) -> Subscription:
    data = {"object": life.subscription(row)}
    facts.tell(row.subscriber_id, ("subscription.updated", row.pk, data), actor=actor, now=now)
    return row


def _foreseen(before: SubscriptionSnapshot, after: SubscriptionSnapshot) -> Foreseen:
    catalogue = catalogue_of([before])
    return Foreseen(before=coming(before, catalogue=catalogue), after=coming(after, catalogue=catalogue))


def _with(
    row: Subscription, coupon: Coupon, merchant: Merchant, now: Now
) -> tuple[SubscriptionSnapshot, SubscriptionSnapshot]:
    _check_running(row)
    picture = snapshots([row], merchant)[row.pk]
    use = _use(row, coupon)
    if use is not None and use.ended_at is None:
        raise Conflict(gettext_noop("This coupon is on the subscription already."), code="coupon_attached")
    if use is None:
        _at_field(lambda: check_coupons([coupon], row.payer_id, now))
        (added,) = coupon_pictures([coupon.pk])
    else:
        (added,) = coupon_pictures([coupon.pk], {coupon.pk: use.periods_used})
        if added.is_spent:
            raise Conflict(gettext_noop("This coupon was used up on this subscription."), code="coupon_spent")
    _check_covers(picture, added)
    return picture, replace(picture, coupons=(*picture.coupons, added))


def _without(
    row: Subscription, coupon: Coupon, merchant: Merchant, now: Now
) -> tuple[SubscriptionSnapshot, SubscriptionSnapshot]:
    _check_running(row)
    picture = snapshots([row], merchant)[row.pk]
    left = tuple(one for one in picture.coupons if one.id != str(coupon.pk))
    if left == picture.coupons:
        raise Conflict(gettext_noop("This coupon is not on the subscription."), code="coupon_not_attached")
    return picture, replace(picture, coupons=left)


def _check_running(row: Subscription) -> None:
    if row.status not in (*LIVE, Subscription.Status.SCHEDULED):
        raise not_running(row)


def _check_covers(picture: SubscriptionSnapshot, coupon: CouponSnapshot) -> None:
    if coupon.amount_off is not None and coupon.currency != picture.offer.currency:
        detail = gettext_noop("This coupon is in another currency than the offer.")
        raise Invalid.at("coupon", "coupon_currency_mismatch", detail)
    had = {picture.offer.offer_id, *(option.option_id for option in picture.options if option.ends_on is None)}
    if coupon.applies_to and not coupon.applies_to & had:
        detail = gettext_noop("This coupon is for nothing of this subscription.")
        raise Invalid.at("coupon", "coupon_does_not_apply", detail)


def _use(row: Subscription, coupon: Coupon) -> SubscriptionCoupon | None:
    return SubscriptionCoupon.objects.filter(subscription=row, coupon=coupon).first()


def _at_field(check: Callable[[], None]) -> None:
    """The same refusals beside `coupon`, as this action calls it."""
    try:
        check()
    except Invalid as refusal:
        errors = [replace(error, field="coupon") for error in refusal.errors]
        raise Invalid(code=refusal.code, errors=errors) from refusal
