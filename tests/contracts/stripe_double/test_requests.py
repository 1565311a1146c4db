"""First check: what the SDK's types do not know is refused, in Stripe's words; what they know is taken."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tools.stripe_double.routes import ROUTES

from ..double_at_work import STRIPE_KEY, DoubleAtWork

CHARGE = {"amount": 1000, "currency": "eur"}


@pytest.mark.parametrize(
    ("call", "params", "message", "code"),
    [
        ("payment_intents", {**CHARGE, "bogus": 1}, "Received unknown parameter: bogus", "parameter_unknown"),
        (
            "payment_intents",
            {**CHARGE, "payment_method_options": {"card": {"nope": 1}}},
            "Received unknown parameter: payment_method_options[card][nope]",
            "parameter_unknown",
        ),
        (
            "payment_intents",
            {**CHARGE, "payment_method_types": ["card"]},
            "Received unknown parameter: payment_method_types",
            "parameter_unknown",
        ),
        ("payment_intents", {"currency": "eur"}, "Missing required param: amount.", "parameter_missing"),
        (
            "payment_intents",
            {**CHARGE, "capture_method": "wrong"},
            "Invalid capture_method: must be one of automatic, automatic_async, manual",
            None,
        ),
        (
            "payment_intents",
            {**CHARGE, "amount": "12.50"},
            "Invalid integer: 12.50",
            "parameter_invalid_integer",
        ),
        ("payment_intents", {**CHARGE, "confirm": "maybe"}, "Invalid boolean: maybe", None),
        ("payment_intents", {**CHARGE, "metadata": "text"}, "Invalid object: metadata", None),
        (
            "payment_intents",
            {**CHARGE, "off_session": "sometimes"},
            "Invalid off_session: must be one of one_off, recurring",
            None,
        ),
        (
            "customers",
            {"address": {"line1": "1 rue", "zip": "75001"}},
            "Received unknown parameter: address[zip]",
            "parameter_unknown",
        ),
        (
            "refunds",
            {"payment_intent": "pi_1", "reason": "nope"},
            "Invalid reason: must be one of duplicate, fraudulent, requested_by_customer",
            None,
        ),
        (
            "checkout/sessions",
            {"mode": "subscribe", "success_url": "https://x.example"},
            "Invalid mode: must be one of payment, setup, subscription",
            None,
        ),
        (
            "checkout/sessions",
            {"mode": "payment", "success_url": "https://x.example"},
            "You must pass `line_items` in `payment` mode.",
            "parameter_missing",
        ),
        (
            "checkout/sessions",
            {"mode": "setup", "currency": "eur"},
            "Missing required param: success_url.",
            "parameter_missing",
        ),
    ],
)
def test_wrong_parameters_are_refused(
    double: DoubleAtWork, call: str, params: dict[str, Any], message: str, code
) -> None:
    client = stripe.StripeClient(STRIPE_KEY, base_addresses={"api": double.url}, max_network_retries=0)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.raw_request("post", f"/v1/{call}", **params)
    assert (refusal.value.user_message, refusal.value.code) == (message, code)
    assert refusal.value.http_status == 400
    assert double.captures() == []


def test_a_refused_request_leaves_its_key_unused(client) -> None:
    customer = client.customers.create({"email": "a@example.com"})
    wish = {**CHARGE, "customer": customer.id, "payment_method": "pm_card_visa", "confirm": True}
    with pytest.raises(stripe.InvalidRequestError):
        client.payment_intents.create({**wish, "off_session": True, "bogus": 1}, {"idempotency_key": "k"})
    assert client.payment_intents.create({**wish, "off_session": True}, {"idempotency_key": "k"}).status == "succeeded"


def test_every_route_has_a_type_of_the_sdk_and_answers(double: DoubleAtWork) -> None:
    """No route is declared and forgotten: asked with something unknown, each says so, by its own type."""
    client = stripe.StripeClient(STRIPE_KEY, base_addresses={"api": double.url}, max_network_retries=0)
    assert len(ROUTES) == len({(route.method, route.path) for route in ROUTES}) == 55
    for route in ROUTES:
        assert route.params.__module__.startswith("stripe.params")
        if route.method == "DELETE":
            continue  # the SDK sends what a DELETE has in the query; there is nothing to refuse
        with pytest.raises(stripe.InvalidRequestError, match="Received unknown parameter: bogus"):
            client.raw_request(route.method.lower(), route.path.replace("{id}", "x_1"), bogus="1")


@pytest.mark.parametrize("key", ["sk_live_0123456789abcdef", "nonsense", "sk_test_"])
def test_only_test_keys_open_the_door(double: DoubleAtWork, key: str) -> None:
    client = stripe.StripeClient(key, base_addresses={"api": double.url}, max_network_retries=0)
    with pytest.raises(stripe.AuthenticationError) as refusal:
        client.v1.customers.list()
    assert refusal.value.http_status == 401
    assert key not in str(refusal.value)


def test_another_version_is_refused(double: DoubleAtWork) -> None:
    client = stripe.StripeClient(STRIPE_KEY, base_addresses={"api": double.url}, stripe_version="2020-08-27")
    with pytest.raises(stripe.InvalidRequestError, match="Invalid Stripe API version: 2020-08-27"):
        client.v1.customers.list()


def test_an_unknown_address_is_stripes_404(double: DoubleAtWork) -> None:
    client = stripe.StripeClient(STRIPE_KEY, base_addresses={"api": double.url})
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL") as refusal:
        client.raw_request("get", "/v1/unheard_of")
    assert refusal.value.http_status == 404


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"number": "4111111111111111"}, "card_declined"),
        ({"exp_year": 2020}, "invalid_expiry_year"),
        ({"exp_month": 13}, "invalid_expiry_month"),
    ],
)
def test_cards_that_are_none(client, card: dict[str, Any], code: str) -> None:
    whole = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "123"} | card
    with pytest.raises(stripe.CardError) as refusal:
        client.payment_methods.create({"type": "card", "card": whole})
    assert (refusal.value.code, refusal.value.http_status) == (code, 402)


@pytest.mark.parametrize("change", [{"number": "4242424242424242"}, {"exp_month": 12}])
def test_cards_that_are_right(client, change: dict[str, Any]) -> None:
    whole = {"number": "5555555555554444", "exp_month": 1, "exp_year": 2034, "cvc": "123"} | change
    assert client.payment_methods.create({"type": "card", "card": whole}).card.exp_year == 2034


def test_expiry_of_pages_has_bounds(client) -> None:
    import time

    wish = {"mode": "setup", "currency": "eur", "success_url": "https://x.example"}
    for seconds, words in ((60, "at least 30 minutes"), (2 * 86_400, "less than 24 hours")):
        with pytest.raises(stripe.InvalidRequestError, match=words):
            client.checkout.sessions.create({**wish, "expires_at": int(time.time()) + seconds})
