"""One contract for the hosted page of every gateway that takes money by itself."""

from __future__ import annotations

import threading

import pytest

from billing.gateways import declines
from billing.gateways.base import (
    CheckoutPage,
    Outcome,
    OutcomeKind,
)
from tests.contracts.gateway_asks import ask, open_page, page_ask
from tests.contracts.gateway_rigs import Rig

K = OutcomeKind


def test_a_page_paid_saves_the_method_for_later(rig: Rig) -> None:
    session = open_page(rig)
    assert rig.gateway.checkout_outcome(session).kind is K.OPEN
    rig.pay(session, "pm_card_visa")
    found = rig.gateway.checkout_outcome(session)
    assert (found.kind, found.captured, found.currency) == (K.SUCCEEDED, 1990, "EUR")
    assert found.method is not None and found.customer_ref is not None
    assert found.method.last4 == "4242"
    assert rig.captures("pay_1") == [1990]
    by_ref = rig.gateway.payment_outcome(key="pay_1", provider_ref=found.provider_ref)
    assert (by_ref.kind, by_ref.captured) == (K.SUCCEEDED, 1990)
    later = rig.gateway.charge(ask(found.customer_ref, found.method.provider_ref, key="pay_2"))
    assert later.kind is K.SUCCEEDED
    assert (rig.captures("pay_1"), rig.captures("pay_2")) == ([1990], [2990])


def test_a_known_customer_stays_the_same_on_the_page(rig: Rig, customer: str) -> None:
    session = open_page(rig, customer_ref=customer)
    rig.pay(session, "pm_card_visa")
    found = rig.gateway.checkout_outcome(session)
    assert found.customer_ref == customer
    assert found.method is not None and found.method.customer_ref == customer


def test_a_page_opened_twice_with_one_key_is_one_page(rig: Rig) -> None:
    wish = page_ask()
    first, second = rig.gateway.open_checkout(wish), rig.gateway.open_checkout(wish)
    assert isinstance(first, CheckoutPage) and isinstance(second, CheckoutPage)
    assert first.provider_session == second.provider_session
    other = rig.gateway.open_checkout(page_ask(amount=4990))
    assert isinstance(other, Outcome)
    assert (other.kind, other.code) == (K.UNKNOWN, declines.KEY_REUSED)


def test_a_decline_leaves_the_page_open_for_another_card(rig: Rig) -> None:
    session = open_page(rig)
    rig.pay(session, "pm_card_chargeDeclinedInsufficientFunds")
    declined = rig.gateway.checkout_outcome(session)
    assert (declined.kind, declined.code, declined.advice) == (K.OPEN, declines.INSUFFICIENT_FUNDS, "retry")
    assert rig.captures("pay_1") == []
    rig.pay(session, "pm_card_visa")
    rig.pay(session, "pm_card_visa")
    assert rig.gateway.checkout_outcome(session).kind is K.SUCCEEDED
    assert rig.captures("pay_1") == [1990]


def test_authentication_now_on_the_page(rig: Rig) -> None:
    session = open_page(rig)
    rig.pay(session, "pm_card_authenticationRequired", bank="fail")
    assert rig.gateway.checkout_outcome(session).kind is K.OPEN
    rig.pay(session, "pm_card_authenticationRequired")
    assert rig.gateway.checkout_outcome(session).kind is K.OPEN
    assert rig.captures("pay_1") == []
    session = open_page(rig, key="pay_2")
    rig.pay(session, "pm_card_authenticationRequired", bank="pass")
    assert rig.gateway.checkout_outcome(session).kind is K.SUCCEEDED
    assert (rig.captures("pay_1"), rig.captures("pay_2")) == ([], [1990])


def test_an_abandoned_page_stays_open_until_it_is_closed_for_good(rig: Rig) -> None:
    session = open_page(rig)
    assert rig.gateway.checkout_outcome(session).kind is K.OPEN
    closed = rig.gateway.expire_checkout(session)
    assert (closed.kind, closed.captured) == (K.EXPIRED, 0)
    assert rig.gateway.expire_checkout(session).kind is K.EXPIRED
    rig.pay(session, "pm_card_visa")
    assert rig.gateway.checkout_outcome(session).kind is K.EXPIRED
    assert rig.captures("pay_1") == []


def test_closing_a_page_while_the_bank_asks_keeps_the_money_away(rig: Rig) -> None:
    session = open_page(rig)
    rig.pay(session, "pm_card_authenticationRequired")
    assert rig.gateway.expire_checkout(session).kind is K.EXPIRED
    rig.pay(session, "pm_card_visa", bank="pass")
    assert rig.captures("pay_1") == []


def test_closing_a_page_that_was_paid_a_moment_before_says_paid(rig: Rig) -> None:
    session = open_page(rig)
    rig.pay(session, "pm_card_visa")
    found = rig.gateway.expire_checkout(session)
    assert (found.kind, found.captured) == (K.SUCCEEDED, 1990)
    assert found.method is not None
    assert rig.captures("pay_1") == [1990]


def test_paying_and_closing_at_once_end_in_one_of_two_ways(rig: Rig) -> None:
    for turn in range(6):
        key = f"pay_race_{turn}"
        session, start = open_page(rig, key=key), threading.Barrier(2)
        closed: list[Outcome] = []

        def pay(session=session, start=start) -> None:
            start.wait()
            rig.pay(session, "pm_card_visa")

        def close(session=session, start=start, closed=closed) -> None:
            start.wait()
            closed.append(rig.gateway.expire_checkout(session))

        threads = [threading.Thread(target=pay), threading.Thread(target=close)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (closed[0].kind, rig.captures(key)) in [(K.SUCCEEDED, [1990]), (K.EXPIRED, [])]


def test_a_card_saved_without_paying(rig: Rig) -> None:
    session = open_page(rig, mode="setup", amount=0)
    rig.pay(session, "pm_card_authenticationRequiredOnSetup", bank="pass")
    found = rig.gateway.checkout_outcome(session)
    assert (found.kind, found.captured) == (K.SUCCEEDED, 0)
    assert found.customer_ref and found.method
    assert found.method.last4 == "3155"
    later = rig.gateway.charge(ask(found.customer_ref, found.method.provider_ref, key="pay_2"))
    assert (later.kind, later.captured) == (K.SUCCEEDED, 2990)
    assert rig.captures("pay_1") == []


@pytest.mark.parametrize(
    ("name", "kind", "captured"),
    [("debitSucceeds", K.SUCCEEDED, 1990), ("debitFails", K.FAILED, 0)],
)
def test_a_debit_is_processing_for_days(rig: Rig, name: str, kind: OutcomeKind, captured: int) -> None:
    session = open_page(rig)
    rig.debit(session, name)
    found = rig.gateway.checkout_outcome(session)
    assert (found.kind, found.captured) == (K.PROCESSING, None)
    assert found.method is not None and found.method.kind == "sepa_debit"
    assert rig.captures("pay_1") == []
    assert rig.gateway.expire_checkout(session).kind is K.PROCESSING
    rig.days_pass()
    after = rig.gateway.payment_outcome(key="pay_1", provider_ref=found.provider_ref)
    assert (after.kind, after.captured) == (kind, captured)
    assert rig.captures("pay_1") == ([1990] if captured else [])
    if kind is K.FAILED:
        assert (after.code, after.advice) == (declines.DEBIT_REFUSED, "retry")
