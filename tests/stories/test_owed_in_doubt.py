"""An open invoice and its link while money is on its way: pages that wait, silent providers, a bank that asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.flows import looking, owed
from billing.flows.pay import PaymentUnderWay, ProviderSilent
from billing.gateways.base import Outcome, OutcomeKind
from billing.gateways.simulated import SimulatedGateway
from billing.models import SimulatedPage
from invoices.models import Payment
from merchants.clock import instant
from merchants.tenancy.scope import tenant
from tests.stories.owing import Debt

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("status", ["pending", "processing", "unknown"])
def test_while_money_is_on_its_way_no_page_opens(debt, shop, status, monkeypatch):
    with tenant(shop.id):
        Payment.objects.create(
            payer=debt.lucie,
            invoice=debt.invoice,
            account=shop.account,
            gateway="simulated",
            means="card",
            automatic=True,
            amount=9_00,
            currency="EUR",
            status=status,
            created_at=shop.now().at,
            asked_at=instant(),
        )
    monkeypatch.setattr(looking, "ask_about", lambda **_: Outcome(kind=OutcomeKind.UNKNOWN))
    assert debt.look().state == "under_way"
    with pytest.raises(PaymentUnderWay):
        debt.start()
    with pytest.raises(PaymentUnderWay):
        debt.start(another_card=True)
    assert (len(debt.payments()), debt.captured()) == (1, [])


def test_an_automatic_charge_closes_the_open_page_first(debt):
    debt.start()
    debt.collect()
    page, charge = debt.payments()
    assert (page.status, page.code, charge.automatic) == ("failed", "expired", True)
    assert debt.press(which=0).kind is OutcomeKind.EXPIRED
    assert debt.captured() == []


def test_a_page_that_was_paid_before_the_automatic_charge_is_the_only_capture(debt):
    debt.start()
    debt.press()
    debt.collect()
    assert debt.stands() == ("paid", 9_00)
    assert debt.captured() == [9_00]


def test_a_provider_that_is_silent_opens_no_second_page(refused, monkeypatch):
    refused.start()
    refused.credit(2_00)
    silent = Outcome(kind=OutcomeKind.UNKNOWN)
    monkeypatch.setattr(SimulatedGateway, "expire_checkout", lambda *_: silent)
    with pytest.raises(ProviderSilent):
        refused.start(seen=7_00)
    assert [one.status for one in refused.payments()] == ["failed", "pending"]


def test_a_page_whose_answer_was_lost_is_asked_for_again_under_the_same_key(refused, monkeypatch):
    opened = SimulatedGateway.open_checkout

    def lost(gateway: SimulatedGateway, ask: Any) -> Outcome:
        opened(gateway, ask)
        return Outcome(kind=OutcomeKind.UNKNOWN)

    with monkeypatch.context() as cut:
        cut.setattr(SimulatedGateway, "open_checkout", lost)
        with pytest.raises(ProviderSilent):
            refused.start()
    assert refused.start()
    assert len(refused.payments()) == 2
    refused.press()
    refused.look()
    assert refused.captured() == [9_00]


class TestTheBankAsks:
    """3-D Secure demanded later: the card that was saved needs its owner."""

    @pytest.fixture
    def debt(self, shop) -> Debt:
        debt = Debt(shop, "pm_card_authenticationRequired")
        debt.collect()
        (payment,) = debt.payments()
        assert (payment.status, payment.automatic) == ("requires_action", True)
        assert debt.look().state == "waits_for_bank"
        return debt

    def test_one_click_leads_to_the_bank_and_the_same_payment_is_captured_once(self, debt, shop):
        address = debt.start()
        (payment,) = debt.payments()
        assert address == payment.action_url
        shop.gateway().answer_bank(f"pi_sim_{payment.pk}", passed=True)
        assert debt.look().state == "paid"
        assert (debt.captured(), len(debt.payments())) == ([9_00], 1)
        assert debt.stands() == ("paid", 9_00)

    def test_who_says_no_to_the_bank_may_pay_with_another_card(self, debt, shop):
        debt.start()
        (payment,) = debt.payments()
        shop.gateway().answer_bank(f"pi_sim_{payment.pk}", passed=False)
        assert debt.look().state == "owed"
        debt.start()
        debt.press()
        assert debt.look().state == "paid"
        assert debt.captured() == [9_00]

    def test_another_card_closes_the_payment_that_waits_before_its_page_opens(self, debt, shop):
        debt.start()
        debt.start(another_card=True)
        waited, page = debt.payments()
        assert (waited.status, waited.code, page.hosted) == ("failed", "expired", True)
        assert shop.gateway().answer_bank(f"pi_sim_{waited.pk}", passed=True).kind is OutcomeKind.EXPIRED
        debt.press()
        assert debt.look().state == "paid"
        assert debt.captured() == [9_00]

    def test_who_agreed_at_the_bank_in_another_tab_pays_no_second_time(self, debt, shop):
        debt.start()
        (payment,) = debt.payments()
        shop.gateway().answer_bank(f"pi_sim_{payment.pk}", passed=True)
        with pytest.raises(owed.NothingOwed):
            debt.start(another_card=True)
        assert (debt.captured(), len(debt.payments())) == ([9_00], 1)

    def test_a_credit_meanwhile_never_lets_the_bank_take_the_old_sum(self, debt, shop):
        debt.credit(2_00)
        debt.start(seen=7_00)
        waited, page = debt.payments()
        assert (waited.status, page.amount) == ("failed", 7_00)
        debt.press()
        assert debt.look().state == "paid"
        assert debt.captured() == [7_00]


def test_a_debit_chosen_on_the_page_is_under_way_and_no_second_payment_is_offered(refused):
    refused.start()
    refused.press("pm_sepa_debitSucceeds")
    debt = refused.look()
    assert (debt.state, debt.flight.status, refused.stands()) == ("under_way", "processing", ("open", 0))
    with pytest.raises(PaymentUnderWay):
        refused.start()
    assert len(refused.payments()) == 2


def test_a_page_that_was_left_expires_and_another_one_opens(refused, shop):
    first = refused.start()
    page = refused.payments()[-1]
    with tenant(shop.id):
        held = SimulatedPage.objects.get(ref=str(page.pk))
        past = (instant() - timedelta(minutes=1)).isoformat()
        held.content = {**held.content, "wish": {**held.content["wish"], "expires_at": past}}
        held.save()
    assert refused.look().state == "owed"
    assert refused.start() != first
    assert [one.status for one in refused.payments()] == ["failed", "failed", "pending"]
    refused.press()
    refused.look()
    assert refused.captured() == [9_00]
