"""One contract for every gateway that takes money by itself. The oracle is the provider's own list of captures."""

from __future__ import annotations

import threading

import pytest

from billing.gateways import declines
from billing.gateways.base import (
    MethodDetails,
    Outcome,
    OutcomeKind,
    RefundAsk,
)
from tests.contracts.gateway_asks import ask
from tests.contracts.gateway_rigs import Rig

K = OutcomeKind


def test_a_charge_captures_once_and_names_the_card(rig: Rig, customer: str) -> None:
    method = rig.method("pm_card_visa", customer)
    found = rig.gateway.charge(ask(customer, method))
    assert (found.kind, found.captured, found.currency, found.code) == (K.SUCCEEDED, 2990, "EUR", None)
    assert found.method is not None
    assert (found.method.provider_ref, found.method.customer_ref) == (method, customer)
    assert (found.method.kind, found.method.brand, found.method.last4) == ("card", "visa", "4242")
    assert (found.method.exp_month, found.method.exp_year) == (12, 2034)
    assert rig.captures("pay_1") == [2990]


@pytest.mark.parametrize(
    ("token", "code", "word", "advice"),
    [
        ("chargeDeclined", declines.CARD_DECLINED, "generic_decline", "retry"),
        ("chargeDeclinedInsufficientFunds", declines.INSUFFICIENT_FUNDS, "insufficient_funds", "retry"),
        ("chargeDeclinedProcessingError", declines.PROCESSING_ERROR, "processing_error", "retry"),
        ("chargeDeclinedExpiredCard", declines.CARD_EXPIRED, "expired_card", "customer"),
        ("chargeDeclinedIncorrectCvc", declines.CARD_WRONG, "incorrect_cvc", "customer"),
        ("chargeDeclinedLostCard", declines.CARD_LOST_OR_STOLEN, "lost_card", "stop"),
        ("chargeDeclinedStolenCard", declines.CARD_LOST_OR_STOLEN, "stolen_card", "stop"),
        ("chargeDeclinedFraudulent", declines.FRAUD_SUSPECTED, "fraudulent", "stop"),
        ("chargeCustomerFail", declines.CARD_DECLINED, "generic_decline", "retry"),
    ],
)
def test_a_decline_says_why_and_what_may_follow(rig: Rig, customer, token, code, word, advice) -> None:
    found = rig.gateway.charge(ask(customer, f"pm_card_{token}"))
    assert (found.kind, found.captured) == (K.FAILED, 0)
    assert (found.code, found.decline_code, found.advice) == (code, word, advice)
    assert found.provider_ref is not None
    assert found.message
    assert rig.captures("pay_1") == []
    assert rig.gateway.payment_outcome(key="pay_1", customer_ref=customer).kind is K.FAILED


def test_the_same_key_captures_once(rig: Rig, customer: str) -> None:
    method = rig.method("pm_card_visa", customer)
    first, second = (rig.gateway.charge(ask(customer, method)) for _ in range(2))
    assert first.kind is second.kind is K.SUCCEEDED
    assert first.provider_ref == second.provider_ref
    assert rig.captures("pay_1") == [2990]


def test_a_declined_key_stays_declined(rig: Rig, customer: str) -> None:
    first, second = (rig.gateway.charge(ask(customer, "pm_card_chargeDeclined")) for _ in range(2))
    assert (first.kind, second.kind) == (K.FAILED, K.FAILED)
    assert first.provider_ref == second.provider_ref


def test_a_key_used_for_another_amount_is_unknown_not_failed(rig: Rig, customer: str) -> None:
    method = rig.method("pm_card_visa", customer)
    rig.gateway.charge(ask(customer, method))
    found = rig.gateway.charge(ask(customer, method, amount=3990))
    assert (found.kind, found.code, found.captured) == (K.UNKNOWN, declines.KEY_REUSED, None)
    assert rig.captures("pay_1") == [2990]


def test_eight_at_once_with_one_key_capture_once(rig: Rig, customer: str) -> None:
    method = rig.method("pm_card_visa", customer)
    start, found = threading.Barrier(8), []

    def go() -> None:
        start.wait()
        found.append(rig.gateway.charge(ask(customer, method)))

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert {one.kind for one in found} <= {K.SUCCEEDED, K.UNKNOWN}
    assert all(one.code == declines.IN_PROGRESS for one in found if one.kind is K.UNKNOWN)
    assert rig.captures("pay_1") == [2990]
    assert rig.gateway.payment_outcome(key="pay_1", customer_ref=customer).kind is K.SUCCEEDED


def test_no_answer_before_the_capture_is_unknown_then_not_found_then_one_capture(rig: Rig, customer: str) -> None:
    method = rig.losing("before", customer)
    lost = rig.gateway.charge(ask(customer, method))
    assert (lost.kind, lost.code, lost.captured, lost.advice) == (K.UNKNOWN, declines.NO_ANSWER, None, None)
    assert rig.captures("pay_1") == []
    looked_up = rig.gateway.payment_outcome(key="pay_1", customer_ref=customer)
    assert (looked_up.kind, looked_up.captured) == (K.NOT_FOUND, 0)
    assert rig.gateway.charge(ask(customer, method)).kind is K.SUCCEEDED
    assert rig.captures("pay_1") == [2990]


def test_no_answer_after_the_capture_is_unknown_and_found_by_our_key(rig: Rig, customer: str) -> None:
    method = rig.losing("after", customer)
    lost = rig.gateway.charge(ask(customer, method))
    assert (lost.kind, lost.provider_ref, lost.captured) == (K.UNKNOWN, None, None)
    assert rig.captures("pay_1") == [2990]
    looked_up = rig.gateway.payment_outcome(key="pay_1", customer_ref=customer)
    assert (looked_up.kind, looked_up.captured, looked_up.currency) == (K.SUCCEEDED, 2990, "EUR")
    again = rig.gateway.charge(ask(customer, method))
    assert (again.kind, again.provider_ref) == (K.SUCCEEDED, looked_up.provider_ref)
    assert rig.captures("pay_1") == [2990]


def test_what_was_never_asked_is_not_found(rig: Rig, customer: str) -> None:
    assert rig.gateway.payment_outcome(key="pay_never", customer_ref=customer).kind is K.NOT_FOUND
    assert rig.gateway.payment_outcome(key="pay_never").kind is K.NOT_FOUND
    assert rig.gateway.payment_outcome(key="x", provider_ref="pi_nothing").kind is K.NOT_FOUND
    assert rig.gateway.checkout_outcome("cs_nothing").kind is K.NOT_FOUND
    assert rig.gateway.expire_checkout("cs_nothing").kind is K.NOT_FOUND
    assert rig.gateway.refund_outcome(key="ref_1", payment_ref="pi_nothing").kind is K.NOT_FOUND


def test_an_amount_too_small_blames_nobody(rig: Rig, customer: str) -> None:
    found = rig.gateway.charge(ask(customer, rig.method("pm_card_visa", customer), amount=10))
    assert (found.kind, found.code, found.advice) == (K.FAILED, declines.AMOUNT_TOO_SMALL, None)
    assert rig.captures("pay_1") == []


def test_a_forgotten_method_is_gone(rig: Rig, customer: str) -> None:
    method = rig.method("pm_card_visa", customer)
    assert rig.gateway.detach_method(method).kind is K.SUCCEEDED
    assert rig.gateway.detach_method(method).kind is K.SUCCEEDED
    found = rig.gateway.charge(ask(customer, method))
    assert (found.kind, found.code, found.advice) == (K.FAILED, declines.METHOD_GONE, "customer")
    assert rig.captures("pay_1") == []


def test_a_card_that_the_bank_refuses_is_not_saved(rig: Rig, customer: str) -> None:
    found = rig.gateway.attach_method(token="pm_card_chargeDeclined", customer_ref=customer)
    assert isinstance(found, Outcome)
    assert (found.kind, found.code) == (K.FAILED, declines.CARD_DECLINED)


def test_a_payer_has_one_customer(rig: Rig, customer: str) -> None:
    again = rig.gateway.ensure_customer(key="sub_1", email="lea@example.com", name="Léa B.", metadata={})
    other = rig.gateway.ensure_customer(key="sub_2", email="lea@example.com", name="Léa", metadata={})
    assert again == customer
    assert other != customer


def test_authentication_later_then_paid(rig: Rig, customer: str) -> None:
    method = rig.method("pm_card_authenticationRequired", customer)
    found = rig.gateway.charge(ask(customer, method))
    assert (found.kind, found.captured, found.code) == (K.REQUIRES_ACTION, 0, declines.AUTHENTICATION_REQUIRED)
    assert found.advice == "customer"
    assert found.provider_ref is not None
    step = rig.gateway.authenticate(
        provider_ref=found.provider_ref, method_ref=method, return_url="https://pay.example/back"
    )
    assert step.kind is K.REQUIRES_ACTION
    assert step.action_url is not None and step.action_url.startswith("http")
    assert rig.captures("pay_1") == []
    rig.answer_bank(found.provider_ref, passed=True)
    after = rig.gateway.payment_outcome(key="pay_1", provider_ref=found.provider_ref)
    assert (after.kind, after.captured) == (K.SUCCEEDED, 2990)
    assert rig.captures("pay_1") == [2990]
    late = rig.gateway.authenticate(provider_ref=found.provider_ref, method_ref=method, return_url="https://x.example")
    assert (late.kind, late.action_url) == (K.SUCCEEDED, None)


@pytest.mark.parametrize(
    ("token", "passed", "code"),
    [
        ("authenticationRequired", False, declines.AUTHENTICATION_FAILED),
        ("authenticationRequiredChargeDeclinedInsufficientFunds", True, declines.INSUFFICIENT_FUNDS),
    ],
)
def test_authentication_later_then_refused(rig: Rig, customer: str, token: str, passed: bool, code: str) -> None:
    method = rig.method(f"pm_card_{token}", customer)
    found = rig.gateway.charge(ask(customer, method, return_url="https://pay.example/back"))
    assert found.kind is K.REQUIRES_ACTION and found.provider_ref and found.action_url
    rig.answer_bank(found.provider_ref, passed=passed)
    after = rig.gateway.payment_outcome(key="pay_1", provider_ref=found.provider_ref)
    assert (after.kind, after.code, after.captured) == (K.FAILED, code, 0)
    assert rig.captures("pay_1") == []


def test_a_payment_that_waits_can_be_closed_for_good(rig: Rig, customer: str) -> None:
    method = rig.method("pm_card_authenticationRequired", customer)
    found = rig.gateway.charge(ask(customer, method, return_url="https://pay.example/back"))
    assert found.provider_ref
    closed = rig.gateway.cancel_payment(found.provider_ref)
    assert (closed.kind, closed.captured) == (K.EXPIRED, 0)
    rig.answer_bank(found.provider_ref, passed=True)
    assert rig.captures("pay_1") == []
    assert rig.gateway.payment_outcome(key="pay_1", provider_ref=found.provider_ref).kind is K.EXPIRED


def test_closing_what_was_paid_meanwhile_says_so(rig: Rig, customer: str) -> None:
    found = rig.gateway.charge(ask(customer, rig.method("pm_card_visa", customer)))
    assert found.provider_ref
    closed = rig.gateway.cancel_payment(found.provider_ref)
    assert (closed.kind, closed.captured) == (K.SUCCEEDED, 2990)


def refund(ref: str, key: str, amount: int) -> RefundAsk:
    return RefundAsk(key=key, provider_ref=ref, amount=amount, currency="EUR")


def test_refunds_never_exceed_the_capture(rig: Rig, customer: str) -> None:
    paid = rig.gateway.charge(ask(customer, rig.method("pm_card_visa", customer)))
    assert paid.provider_ref
    first = rig.gateway.refund(refund(paid.provider_ref, "ref_1", 1000))
    assert (first.kind, first.refunded, first.currency) == (K.SUCCEEDED, 1000, "EUR")
    again = rig.gateway.refund(refund(paid.provider_ref, "ref_1", 1000))
    assert (again.kind, again.provider_ref) == (K.SUCCEEDED, first.provider_ref)
    too_much = rig.gateway.refund(refund(paid.provider_ref, "ref_2", 1991))
    assert (too_much.kind, too_much.code, too_much.advice) == (K.FAILED, declines.REFUND_TOO_LARGE, None)
    assert rig.gateway.refund(refund(paid.provider_ref, "ref_3", 1990)).kind is K.SUCCEEDED
    nothing_left = rig.gateway.refund(refund(paid.provider_ref, "ref_4", 1))
    assert (nothing_left.kind, nothing_left.code) == (K.FAILED, declines.REFUND_TOO_LARGE)
    after = rig.gateway.payment_outcome(key="pay_1", provider_ref=paid.provider_ref)
    assert (after.kind, after.captured, after.refunded) == (K.SUCCEEDED, 2990, 2990)


def test_a_refund_can_be_asked_about(rig: Rig, customer: str) -> None:
    paid = rig.gateway.charge(ask(customer, rig.method("pm_card_visa", customer)))
    assert paid.provider_ref
    assert rig.gateway.refund_outcome(key="ref_1", payment_ref=paid.provider_ref).kind is K.NOT_FOUND
    made = rig.gateway.refund(refund(paid.provider_ref, "ref_1", 500))
    found = rig.gateway.refund_outcome(key="ref_1", payment_ref=paid.provider_ref)
    assert (found.kind, found.provider_ref, found.refunded) == (K.SUCCEEDED, made.provider_ref, 500)


def test_what_the_bank_took_back_is_not_refunded_too(rig: Rig, customer: str) -> None:
    paid = rig.gateway.charge(ask(customer, rig.method("pm_card_createDispute", customer)))
    assert (paid.kind, paid.captured) == (K.SUCCEEDED, 2990)
    assert paid.provider_ref
    found = rig.gateway.refund(refund(paid.provider_ref, "ref_1", 2990))
    assert (found.kind, found.code) == (K.FAILED, declines.DISPUTED)


def test_method_details_hold_no_card_number(rig: Rig, customer: str) -> None:
    saved = rig.gateway.attach_method(token="pm_card_visa", customer_ref=customer)
    assert isinstance(saved, MethodDetails)
    assert "42424242" not in repr(saved)
    assert "42424242" not in repr(rig.gateway.charge(ask(customer, saved.provider_ref)))
