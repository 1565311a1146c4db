"""Collecting where nobody knows yet: lost answers, dead workers, open pages, a capture that comes twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.flows import collect, looking, outcome, owed, reconcile, way
from billing.flows.collect import Collected
from billing.gateways.base import Outcome, OutcomeKind
from billing.gateways.simulated import SimulatedGateway
from invoices.models import Payment, Refund
from merchants.clock import instant
from merchants.models import Event
from merchants.tenancy.scope import tenant
from tests.stories.debtors import Debtor

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_answer_that_was_lost_after_the_capture_is_found_and_never_charged_again(shop):
    """F05."""
    lucie = Debtor.of(shop, "pm_card_answerLostAfter")
    assert lucie.collect().by_status == {"unknown": 1}
    assert lucie.captured() == [12_99]
    assert (lucie.invoice().status, lucie.standing()[:3]) == ("open", ("active", "processing", "full"))
    assert lucie.collect() == Collected()
    assert (lucie.cases(), lucie.events("payment.")) == ([], [])
    for _ in range(2):
        lucie.settle()
    assert lucie.captured() == [12_99]
    assert lucie.tries() == [("succeeded", "")]
    assert (lucie.invoice().status, lucie.standing()[:3]) == ("paid", ("active", "ok", "full"))


def test_an_ask_that_never_arrived_leads_to_exactly_one_later_capture(shop):
    """F06."""
    lucie = Debtor.of(shop, "pm_card_answerLostBefore")
    lucie.collect()
    assert (lucie.tries(), lucie.captured()) == ([("unknown", "no_answer")], [])
    lucie.settle()
    assert lucie.tries() == [("failed", "never_asked")]
    assert lucie.invoice().collect_at is not None
    assert (lucie.cases(), lucie.events("payment.failed")) == ([], [])
    lucie.gives("pm_card_visa")  # the lost card loses every first ask
    assert lucie.captured() == [12_99]
    assert lucie.tries() == [("failed", "never_asked"), ("succeeded", "")]


def test_a_worker_that_died_before_it_asked_leaves_a_payment_that_is_found(shop):
    lucie = Debtor.of(shop, "pm_card_visa")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collect, "_charge", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            lucie.collect()
    assert lucie.tries() == [("pending", "")]
    assert lucie.collect() == Collected()
    lucie.settle()
    assert lucie.tries() == [("pending", "")], "it may still come: 15 minutes are waited for"
    with tenant(shop.id):
        Payment.objects.update(asked_at=instant() - timedelta(minutes=16))
    lucie.settle()
    lucie.collect()
    assert lucie.tries() == [("failed", "never_asked"), ("succeeded", "")]
    assert lucie.captured() == [12_99]


def test_a_provider_out_of_order_is_no_debt_of_the_subscriber(shop):
    lucie = Debtor.of(shop, "pm_card_visa")
    down = Outcome(kind=OutcomeKind.FAILED, captured=0, code="rate_limited")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SimulatedGateway, "charge", lambda *_: down)
        lucie.collect()
    assert lucie.tries() == [("failed", "rate_limited")]
    assert (lucie.cases(), lucie.events("payment.")) == ([], [])
    assert lucie.standing() == ("active", "ok", "full", "active")
    assert lucie.invoice().collect_at == lucie.now.at + timedelta(minutes=10)
    assert [one["needs"] for one in lucie.told("invoice.payment_failed")] == ["staff"]
    lucie.wait_until(1)
    lucie.collect()
    assert lucie.captured() == [12_99]
    assert lucie.invoice().status == "paid"


def test_an_open_page_is_closed_before_the_card_is_charged(shop):
    """Peers charged twice here: page and automatic charge (reliability 2.4, 37)."""
    lucie = Debtor.of(shop, "pm_card_visa")
    owed.start(merchant_id=shop.id, invoice_id=lucie.invoice_id, seen=12_99)
    page = lucie.payments()[0]
    lucie.collect()
    assert lucie.tries() == [("failed", "expired"), ("succeeded", "")]
    shop.gateway().press(page.provider_session, token="pm_card_mastercard")
    looking.ask_about(merchant_id=shop.id, payment_id=page.pk)
    assert lucie.captured() == [12_99]
    assert lucie.events("payment.") == ["payment.succeeded"]


def test_a_page_that_was_paid_meanwhile_is_found_and_nothing_is_charged(shop):
    lucie = Debtor.of(shop, "pm_card_visa")
    owed.start(merchant_id=shop.id, invoice_id=lucie.invoice_id, seen=12_99)
    page = lucie.payments()[0]
    shop.gateway().press(page.provider_session, token="pm_card_mastercard")
    assert lucie.collect().payments == {}
    assert lucie.tries() == [("succeeded", "")]
    assert lucie.captured() == [12_99]


def test_a_page_that_the_provider_does_not_close_keeps_the_card_from_being_charged(shop):
    lucie = Debtor.of(shop, "pm_card_visa")
    owed.start(merchant_id=shop.id, invoice_id=lucie.invoice_id, seen=12_99)
    silent = Outcome(kind=OutcomeKind.UNKNOWN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(way, "_close", lambda _: silent)
        assert lucie.collect() == Collected()
    assert [status for status, _ in lucie.tries()] == ["pending"]
    assert lucie.captured() == []
    assert lucie.invoice().collect_at == lucie.now.at + timedelta(minutes=5)


def test_a_second_capture_is_recorded_with_its_own_amount_and_goes_back(shop):
    lucie = Debtor.of(shop, "pm_card_visa")
    lucie.collect()
    with tenant(shop.id):  # a page of which nobody knew any more, paid after all
        late = Payment.objects.create(
            payer=lucie.person,
            invoice_id=lucie.invoice_id,
            account=shop.account,
            gateway="simulated",
            means="card",
            hosted=True,
            amount=12_99,
            currency="EUR",
            created_at=instant(),
        )
    taken = Outcome(kind=OutcomeKind.SUCCEEDED, provider_ref="pi_sim_late", captured=12_99, currency="EUR")
    for _ in range(2):
        outcome.record(merchant_id=shop.id, payment_id=late.pk, outcome=taken)
    with tenant(shop.id):
        back = Refund.objects.get()
        assert (back.payment_id, back.amount, back.status) == (late.pk, 12_99, "pending")
    paid = lucie.invoice()
    assert (paid.status, paid.amount_paid) == ("paid", 12_99)


def test_a_refund_that_the_provider_refuses_is_told(shop):
    test_a_second_capture_is_recorded_with_its_own_amount_and_goes_back(shop)
    with tenant(shop.id):
        back = Refund.objects.select_related("payment").get()
    no = Outcome(kind=OutcomeKind.FAILED, code="disputed", message="charged back")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SimulatedGateway, "refund", lambda *_: no)
        for _ in range(2):
            reconcile.refund(merchant_id=shop.id, refund_id=back.pk)
    with tenant(shop.id):
        told = Event.objects.get(kind="payment.refund_failed")
        assert told.data["refund"]["amount"] == 12_99
        assert Payment.objects.get(id=back.payment_id).refunded == 0
