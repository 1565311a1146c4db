"""Actions of `/subscriptions` with its coupons: `add_coupon`, `remove_coupon`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypedDict, cast

from rest_framework.request import Request
from rest_framework.response import Response

from billing.flows import coupons
from billing.flows.coupons import Foreseen
from billing.flows.purchase import told_later
from billing.selectors.answers import LaterShape, SubscriptionShape, subscriptions_shown
from merchants.http.bodies import Body
from merchants.http.fields import PublicId, Text
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.views import ApiView
from merchants.models import Coupon
from merchants.selectors.clocks import now_for
from merchants.selectors.shapes import Says
from subscribers.models import Subscription
from subscribers.selectors import people

WRITES, PREVIEWED = {"POST": "subscriptions:write"}, {"POST": "subscriptions:read"}


class CouponOfBody(Body):
    """Which coupon, and why: the reason is kept in the history."""

    coupon = PublicId("cou")
    reason = Text(max_length=200, required=False, allow_blank=True)


class CouponPreviewShape(TypedDict):
    """The charges ahead as they are (`before`) and as they would be (`later`)."""

    object: Annotated[str, Says(one_of=("coupon_preview",))]
    subscription: str
    coupon: str
    currency: str
    before: list[LaterShape]
    later: list[LaterShape]


class _OfCoupon(ApiView):
    """A subscription and the coupon that a body names."""

    def named(self, subscription: str) -> tuple[Subscription, Coupon]:
        """Both rows. Raises NotFound, Invalid at `coupon`."""
        rows = people.on_shown_clocks(Subscription.objects.select_related("offer_version", "payer"))
        row: Subscription = self.find(rows, subscription)
        return row, find(Coupon.objects.filter(is_gesture=False), self.body["coupon"], field="coupon")

    def previewed(self, row: Subscription, coupon: Coupon, seen: Foreseen) -> Response:
        """A preview as the API shows it."""
        shown: CouponPreviewShape = {
            "object": "coupon_preview",
            "subscription": row.public_id,
            "coupon": coupon.public_id,
            "currency": row.currency,
            "before": cast(list[LaterShape], told_later(seen.before)),
            "later": cast(list[LaterShape], told_later(seen.after)),
        }
        return Response(shown)


class AddCoupon(_OfCoupon):
    """Attaching."""

    scopes = WRITES

    @operation("Add a coupon to a subscription", answer=SubscriptionShape, body=CouponOfBody)
    def post(self, request: Request, subscription: str) -> Response:
        """It takes off from the next document on, behind the coupons that are there, and counts one use. One that was
        removed before it was used up goes on where it stopped. 409 `coupon_attached`, `coupon_spent`."""
        row, coupon = self.named(subscription)
        done = coupons.add(
            merchant_id=self.merchant.pk,
            subscription_id=row.pk,
            coupon=coupon,
            actor=self.actor,
            reason=self.body.get("reason", ""),
        )
        return Response(subscriptions_shown([done])[0])


class PreviewAddCoupon(_OfCoupon):
    """What attaching would do."""

    scopes = PREVIEWED

    @operation("Preview adding a coupon", answer=CouponPreviewShape, body=CouponOfBody)
    def post(self, request: Request, subscription: str) -> Response:
        """The same refusals as the act, the charges that it would make; nothing is changed."""
        row, coupon = self.named(subscription)
        now = now_for(self.merchant, row.test_clock_id)
        return self.previewed(row, coupon, coupons.foresee_added(row, coupon, merchant=self.merchant, now=now))


class RemoveCoupon(_OfCoupon):
    """Taking off."""

    scopes = WRITES

    @operation("Remove a coupon from a subscription", answer=SubscriptionShape, body=CouponOfBody)
    def post(self, request: Request, subscription: str) -> Response:
        """The next document is without it; what was billed stays, and its use stays counted. 409
        `coupon_not_attached`."""
        row, coupon = self.named(subscription)
        done = coupons.remove(
            merchant_id=self.merchant.pk,
            subscription_id=row.pk,
            coupon=coupon,
            actor=self.actor,
            reason=self.body.get("reason", ""),
        )
        return Response(subscriptions_shown([done])[0])


class PreviewRemoveCoupon(_OfCoupon):
    """What taking off would do."""

    scopes = PREVIEWED

    @operation("Preview removing a coupon", answer=CouponPreviewShape, body=CouponOfBody)
    def post(self, request: Request, subscription: str) -> Response:
        """The same refusals as the act, the charges that it would make; nothing is changed."""
        row, coupon = self.named(subscription)
        now = now_for(self.merchant, row.test_clock_id)
        return self.previewed(row, coupon, coupons.foresee_removed(row, coupon, merchant=self.merchant, now=now))


ACTIONS: Mapping[str, type[ApiView]] = {"add_coupon": AddCoupon, "remove_coupon": RemoveCoupon}
PREVIEWS: Mapping[str, type[ApiView]] = {"add_coupon": PreviewAddCoupon, "remove_coupon": PreviewRemoveCoupon}
