"""What only the Stripe gateway has to stand: its faults, its look-ups, its notices, its currencies, its accounts."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe

from billing.gateways import declines
from billing.gateways.base import BadSignature, ChargeAsk, CheckoutPage, Outcome, OutcomeKind, RefundAsk
from billing.gateways.registry import gateway_for
from billing.gateways.stripe import API_VERSION

from .double_at_work import STRIPE_KEY, DoubleAtWork
from .gateway_asks import ask, page_ask
from .gateway_rigs import StripeRig

K = OutcomeKind
SECRET = "whsec_contract"


@pytest.fixture
def rig(double: DoubleAtWork) -> StripeRig:
    return StripeRig(double)


@pytest.fixture
def payer(rig: StripeRig) -> tuple[str, str]:
    customer = rig.gateway.ensure_customer(key="sub_1", email="lea@example.com", name="Léa", metadata={})
    assert isinstance(customer, str)
    return customer, rig.method("pm_card_visa", customer)


def test_the_pinned_version_is_the_librarys() -> None:
    assert stripe.api_version == API_VERSION


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("500", declines.PROVIDER_ERROR),
        ("502", declines.PROVIDER_ERROR),
        ("503", declines.PROVIDER_ERROR),
        ("429", declines.RATE_LIMITED),
        ("409", declines.IN_PROGRESS),
        ("reset_before", declines.NO_ANSWER),
        ("timeout_before", declines.NO_ANSWER),
    ],
)
def test_faults_before_the_capture_are_unknown(rig: StripeRig, payer: tuple[str, str], fault: str, code: str) -> None:
    rig.double.fault("payment_intents.create", fault)
    found = rig.gateway.charge(ask(*payer))
    assert (found.kind, found.code, found.captured, found.advice) == (K.UNKNOWN, code, None, None)
    assert rig.captures("pay_1") == []
    assert rig.gateway.payment_outcome(key="pay_1", customer_ref=payer[0]).kind is K.NOT_FOUND


@pytest.mark.parametrize("fault", ["reset_after", "timeout_after", "500_after"])
def test_faults_after_the_capture_are_unknown_and_found(rig: StripeRig, payer: tuple[str, str], fault: str) -> None:
    rig.double.fault("payment_intents.create", fault)
    assert rig.gateway.charge(ask(*payer)).kind is K.UNKNOWN
    assert rig.captures("pay_1") == [2990]
    found = rig.gateway.payment_outcome(key="pay_1", customer_ref=payer[0])
    assert (found.kind, found.captured) == (K.SUCCEEDED, 2990)
    assert rig.gateway.charge(ask(*payer)).kind is K.SUCCEEDED
    assert rig.captures("pay_1") == [2990]


def test_a_replayed_500_is_looked_up_and_ends(rig: StripeRig, payer: tuple[str, str]) -> None:
    """Stripe stores 500s: the same key would get the same 500 for ever."""
    rig.double.fault("payment_intents.create", "500")
    assert rig.gateway.charge(ask(*payer)).kind is K.UNKNOWN
    again = rig.gateway.charge(ask(*payer))
    assert (again.kind, again.code, again.advice) == (K.FAILED, declines.PROVIDER_ERROR, "retry")
    assert rig.captures("pay_1") == []
    assert rig.gateway.charge(ask(*payer, key="pay_2")).kind is K.SUCCEEDED
    assert rig.captures("pay_2") == [2990]


def test_one_call_a_question_and_no_retries_of_the_librarys(rig: StripeRig, payer: tuple[str, str]) -> None:
    before = len(rig.double.requests(STRIPE_KEY))
    rig.double.fault("payment_intents.create", "429", times=10)
    rig.gateway.charge(ask(*payer))
    assert [row["call"] for row in rig.double.requests(STRIPE_KEY)[before:]] == ["payment_intents.create"]


@pytest.mark.parametrize("fault", ["401", "403"])
def test_a_refused_key_is_for_staff_and_no_fault_of_the_card(
    rig: StripeRig, payer: tuple[str, str], fault: str
) -> None:
    rig.double.fault("payment_intents.create", fault)
    found = rig.gateway.charge(ask(*payer))
    assert (found.kind, found.code, found.advice) == (K.FAILED, declines.PROVIDER_REFUSED_KEY, None)
    rig.double.fault("payment_intents.list", fault)
    asked = rig.gateway.payment_outcome(key="pay_1", customer_ref=payer[0])
    assert asked.kind is K.UNKNOWN


def test_no_answer_to_a_question_is_unknown(rig: StripeRig, payer: tuple[str, str]) -> None:
    paid = rig.gateway.charge(ask(*payer))
    rig.double.fault("payment_intents.*", "reset_before", times=2)
    assert rig.gateway.payment_outcome(key="pay_1", customer_ref=payer[0]).kind is K.UNKNOWN
    assert rig.gateway.payment_outcome(key="pay_1", provider_ref=paid.provider_ref).kind is K.UNKNOWN
    rig.double.fault("refunds.create", "timeout_after")
    wish = RefundAsk(key="ref_1", provider_ref=paid.provider_ref or "", amount=990, currency="EUR")
    assert rig.gateway.refund(wish).kind is K.UNKNOWN
    found = rig.gateway.refund_outcome(key="ref_1", payment_ref=paid.provider_ref or "")
    assert (found.kind, found.refunded) == (K.SUCCEEDED, 990)
    assert rig.double.captures()[0]["amount_refunded"] == 990


def test_an_unreachable_provider_is_unknown() -> None:
    gateway = gateway_for("stripe", secret="sk_test_nowhere", api_base="http://127.0.0.1:9", timeout=1)
    found = gateway.charge(ask("cus_1", "pm_1"))
    assert (found.kind, found.code) == (K.UNKNOWN, declines.NO_ANSWER)


def test_after_stripe_forgot_the_keys_a_look_up_still_finds_the_capture(rig: StripeRig, payer: tuple[str, str]) -> None:
    rig.double.fault("payment_intents.create", "timeout_after")
    assert rig.gateway.charge(ask(*payer)).kind is K.UNKNOWN
    rig.double.console("reset", {"idempotency": True})
    assert rig.gateway.payment_outcome(key="pay_1", customer_ref=payer[0]).kind is K.SUCCEEDED
    calls = [row["call"] for row in rig.double.requests()]
    assert calls.count("payment_intents.create") == 1
    assert calls[-1] == "payment_intents.list"


def test_a_look_up_reads_beyond_the_first_page_of_a_customer(rig: StripeRig, payer: tuple[str, str]) -> None:
    rig.gateway.charge(ask(*payer))
    for turn in range(105):
        rig.gateway.charge(ask(*payer, key=f"other_{turn}"))
    found = rig.gateway.payment_outcome(key="pay_1", customer_ref=payer[0])
    assert (found.kind, found.captured) == (K.SUCCEEDED, 2990)


def test_without_a_customer_the_look_up_is_a_search(rig: StripeRig, payer: tuple[str, str]) -> None:
    rig.gateway.charge(ask(*payer))
    assert rig.gateway.payment_outcome(key="pay_1").captured == 2990
    assert rig.double.requests()[-1]["call"] == "payment_intents.search"


def test_a_search_that_is_late_does_not_make_a_payment_vanish(rig: StripeRig, payer: tuple[str, str]) -> None:
    """Stripe's index may lack the last minute; a new charge on that ground would be a second one."""
    rig.gateway.charge(ask(*payer))
    rig.double.fault("payment_intents.search", "search_late")
    assert rig.gateway.payment_outcome(key="pay_1").captured == 2990
    assert [row["call"] for row in rig.double.requests()][-2:] == ["payment_intents.search", "payment_intents.list"]


def test_what_was_not_read_to_the_end_is_unknown_not_absent(
    rig: StripeRig, payer: tuple[str, str], monkeypatch
) -> None:
    monkeypatch.setattr("billing.gateways.stripe._LIST_MOST", 3)
    for turn in range(4):
        rig.gateway.charge(ask(*payer, key=f"pay_{turn}"))
    assert rig.gateway.payment_outcome(key="pay_3", customer_ref=payer[0]).kind is K.SUCCEEDED
    assert rig.gateway.payment_outcome(key="pay_0", customer_ref=payer[0]).kind is K.UNKNOWN


def test_a_page_lives_as_long_as_stripe_allows(rig: StripeRig) -> None:
    now = datetime.now(UTC)
    short = rig.gateway.open_checkout(page_ask(expires_at=now + timedelta(minutes=5)))
    long = rig.gateway.open_checkout(page_ask(key="pay_2", expires_at=now + timedelta(days=3)))
    assert isinstance(short, CheckoutPage) and isinstance(long, CheckoutPage)
    assert timedelta(minutes=30) < short.expires_at - now < timedelta(minutes=42)
    assert timedelta(hours=23) < long.expires_at - now <= timedelta(hours=24)


def test_a_page_that_gets_no_answer_is_opened_by_the_same_key(rig: StripeRig) -> None:
    rig.double.fault("checkout.sessions.create", "timeout_after")
    wish = page_ask()
    unheard = rig.gateway.open_checkout(wish)
    assert isinstance(unheard, Outcome) and unheard.kind is K.UNKNOWN
    assert isinstance(rig.gateway.open_checkout(wish), CheckoutPage)
    made = [row for row in rig.double.requests() if row["call"] == "checkout.sessions.create" and not row["replayed"]]
    assert len(made) == 1


def test_closing_a_page_without_an_answer_is_unknown(rig: StripeRig) -> None:
    page = rig.gateway.open_checkout(page_ask())
    assert isinstance(page, CheckoutPage)
    rig.double.fault("checkout.sessions.expire", "timeout_after")
    assert rig.gateway.expire_checkout(page.provider_session).kind is K.UNKNOWN
    assert rig.gateway.expire_checkout(page.provider_session).kind is K.EXPIRED


@pytest.mark.parametrize(
    ("currency", "amount", "at_stripe"),
    [("JPY", 1500, 1500), ("ISK", 1500, 150_000), ("UGX", 40_000, 4_000_000), ("TND", 12_340, 12_340)],
)
def test_currencies_that_stripe_counts_otherwise(
    rig: StripeRig, payer: tuple[str, str], currency, amount, at_stripe
) -> None:
    wish = ChargeAsk(
        key="pay_1", amount=amount, currency=currency, customer_ref=payer[0], method_ref=payer[1], description="F-1"
    )
    found = rig.gateway.charge(wish)
    assert (found.kind, found.captured, found.currency) == (K.SUCCEEDED, amount, currency)
    assert rig.captures("pay_1") == [at_stripe]
    back = RefundAsk(key="ref_1", provider_ref=found.provider_ref or "", amount=amount, currency=currency)
    assert rig.gateway.refund(back).refunded == amount


def test_an_amount_that_stripe_cannot_take_never_leaves(rig: StripeRig, payer: tuple[str, str]) -> None:
    wish = ChargeAsk(
        key="pay_1", amount=12_345, currency="TND", customer_ref=payer[0], method_ref=payer[1], description="F-1"
    )
    before = len(rig.double.requests())
    found = rig.gateway.charge(wish)
    assert (found.kind, found.code) == (K.FAILED, declines.AMOUNT_NOT_POSSIBLE)
    assert len(rig.double.requests()) == before


def test_accounts_never_mix(rig: StripeRig, payer: tuple[str, str], double: DoubleAtWork) -> None:
    paid = rig.gateway.charge(ask(*payer))
    other = gateway_for("stripe", secret="sk_test_another_account", api_base=double.url, timeout=5)
    assert other.payment_outcome(key="pay_1", provider_ref=paid.provider_ref).kind is K.NOT_FOUND
    assert other.payment_outcome(key="pay_1").kind is K.NOT_FOUND
    assert other.charge(ask(*payer)).code == declines.METHOD_GONE
    assert double.captures("sk_test_another_account") == []


# -- notices -----------------------------------------------------------------------------------------------------


def signed(event: dict[str, Any], secret: str = SECRET, at: int | None = None) -> tuple[bytes, str]:
    body = json.dumps(event)
    return body.encode(), stripe.WebhookSignature.generate_signature_header(body, secret, at)


def event(kind: str = "payment_intent.succeeded", **obj) -> dict[str, Any]:
    inner = {"id": "pi_1", "object": "payment_intent", "metadata": {"tacite_payment": "pay_1"}} | obj
    return {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "created": 1_760_000_000,
        "livemode": False,
        "data": {"object": inner},
    }


def read(rig: StripeRig, body: bytes, signature: str, secret: str = SECRET):
    return rig.gateway.read_notice(body=body, signature=signature, secret=secret)


def test_a_notice_is_read(rig: StripeRig) -> None:
    found = read(rig, *signed(event()))
    assert (found.provider, found.event_id, found.kind) == ("stripe", "evt_1", "payment_intent.succeeded")
    assert (found.object_ref, found.payment_ref, found.payment_key) == ("pi_1", "pi_1", "pay_1")
    assert found.created_at == datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)
    assert (found.livemode, found.account, found.refund_key) == (False, None, None)
    assert found.raw["id"] == "evt_1"


def test_notices_of_other_objects_name_their_payment(rig: StripeRig) -> None:
    refund = event("refund.created", id="re_1", object="refund", payment_intent="pi_9", metadata={"tacite_refund": "r"})
    found = read(rig, *signed(refund))
    assert (found.object_ref, found.payment_ref, found.refund_key, found.payment_key) == ("re_1", "pi_9", "r", None)
    page = event(
        "checkout.session.completed",
        id="cs_1",
        object="checkout.session",
        client_reference_id="pay_7",
        payment_intent="pi_7",
        metadata={},
    )
    found = read(rig, *signed(page))
    assert (found.object_ref, found.payment_ref, found.payment_key) == ("cs_1", "pi_7", "pay_7")


def test_an_event_of_next_year_is_read_too(rig: StripeRig) -> None:
    found = read(rig, *signed(event("payment_intent.teleported", id=None, metadata=None, object="unheard_of")))
    assert (found.kind, found.object_ref, found.payment_key) == ("payment_intent.teleported", None, None)


def test_notices_that_nobody_may_believe(rig: StripeRig) -> None:
    body, signature = signed(event())
    old = int(time.time()) - 301
    for wrong_body, wrong_signature, secret in [
        (body.replace(b"evt_1", b"evt_2"), signature, SECRET),
        (body, signature, "whsec_of_another"),
        (body, "", SECRET),
        (body, "t=1,v1=nonsense", SECRET),
        (*signed(event(), at=old), SECRET),
        (body, signature, ""),
        (b"\xff\xfe" + body, signature, SECRET),
    ]:
        with pytest.raises(BadSignature):
            read(rig, wrong_body, wrong_signature, secret)


@pytest.mark.parametrize("nonsense", [[], "text", 7, None, {}, {"id": "evt_1"}, {"id": "e", "data": {"object": None}}])
def test_signed_nonsense_is_refused_too(rig: StripeRig, nonsense) -> None:
    with pytest.raises(BadSignature):
        read(rig, *signed(nonsense))
