"""Manual means: nothing happens by itself, and nothing pretends to."""

from __future__ import annotations

import pytest

from billing.gateways import declines
from billing.gateways.base import BadSignature, Outcome, OutcomeKind, RefundAsk
from billing.gateways.registry import gateway_for

from .gateway_asks import ask, page_ask

MANUAL = gateway_for("manual")


def test_everything_about_money_needs_a_person() -> None:
    back = RefundAsk(key="ref_1", provider_ref="x", amount=100, currency="EUR")
    for found in (
        MANUAL.charge(ask("cus", "cash")),
        MANUAL.open_checkout(page_ask()),
        MANUAL.checkout_outcome("cs"),
        MANUAL.expire_checkout("cs"),
        MANUAL.payment_outcome(key="pay_1"),
        MANUAL.authenticate(provider_ref="x", method_ref="y", return_url="https://x.example"),
        MANUAL.cancel_payment("x"),
        MANUAL.refund(back),
        MANUAL.refund_outcome(key="ref_1", payment_ref="x"),
        MANUAL.attach_method(token="cash", customer_ref="cus"),
    ):
        assert isinstance(found, Outcome)
        assert (found.kind, found.code) == (OutcomeKind.UNSUPPORTED, declines.NEEDS_A_PERSON)
        assert found.captured == 0


def test_our_own_id_is_the_customer() -> None:
    assert MANUAL.ensure_customer(key="sub_1", email="", name="Léa", metadata={}) == "sub_1"
    assert MANUAL.detach_method("cash").kind is OutcomeKind.SUCCEEDED


def test_nobody_sends_notices_of_cash() -> None:
    with pytest.raises(BadSignature):
        MANUAL.read_notice(body=b"{}", signature="", secret="")


def test_the_registry_knows_three_kinds_and_what_each_needs() -> None:
    for kind, needs in (("paypal", "known: stripe"), ("stripe", "secret key"), ("simulated", "books")):
        with pytest.raises(ValueError, match=needs):
            gateway_for(kind)
