"""Bodies and filters of billing's endpoints."""

from __future__ import annotations

from rest_framework import serializers

from merchants.http.bodies import Body, Filters
from merchants.http.fields import (
    Choice,
    Day,
    Flag,
    Instant,
    Metadata,
    PublicId,
    Quantity,
    Reference,
    Text,
    WebAddress,
)
from subscribers.models import Subscription

MOST_OPTIONS, MOST_COUPONS, ADDRESS_LENGTH = 50, 10, 1_000


def _text(most: int) -> Text:
    return Text(max_length=most, required=False, allow_blank=True)


class AddressBody(Body):
    """A postal address; only the parts that are named change."""

    line1 = _text(160)
    line2 = _text(160)
    postal_code = _text(16)
    city = _text(80)
    country = _text(2)


class SubscriberDataBody(Body):
    """Who buys: found by `reference`, else enrolled. Of somebody known only what is given here changes."""

    reference = Reference(required=False)
    name = _text(160)
    email = _text(254)
    phone = _text(32)
    birth_on = Day(required=False, allow_null=True)
    company = _text(160)
    siren = _text(20)
    vat_number = _text(20)
    address = AddressBody(required=False)
    locale = Choice(choices=["en", "fr"], required=False)
    metadata = Metadata(required=False)


class WishedOptionBody(Body):
    """An option, and how many."""

    option = PublicId("opt")
    quantity = Quantity(required=False)


class CheckoutSessionBody(Body):
    """What is bought and by whom: `subscriber`, or `subscriber_data`. Addresses left out are the merchant's own."""

    subscriber = PublicId("cus", required=False)
    subscriber_data = SubscriberDataBody(required=False)
    offer = PublicId("off")
    options = serializers.ListField(child=WishedOptionBody(), max_length=MOST_OPTIONS, required=False)
    quantity = Quantity(required=False)
    coupons = serializers.ListField(child=PublicId("cou"), max_length=MOST_COUPONS, required=False)
    allow_codes = Flag(required=False)
    success_url = WebAddress(max_length=ADDRESS_LENGTH, required=False)
    failure_url = WebAddress(max_length=ADDRESS_LENGTH, required=False)
    cancel_url = WebAddress(max_length=ADDRESS_LENGTH, required=False)
    locale = Choice(choices=["en", "fr"], required=False)
    metadata = Metadata(required=False)
    reference = Reference(required=False, help_text="The subscription's own")


class CheckoutSessionFilters(Filters):
    """Which purchases."""

    subscriber = PublicId("cus", required=False)
    status = Choice(choices=["open", "complete", "expired"], required=False)
    created_after = Instant(required=False)


class SubscriptionFilters(Filters):
    """Which subscriptions; `offer` in whichever version."""

    subscriber = PublicId("cus", required=False)
    offer = PublicId("off", required=False)
    status = Choice(choices=list(Subscription.Status.values), required=False)
    payment_state = Choice(choices=list(Subscription.PaymentState.values), required=False)
    reference = Reference(required=False)
    created_after = Instant(required=False)


class PastFilters(Filters):
    """A past state: what was true at `as_of` (default: now), and what we knew at `known_at` (default: all we know)."""

    as_of = Instant(required=False)
    known_at = Instant(required=False)


class CancelBody(Body):
    """When it ends, and why."""

    when = Choice(choices=["period_end"], required=False)
    reason = Text(max_length=200, required=False, allow_blank=True)


class PaymentMethodBody(Body):
    """A token that the provider gave the subscriber's browser; in a sandbox its public test tokens."""

    subscriber = PublicId("cus")
    type = Choice(choices=["card", "sepa_debit"])
    token = Text(max_length=255)


class PaymentMethodFilters(Filters):
    """Which payment methods; detached ones only when asked for."""

    subscriber = PublicId("cus", required=False)
    detached = Flag(required=False)
