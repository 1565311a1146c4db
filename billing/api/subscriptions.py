"""`/subscriptions`: begun; read, as they are or were; cancelled."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, cast

from rest_framework.request import Request
from rest_framework.response import Response

from billing.api import subscribing
from billing.api.bodies import CancelBody, SubscriptionBody, SubscriptionFilters, leaving
from billing.api.subscribing import SubscribedShape, SubscriptionPreviewShape, credit_previewed
from billing.flows import cancel, subscribe, subscribe_paid
from billing.selectors.answers import SubscriptionShape, subscription_then, subscriptions_shown
from billing.selectors.cancelling import features_kept
from billing.selectors.leaving_answers import CancelPreviewShape
from billing.shapes import quote_line
from invoices import shapes as documents
from invoices.models import Invoice
from merchants.http.expand import expand
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.shared import PastFilters, SpanFilters
from merchants.http.views import ApiView, created
from merchants.ids import read
from merchants.models import Offer
from merchants.selectors.clocks import now_for
from merchants.selectors.offers import show_offers
from merchants.tenancy.scope import tenant
from subscribers import shapes as life
from subscribers.models import Subscriber, Subscription
from subscribers.selectors import people
from subscribers.selectors.compared import deal_compared
from subscribers.selectors.differences import DiffShape, diff_shown
from subscribers.selectors.moments import Past, Span

EXPANDED = ("offer", "subscriber", "latest_invoice")


def _keys(prefix: str, ids: Collection[str]) -> list[Any]:
    return [key for key in (read(prefix, one) for one in ids) if key]


def _offers(ids: Collection[str]) -> Mapping[str, Any]:
    rows = list(Offer.objects.filter(id__in=_keys("off", ids)))
    return {shown["id"]: shown for shown in show_offers(rows)}


def _subscribers(ids: Collection[str]) -> Mapping[str, Any]:
    return {row.public_id: life.subscriber(row) for row in Subscriber.objects.filter(id__in=_keys("cus", ids))}


def _invoices(ids: Collection[str]) -> Mapping[str, Any]:
    return {row.public_id: documents.invoice(row) for row in Invoice.objects.filter(id__in=_keys("inv", ids))}


LOADERS = {"offer": _offers, "subscriber": _subscribers, "latest_invoice": _invoices}


class Subscriptions(ApiView):
    """All subscriptions."""

    scopes = {"GET": "subscriptions:read", "POST": "subscriptions:write"}

    @property
    def scope(self) -> bool:  # type: ignore[override] # a constant elsewhere: here the body decides
        """What waits for a payment asks the provider for it, outside any transaction."""
        return self.request.method != "POST" or subscribing.begins_at_once(self.body)

    @operation("List subscriptions", answer=SubscriptionShape, page=True, filters=SubscriptionFilters, expand=EXPANDED)
    def get(self, request: Request) -> Response:
        """Newest first. An `incomplete` one is a purchase that nobody has paid for yet."""
        given = dict(self.filters)
        rows = people.on_shown_clocks(Subscription.objects.select_related("offer_version"))
        if "subscriber" in given:
            rows = rows.filter(subscriber=find(people.visible(), given.pop("subscriber"), field="subscriber"))
        if "offer" in given:
            rows = rows.filter(offer_version__offer=find(Offer.objects.all(), given.pop("offer"), field="offer"))
        if "created_after" in given:
            rows = rows.filter(created_at__gt=given.pop("created_after"))

        def show(found: list[Subscription]) -> list[Any]:
            shown: list[Any] = list(subscriptions_shown(found))
            expand(shown, self.expand, LOADERS)
            return shown

        return self.page(rows.filter(**given), show)

    @operation("Create a subscription", answer=SubscribedShape, body=SubscriptionBody, status=201)
    def post(self, request: Request) -> Response:
        """With `activation: now` it begins and is invoiced at once; what is due is asked for afterwards. Else the first
        invoice is charged to the payment method that is kept, and it begins when that is paid: until then it is
        `incomplete`, and `checkout_session` holds the form that takes another card."""
        body, merchant_id = self.body, self.caller.merchant_id
        actor = subscribing.acting(self.actor, body)
        if subscribing.begins_at_once(body):
            wanted = subscribing.wanted_of(body)
            row = subscribe.subscribe_now(merchant_id=merchant_id, wanted=wanted, actor=actor)
            return created(subscribing.subscribed(row))
        with tenant(merchant_id):
            wanted = subscribing.wanted_of(body)
        session = subscribe_paid.subscribe_paid(
            merchant_id=merchant_id, wanted=wanted, actor=actor, session_id=self.claim_id
        )
        with tenant(merchant_id):
            return created(subscribing.subscribed(session.subscription, session))


class PreviewSubscription(ApiView):
    """What a subscription would cost."""

    scopes = {"POST": "subscriptions:read"}

    @operation("Preview a subscription", answer=SubscriptionPreviewShape, body=SubscriptionBody)
    def post(self, request: Request) -> Response:
        """The same refusals as the act, the documents and dates that it would make; nothing is changed."""
        wanted = subscribing.wanted_of(self.body)
        actor = subscribing.acting(self.actor, self.body)
        seen = subscribe.preview(merchant_id=self.merchant.pk, wanted=wanted, actor=actor)
        return Response(subscribing.previewed(seen))


class OneSubscription(ApiView):
    """One subscription."""

    scopes = {"GET": "subscriptions:read"}

    @operation("Read a subscription", answer=SubscriptionShape, filters=PastFilters, expand=EXPANDED)
    def get(self, request: Request, subscription: str) -> Response:
        """With `as_of` or `known_at`: as it was then, with the options that it had and what was planned. Where there
        was none yet: 404 `not_there_then`. A moment that has not come: 422 `moment_to_come`."""
        row = self.find(people.on_shown_clocks(Subscription.objects.select_related("offer_version")), subscription)
        asked = Past.asked(self.filters, now_for(self.merchant, row.test_clock_id).at) if self.filters else None
        shown: list[Any] = [subscription_then(row, asked) if asked else subscriptions_shown([row])[0]]
        expand(shown, self.expand, LOADERS)
        return Response(shown[0])


class DiffOfSubscription(ApiView):
    """A subscription at two moments."""

    scopes = {"GET": "subscriptions:read"}

    @operation("Compare a subscription at two moments", answer=DiffShape, filters=SpanFilters)
    def get(self, request: Request, subscription: str) -> Response:
        """Every field that differs between `from` and `to`, of the subscription and of its options, coupons, rights and
        wishes, with what made it so. A field that changed and came back does not differ. Refused as a subscriber's."""
        row = self.find(people.on_shown_clocks(Subscription.objects.all()), subscription)
        span = Span.asked(self.filters, now_for(self.merchant, row.test_clock_id).at)
        return Response(diff_shown(deal_compared(row, span)))


class CancelSubscription(ApiView):
    """Cancelling."""

    scopes = {"POST": "subscriptions:write"}

    @operation("Cancel a subscription", answer=SubscriptionShape, body=CancelBody)
    def post(self, request: Request, subscription: str) -> Response:
        """It ends with its paid period (or free stage), or later where its commitment and notice say so: every feature
        stays until then, nothing more is billed. `now` ends it at once: what was in arrears is billed, what `refund`
        says is credited. On a day, it ends then, and is credited then. Before its commitment is over it ends at the fee
        that its offer says, if any: else 409 `commitment_running` names the first day on which it may end. One that is
        `scheduled` ends before it begins. Asked twice it stays as it is."""
        row = self.find(people.on_shown_clocks(Subscription.objects.all()), subscription)
        done = cancel.cancel(
            merchant_id=self.merchant.pk, subscription_id=row.pk, leaving=leaving(self.body), actor=self.actor
        )
        return Response(subscriptions_shown([done])[0])


class PreviewCancel(ApiView):
    """What cancelling would do."""

    scopes = {"POST": "subscriptions:read"}

    @operation("Preview a cancellation", answer=CancelPreviewShape, body=CancelBody)
    def post(self, request: Request, subscription: str) -> Response:
        """The same refusals as the act, the dates and sums that it would make; nothing is changed."""
        row = self.find(people.on_shown_clocks(Subscription.objects.select_related("offer_version")), subscription)
        now = now_for(self.merchant, row.test_clock_id)
        seen = cancel.foresee(row, leaving(self.body), merchant=self.merchant, now=now)
        shown: CancelPreviewShape = {
            "object": "cancel_preview",
            "subscription": row.public_id,
            "ends_on": seen.ends_on.isoformat(),
            "billing_ends_on": seen.ends_on.isoformat(),
            "last_day": (seen.ends_on - timedelta(days=1)).isoformat(),
            "currency": row.currency,
            "amount_due": seen.amount_due,
            "amount_credited": sum(back.plan.credit.gross for back in seen.backs),
            "amount_refunded": sum(back.plan.to_refund for back in seen.backs),
            "early_end_fee": seen.fee_due,
            "early_end_line": cast(Any, quote_line(seen.fee)) if seen.fee else None,
            "lines": cast(Any, [quote_line(line) for draft in seen.documents for line in draft.lines]),
            "credits": [credit_previewed(back.invoice, back.plan) for back in seen.backs],
            "features_kept": features_kept(row, ends_on=seen.ends_on, now=now),
        }
        return Response(shown)
