"""A card at a reader: a purchase or an invoice is paid once, whatever is tapped twice, given up, or answered late."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from billing.flows import at_terminal, outcome, owed, pay, readers, reconcile
from billing.flows.checkout import SessionOver
from billing.flows.pay import PaymentUnderWay, ProviderSilent
from billing.flows.readers import ReaderBusy, ReaderMissing
from billing.gateways.base import Outcome, OutcomeKind
from billing.gateways.simulated_reader import SimulatedReaders
from billing.models import CheckoutSession, Enrolment, ReaderPayment
from invoices.models import Invoice, Payment, Refund
from merchants.clock import instant
from merchants.models import Event
from merchants.refusals import Invalid
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod, Subscription
from tests.stories.at_reader import Desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(shop) -> Desk:
    return Desk(shop)


def stands(shop):
    with tenant(shop.id):
        return (
            list(CheckoutSession.objects.values_list("status", flat=True)),
            list(Subscription.objects.values_list("status", flat=True)),
            list(Invoice.objects.values_list("status", "amount_paid")),
            list(Payment.objects.order_by("id").values_list("status", "captured")),
        )


PAID = (["complete"], ["active"], [("paid", 12_99)], [("succeeded", 12_99)])
OPEN = (["open"], ["incomplete"], [])


def test_a_purchase_is_paid_at_the_reader_and_its_card_kept(shop, desk):
    session = desk.purchase()
    payment = desk.ask(session)
    assert (payment.status, payment.site_id, payment.means) == ("pending", desk.site.pk, "card")
    assert desk.screen() == ("open", 12_99)
    assert desk.look(payment).status == "pending", "nobody has tapped yet"
    assert stands(shop)[:3] == OPEN
    desk.tap()
    assert desk.look(payment).status == "succeeded"
    assert stands(shop) == PAID and desk.captured() == [12_99]
    with tenant(shop.id):
        kept = PaymentMethod.objects.get()
        row = Subscription.objects.get()
        assert (kept.last4, kept.is_default, row.payment_method_id) == ("4242", True, kept.pk)
        kinds = list(Event.objects.values_list("kind", flat=True))
    assert kinds.count("payment.succeeded") == 1 and "payment.requires_action" not in kinds


def test_tapped_twice_it_is_one_payment(shop, desk):
    session = desk.purchase()
    first, second = desk.ask(session), desk.ask(session)
    assert first.pk == second.pk
    desk.tap()
    desk.tap()
    assert desk.ask(session).status == "succeeded", "the second tap on the tablet comes after the card"
    desk.look(first)
    assert stands(shop) == PAID and desk.captured() == [12_99]
    with pytest.raises(SessionOver):
        desk.ask(session)


def test_two_taps_at_once_are_one_payment(shop, desk):
    session, found = desk.purchase(), []

    def tap() -> None:
        try:
            found.append(desk.ask(session).pk)
        finally:
            connection.close()

    taps = [threading.Thread(target=tap) for _ in range(4)]
    for one in taps:
        one.start()
    for one in taps:
        one.join()
    assert len(found) == 4 and len(set(found)) == 1
    desk.tap()
    desk.look(desk.ask(session))
    assert stands(shop) == PAID and desk.captured() == [12_99]


def test_a_declined_card_leaves_the_purchase_open_for_another_one(shop, desk):
    session = desk.purchase()
    payment = desk.ask(session)
    desk.tap("pm_card_chargeDeclinedInsufficientFunds")
    refused = desk.look(payment)
    assert (refused.status, refused.code) == ("failed", "insufficient_funds")
    assert stands(shop)[:3] == OPEN and desk.captured() == []
    again = desk.ask(session)
    assert again.pk != payment.pk
    desk.tap()
    desk.look(again)
    assert stands(shop)[:3] == PAID[:3] and desk.captured() == [12_99]


def test_given_up_at_the_counter_it_is_off_the_reader(shop, desk):
    session = desk.purchase()
    payment = desk.ask(session)
    assert desk.cancel(payment).status == "failed"
    assert desk.screen()[0] == "expired"
    desk.tap()
    assert desk.captured() == [] and stands(shop)[:3] == OPEN
    with tenant(shop.id):
        assert not Event.objects.filter(kind="payment.failed").exists(), "nobody's failure"
    shop.press(session)
    shop.look(session)
    assert stands(shop)[:3] == PAID[:3], "the same purchase is paid on the phone"


def test_a_card_that_is_quicker_than_giving_up_has_paid(shop, desk):
    session = desk.purchase()
    payment = desk.ask(session)
    desk.tap()
    assert desk.cancel(payment).status == "succeeded"
    assert stands(shop) == PAID and desk.captured() == [12_99]


def test_given_up_at_the_reader_itself(shop, desk):
    session = desk.purchase()
    payment = desk.ask(session)
    desk.leave()
    left = desk.look(payment)
    assert (left.status, left.code) == ("failed", "left_at_reader")
    with tenant(shop.id):
        assert not Event.objects.filter(kind="payment.failed").exists()
    assert desk.ask(session).pk != payment.pk


def test_a_reader_takes_one_payment_at_a_time(shop, desk):
    first, second = desk.purchase(), desk.purchase()
    payment = desk.ask(first)
    with pytest.raises(ReaderBusy):
        desk.ask(second)
    beside = desk.another("Till 2")
    assert desk.ask(second, reader=beside).status == "pending"
    with pytest.raises(PaymentUnderWay):
        desk.ask(first, reader=beside)
    desk.cancel(payment)
    third = desk.purchase()
    assert desk.ask(third).status == "pending"
    with tenant(shop.id), pytest.raises(ReaderBusy):
        readers.retire(desk.reader.pk, now=shop.now())


def test_the_open_page_is_closed_before_the_reader_asks(shop, desk):
    session = desk.purchase()
    pay.start(merchant_id=shop.id, session_id=session.pk)
    page = shop.payment(session)
    payment = desk.ask(session)
    assert payment.pk != page.pk
    assert shop.gateway().press(page.provider_session, token="pm_card_visa").kind is OutcomeKind.EXPIRED
    with pytest.raises(PaymentUnderWay):
        pay.start(merchant_id=shop.id, session_id=session.pk)
    desk.tap()
    desk.look(payment)
    assert stands(shop)[:3] == PAID[:3] and desk.captured() == [12_99]


def test_an_answer_that_is_lost_is_unknown_and_found_again(shop, desk, monkeypatch):
    session, ask = desk.purchase(), SimulatedReaders.ask

    def lost(self: SimulatedReaders, wish: object) -> Outcome:
        ask(self, wish)  # type: ignore[arg-type]
        return Outcome(kind=OutcomeKind.UNKNOWN, code="no_answer")

    monkeypatch.setattr(SimulatedReaders, "ask", lost)
    payment = desk.ask(session)
    assert payment.status == "unknown", "a time-out is never a failure"
    monkeypatch.undo()
    with pytest.raises(PaymentUnderWay):
        pay.start(merchant_id=shop.id, session_id=session.pk)
    desk.tap()
    reconcile.reconcile(merchant_id=shop.id, payment_id=payment.pk)
    assert stands(shop) == PAID and desk.captured() == [12_99]


def test_no_answer_while_it_is_shown_changes_nothing(shop, desk, monkeypatch):
    session = desk.purchase()
    payment = desk.ask(session)
    silent = Outcome(kind=OutcomeKind.UNKNOWN, code="no_answer")
    monkeypatch.setattr(SimulatedReaders, "outcome", lambda _self, _at: silent)
    monkeypatch.setattr(SimulatedReaders, "cancel", lambda _self, _at: silent)
    assert desk.look(payment).status == "pending"
    with pytest.raises(ProviderSilent):
        desk.cancel(payment)
    monkeypatch.undo()
    desk.tap()
    desk.look(payment)
    assert stands(shop) == PAID


def test_an_ask_that_never_arrived_is_made_again_by_the_same_tap(shop, desk, monkeypatch):
    session, ask = desk.purchase(), SimulatedReaders.ask
    silent = Outcome(kind=OutcomeKind.UNKNOWN, code="no_answer")
    monkeypatch.setattr(SimulatedReaders, "ask", lambda _self, _ask: silent)
    payment = desk.ask(session)
    assert (payment.status, desk.screen()[0]) == ("unknown", "idle")
    with pytest.raises(ProviderSilent):
        desk.cancel(payment)
    monkeypatch.setattr(SimulatedReaders, "ask", ask)
    again = desk.ask(session)
    assert (again.pk, again.provider_ref != "", desk.screen()[0]) == (payment.pk, True, "open")
    desk.tap()
    desk.look(again)
    assert stands(shop) == PAID and desk.captured() == [12_99]


def test_an_ask_that_never_arrived_is_given_up_after_a_minute(shop, desk, monkeypatch):
    session = desk.purchase()
    silent = Outcome(kind=OutcomeKind.UNKNOWN, code="no_answer")
    monkeypatch.setattr(SimulatedReaders, "ask", lambda _self, _ask: silent)
    payment = desk.ask(session)
    monkeypatch.undo()
    with tenant(shop.id):
        Payment.objects.update(asked_at=instant() - timedelta(minutes=2))
    assert desk.cancel(payment).status == "failed"
    assert desk.ask(session).pk != payment.pk


def test_nobody_came_and_the_sweep_takes_it_off(shop, desk):
    session = desk.purchase()
    payment = desk.ask(session)
    reconcile.reconcile(merchant_id=shop.id, payment_id=payment.pk)
    assert desk.screen()[0] == "open", "not before its time"
    with tenant(shop.id):
        Payment.objects.update(asked_at=instant() - at_terminal.LEFT_ALONE * 2)
    reconcile.reconcile(merchant_id=shop.id, payment_id=payment.pk)
    assert desk.screen()[0] == "expired"
    assert desk.ask(session).pk != payment.pk


def test_a_capture_after_it_was_given_up_is_given_back_or_completes_the_purchase(shop, desk):
    """The books of the provider decide: a second capture is recorded and owed back."""
    session = desk.purchase()
    payment = desk.ask(session)
    desk.cancel(payment)
    shop.press(session)
    shop.look(session)
    late = Outcome(kind=OutcomeKind.SUCCEEDED, captured=12_99, currency="EUR", provider_ref=f"pi_sim_{payment.pk}")
    outcome.record(merchant_id=shop.id, payment_id=payment.pk, outcome=late)
    with tenant(shop.id):
        assert Subscription.objects.count() == 1 and Invoice.objects.count() == 1
        assert list(Refund.objects.values_list("amount", flat=True)) == [12_99]


def test_an_overdue_invoice_is_paid_at_the_reader_and_its_card_tried_on_the_rest(shop, refused):
    desk, other = Desk(shop), refused.bill(5_00)
    refused.collect(other)
    payment = desk.ask(refused.invoice, seen=9_00)
    assert refused.look().state == "under_way"
    with pytest.raises(owed.InvoicePaymentUnderWay):
        refused.start()
    desk.tap()
    assert desk.look(payment).status == "succeeded"
    assert (refused.stands(), refused.stands(other)) == (("paid", 9_00), ("paid", 5_00))
    assert refused.captured() == [5_00, 9_00]
    with pytest.raises(owed.NothingOwed):
        desk.ask(refused.invoice, seen=9_00)


def test_a_declined_card_for_an_invoice_opens_no_case(shop, debt):
    desk = Desk(shop)
    with tenant(shop.id):
        before = Event.objects.filter(kind="invoice.payment_failed").count()
    payment = desk.ask(debt.invoice, seen=9_00)
    desk.tap("pm_card_chargeDeclined")
    assert desk.look(payment).status == "failed"
    assert debt.stands() == ("open", 0)
    with tenant(shop.id):
        assert Event.objects.filter(kind="invoice.payment_failed").count() == before


def test_no_other_sum_is_asked_for_than_the_one_that_was_read(shop, desk, debt):
    with pytest.raises(pay.QuoteChanged):
        desk.ask(desk.purchase(), seen=1)
    with pytest.raises(owed.AmountChanged):
        desk.ask(debt.invoice, seen=1)
    assert desk.screen()[0] == "idle"


def test_a_reader_that_was_taken_away_takes_nothing(shop, desk):
    session = desk.purchase()
    with tenant(shop.id):
        readers.retire(desk.reader.pk, now=shop.now())
        assert readers.at_site(desk.site.pk) == []
    with pytest.raises(ReaderMissing):
        desk.ask(session)
    with tenant(shop.id), pytest.raises(Invalid):
        readers.register(account=shop.account, site=desk.site, name=" ", provider_ref="", now=shop.now())
    with tenant(shop.id):
        assert not ReaderPayment.objects.exists() and not Enrolment.objects.exists()
