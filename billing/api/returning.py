"""`/subscriptions/{id}/reactivate`: back after the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from billing.api import subscribing
from billing.api.bodies import ReactivateBody
from billing.api.named import named_coupons, named_options
from billing.api.subscribing import SubscribedShape, SubscriptionPreviewShape
from billing.flows import reactivate
from billing.flows.reactivate import Again
from merchants.http.operations import operation
from merchants.http.views import ApiView, created
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from subscribers.selectors import people


class ReactivatePreviewShape(SubscriptionPreviewShape):
    """What it would be and cost. `left_out`: options that it had and that are not sold with its offer any more."""

    left_out: list[str]


def _asked(body: Mapping[str, Any]) -> Again:
    return Again(
        quantity=body.get("quantity"),
        options=named_options(body) if "options" in body else None,
        coupons=named_coupons(body),
        reference=body.get("reference"),
        start_on=body.get("start_on"),
        metadata=body.get("metadata"),
    )


class Reactivate(ApiView):
    """Coming back."""

    scopes = {"POST": "subscriptions:write"}

    @property
    def scope(self) -> bool:  # type: ignore[override] # a constant elsewhere: here the body decides
        """What waits for a payment asks the provider for it, outside any transaction."""
        return subscribing.begins_at_once(self.body)

    @operation("Reactivate a subscription", answer=SubscribedShape, body=ReactivateBody, status=201)
    def post(self, request: Request, subscription: str) -> Response:
        """After its end it goes on as a new one (`reactivates` names the ended one), on its offer as it is sold now, in
        the first paid stage and without a setup fee. As for a purchase, it begins when its first invoice is paid by the
        method that is kept, or at once with `activation: now`. 409 `subscription_not_ended` (take the planned end back
        instead), `subscription_never_began`, `already_reactivated`, `offer_archived`."""
        merchant_id, actor = self.caller.merchant_id, self.actor
        if subscribing.begins_at_once(self.body):
            row = self._ended(subscription)
            asked = _asked(self.body)
            done = reactivate.reactivate(merchant_id=merchant_id, subscription_id=row.pk, again=asked, actor=actor)
            return created(subscribing.subscribed(done))
        with tenant(merchant_id):
            row, asked = self._ended(subscription), _asked(self.body)
        session = reactivate.reactivate_paid(
            merchant_id=merchant_id, subscription_id=row.pk, again=asked, actor=actor, session_id=self.claim_id
        )
        with tenant(merchant_id):
            return created(subscribing.subscribed(session.subscription, session))

    def _ended(self, subscription: str) -> Subscription:
        row: Subscription = self.find(people.on_shown_clocks(Subscription.objects.all()), subscription)
        return row


class PreviewReactivate(ApiView):
    """What coming back would cost."""

    scopes = {"POST": "subscriptions:read"}

    @operation("Preview a reactivation", answer=ReactivatePreviewShape, body=ReactivateBody)
    def post(self, request: Request, subscription: str) -> Response:
        """The same refusals as the act, the documents and dates that it would make; nothing is changed."""
        row = self.find(people.on_shown_clocks(Subscription.objects.all()), subscription)
        seen = reactivate.foresee(row, _asked(self.body), actor=self.actor)
        shown: ReactivatePreviewShape = {
            **subscribing.previewed(seen.previewed),
            "left_out": [one.option_version.option.public_id for one in seen.left_out],
        }
        return Response(shown)
