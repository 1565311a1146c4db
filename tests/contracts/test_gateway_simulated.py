"""What only the simulated provider has: its clock, its page for our own form, its cards that fail later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.gateways import declines
from billing.gateways.base import BadSignature, Outcome, OutcomeKind
from billing.gateways.simulated_cards import CARDS

from .gateway_asks import ask, open_page, page_ask
from .gateway_rigs import SimulatedRig

K = OutcomeKind


@pytest.mark.parametrize(
    ("token", "code", "advice"),
    [
        ("declinedLater", declines.INSUFFICIENT_FUNDS, "retry"),
        ("expiredLater", declines.CARD_EXPIRED, "customer"),
    ],
)
def test_a_card_good_at_first_and_refused_at_renewal(token: str, code: str, advice: str) -> None:
    rig = SimulatedRig()
    session = open_page(rig)
    rig.pay(session, f"pm_card_{token}")
    first = rig.gateway.checkout_outcome(session)
    assert first.kind is K.SUCCEEDED and first.method and first.customer_ref
    later = rig.gateway.charge(ask(first.customer_ref, first.method.provider_ref, key="pay_2"))
    assert (later.kind, later.code, later.advice) == (K.FAILED, code, advice)
    assert (rig.captures("pay_1"), rig.captures("pay_2")) == ([1990], [])


def test_a_page_expires_by_the_clock_it_was_given() -> None:
    rig = SimulatedRig()
    session = open_page(rig)
    rig.time += timedelta(hours=22)
    assert rig.gateway.checkout_outcome(session).kind is K.OPEN
    rig.time += timedelta(hours=2)
    assert rig.gateway.checkout_outcome(session).kind is K.EXPIRED
    rig.pay(session, "pm_card_visa")
    assert rig.captures("pay_1") == []


def test_a_debit_is_answered_on_the_fifth_day() -> None:
    rig = SimulatedRig()
    session = open_page(rig)
    rig.debit(session, "debitSucceeds")
    rig.time += timedelta(days=5, seconds=-1)
    assert rig.gateway.checkout_outcome(session).kind is K.PROCESSING
    rig.time += timedelta(seconds=1)
    assert rig.gateway.checkout_outcome(session).kind is K.SUCCEEDED


def test_the_form_knows_what_to_show() -> None:
    rig = SimulatedRig()
    session = open_page(rig)
    form = rig.simulated.hosted_form(session)
    assert form is not None
    assert (form.state, form.amount, form.currency, form.description) == (K.OPEN, 1990, "EUR", "Hi-Fi, 1 mois")
    assert (form.waits_for_bank, form.problem, form.cancel_url) == (False, None, "https://shop.example/no")
    rig.pay(session, "pm_card_chargeDeclinedExpiredCard")
    form = rig.simulated.hosted_form(session)
    assert form is not None and (form.problem, form.state) == (declines.CARD_EXPIRED, K.OPEN)
    rig.pay(session, "pm_card_authenticationRequired")
    form = rig.simulated.hosted_form(session)
    assert form is not None and (form.waits_for_bank, form.state) == (True, K.OPEN)
    rig.simulated.answer_bank(session, passed=True)
    form = rig.simulated.hosted_form(session)
    assert form is not None and (form.waits_for_bank, form.state, form.problem) == (False, K.SUCCEEDED, None)
    assert rig.simulated.hosted_form("cs_sim_nothing") is None


def test_the_page_of_a_charge_knows_the_way_back() -> None:
    rig = SimulatedRig()
    method = rig.method("pm_card_authenticationRequired", "cus_1")
    found = rig.gateway.charge(ask("cus_1", method, return_url="https://pay.example/a"))
    assert found.provider_ref and found.action_url == f"https://pay.example/bank/{found.provider_ref}"
    assert rig.simulated.return_url(found.provider_ref) == "https://pay.example/a"
    rig.gateway.authenticate(provider_ref=found.provider_ref, method_ref=method, return_url="https://pay.example/b")
    assert rig.simulated.return_url(found.provider_ref) == "https://pay.example/b"
    assert rig.simulated.hosted_form(found.provider_ref) is None


def test_the_same_lives_have_the_same_end() -> None:
    """Two runs with the same keys and tokens give equal outcomes, references included."""

    def live() -> list[Outcome]:
        rig = SimulatedRig()
        seen: list[Outcome] = []
        for name in sorted(CARDS):
            card = CARDS[name]
            if card.kind == "card":
                seen.append(rig.gateway.charge(ask("cus_1", card.token, key=f"pay_{name}")))
        return seen

    first = live()
    assert first == live()
    kinds = [one.kind for one in first]
    assert (kinds.count(K.SUCCEEDED), kinds.count(K.UNKNOWN), kinds.count(K.REQUIRES_ACTION)) == (5, 2, 3)


def test_an_unknown_card_is_a_wrong_number() -> None:
    rig = SimulatedRig()
    session = open_page(rig)
    found = rig.simulated.press(session, token="pm_card_unheard_of")
    assert (found.kind, found.code) == (K.FAILED, declines.CARD_WRONG)
    assert rig.gateway.checkout_outcome(session).kind is K.OPEN


def test_a_lost_ask_leaves_nothing_to_authenticate_or_refund() -> None:
    rig = SimulatedRig()
    method = rig.losing("before", "cus_1")
    assert rig.gateway.charge(ask("cus_1", method)).kind is K.UNKNOWN
    assert rig.gateway.cancel_payment("pi_sim_pay_1").kind is K.NOT_FOUND
    assert rig.simulated.answer_bank("pi_sim_pay_1", passed=True).kind is K.NOT_FOUND
    assert rig.simulated.hosted_form("cs_sim_pay_1") is None
    opened = rig.gateway.open_checkout(page_ask())
    assert getattr(opened, "code", None) == declines.KEY_REUSED


def test_it_sends_no_notices() -> None:
    with pytest.raises(BadSignature):
        SimulatedRig().gateway.read_notice(body=b"{}", signature="x", secret="y")
