"""Fourth check, when asked for: the same few calls against Stripe's own test mode, answered as the double answers.

Set STRIPE_TEST_KEY to a key of a test account (`sk_test_…`) to run it; it needs the network.
"""

from __future__ import annotations

import os
import uuid
from typing import Any

import pytest
import stripe

from billing.gateways.base import ChargeAsk, MethodDetails, OutcomeKind, RefundAsk
from billing.gateways.registry import gateway_for

from ..double_at_work import STRIPE_KEY, DoubleAtWork

REAL_KEY = os.environ.get("STRIPE_TEST_KEY", "")
pytestmark = pytest.mark.skipif(not REAL_KEY.startswith("sk_test_"), reason="STRIPE_TEST_KEY is not set")


def story(secret: str, api_base: str | None) -> list[Any]:
    """A few asks through the gateway; what came back, without ids."""
    gateway = gateway_for("stripe", secret=secret, api_base=api_base)
    mark = uuid.uuid4().hex
    customer = gateway.ensure_customer(key=mark, email=f"{mark}@example.com", name="Tacite", metadata={})
    assert isinstance(customer, str)
    seen: list[Any] = []
    for token in ("pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired"):
        method = gateway.attach_method(token=token, customer_ref=customer)
        assert isinstance(method, MethodDetails)
        wish = ChargeAsk(
            key=f"{mark}-{token}",
            amount=990,
            currency="EUR",
            customer_ref=customer,
            method_ref=method.provider_ref,
            description="Contract check",
        )
        first, again = gateway.charge(wish), gateway.charge(wish)
        found = gateway.payment_outcome(key=wish.key, customer_ref=customer)
        assert first.provider_ref == again.provider_ref == found.provider_ref
        seen.append((token, method.last4, first.kind, first.code, first.decline_code, first.captured, found.kind))
        if first.kind is OutcomeKind.SUCCEEDED:
            for amount in (500, 600):
                back = RefundAsk(
                    key=f"{mark}-{amount}", provider_ref=first.provider_ref or "", amount=amount, currency="EUR"
                )
                seen.append((amount, gateway.refund(back).kind, gateway.refund(back).code))
    return seen


def test_stripe_itself_answers_as_the_double_does(double: DoubleAtWork) -> None:
    assert story(REAL_KEY, None) == story(STRIPE_KEY, double.url)


def test_stripe_itself_refuses_the_same_parameters(double: DoubleAtWork) -> None:
    def refusal(secret: str, bases: Any) -> tuple[Any, ...]:
        client = stripe.StripeClient(secret, base_addresses=bases)
        with pytest.raises(stripe.InvalidRequestError) as raised:
            client.raw_request("post", "/v1/payment_intents", amount=990, currency="eur", bogus=1)
        return raised.value.http_status, raised.value.code, raised.value.param

    assert refusal(REAL_KEY, None) == refusal(STRIPE_KEY, {"api": double.url})
