"""An open invoice and its link: each way it can end, with exactly what was captured in the provider's own books."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from billing.flows import collect, looking, owed
from billing.flows.pay import PaymentUnderWay, ProviderSilent
from billing.gateways.base import Outcome, OutcomeKind
from billing.gateways.simulated import SimulatedGateway
from billing.models import DunningCase, SimulatedPage
from invoices.models import Invoice, Payment, Refund
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from merchants.clock import instant
from merchants.models import Event
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod, Subscription
from tests.apps.invoices.bills import bill, line
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


class Debt:
    """Somebody who has a subscription and owes an invoice of it, and what they do with the link."""

    def __init__(self, shop: Shop, card: str) -> None:
        self.shop = shop
        self.session = shop.checkout(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)))
        shop.press(self.session, card)
        if "authentication" in card:
            shop.gateway().answer_bank(shop.payment(self.session).provider_session, passed=True)
        assert shop.look(self.session).status == "complete"
        self.lucie = self.session.subscriber
        self.invoice = self.bill(9_00)

    def bill(self, amount: int) -> Invoice:
        """Another invoice of hers, to be collected by itself."""
        invoice = bill(self.shop, self.lucie, line(amount))
        with tenant(self.shop.id):
            Invoice.objects.filter(id=invoice.pk).update(collect_at=self.shop.now().at)
        return invoice

    def collect(self, *invoices: Invoice) -> None:
        ids = [invoice.pk for invoice in invoices or (self.invoice,)]
        now = self.shop.now()
        collect.collect(merchant_id=self.shop.id, invoice_ids=ids, now=now, actor=self.shop.actor)

    def look(self) -> Any:
        return owed.look(merchant_id=self.shop.id, invoice_id=self.invoice.pk)

    def start(self, seen: int = 9_00, **more: Any) -> str:
        return owed.start(merchant_id=self.shop.id, invoice_id=self.invoice.pk, seen=seen, **more)

    def press(self, token: str = "pm_card_visa", which: int = -1) -> Outcome:
        """Pay on the provider's page; nothing is told to us yet."""
        return self.shop.gateway().press(self.payments()[which].provider_session, token=token)

    def credit(self, amount: int | None = None) -> None:
        with tenant(self.shop.id):
            wanted = Wanted(amount=amount) if amount else Wanted()
            credit_invoice(self.invoice.pk, wanted, reason="a test", actor=self.shop.actor, now=self.shop.now())

    def payments(self, invoice: Invoice | None = None) -> list[Payment]:
        with tenant(self.shop.id):
            return list(Payment.objects.filter(invoice=invoice or self.invoice).order_by("id"))

    def stands(self, invoice: Invoice | None = None) -> tuple[str, int]:
        with tenant(self.shop.id):
            row = Invoice.objects.get(id=(invoice or self.invoice).pk)
        return row.status, row.amount_paid

    def captured(self) -> list[int]:
        """What the provider's books hold beside the purchase, whatever we know of it."""
        with tenant(self.shop.id):
            purchase = str(self.shop.payment(self.session).pk)
            pages = SimulatedPage.objects.exclude(ref=purchase).values_list("content", flat=True)
            return sorted(page["captured"] for page in pages if page and page.get("captured"))


@pytest.fixture
def debt(shop) -> Debt:
    """A card that is refused from the second charge on."""
    return Debt(shop, "pm_card_declinedLater")


@pytest.fixture
def refused(debt) -> Debt:
    """And the invoice was tried on it."""
    debt.collect()
    assert [(one.status, one.automatic) for one in debt.payments()] == [("failed", True)]
    return debt


def test_it_is_paid_in_one_step_and_the_card_is_used_from_then_on(refused, shop):
    address = refused.start()
    page = refused.payments()[-1]
    assert (page.hosted, page.automatic, page.amount, page.status) == (True, False, 9_00, "pending")
    assert address == page.action_url
    refused.press()
    debt = refused.look()

    assert (debt.state, debt.due, refused.stands()) == ("paid", 0, ("paid", 9_00))
    assert refused.captured() == [9_00]
    with tenant(shop.id):
        kept = PaymentMethod.objects.get(subscriber=refused.lucie, is_default=True)
        assert kept.provider_ref.startswith("pm_sim-visa-")
        assert Subscription.objects.get().payment_method_id == kept.pk
        assert (Subscription.objects.get().payment_state, Subscription.objects.get().access) == ("ok", "full")
        assert DunningCase.objects.get().outcome == "paid"
        assert not Refund.objects.exists()


def test_what_else_is_owed_is_tried_at_once_on_the_new_card_and_each_is_captured_once(refused):
    other = refused.bill(5_00)
    refused.collect(other)
    assert refused.stands(other) == ("open", 0)
    refused.start()
    refused.press()
    for _twice in range(2):
        refused.look()

    assert (refused.stands(), refused.stands(other)) == (("paid", 9_00), ("paid", 5_00))
    assert refused.captured() == [5_00, 9_00]


def test_reading_charges_nothing(refused):
    for _again in range(3):
        assert refused.look().state == "owed"
    assert (len(refused.payments()), refused.captured()) == (1, [])


def test_a_double_click_opens_one_page(refused, shop):
    pages: list[str] = []

    def click() -> None:
        try:
            pages.append(refused.start())
        finally:
            connection.close()

    clicks = [threading.Thread(target=click) for _click in range(4)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert len(pages) == 4
    assert len(set(pages)) == 1
    assert [one.hosted for one in refused.payments()] == [False, True]
    refused.press()
    refused.press()
    refused.look()
    assert refused.captured() == [9_00]


def test_the_back_button_and_another_click_lead_to_the_same_page(refused):
    first = refused.start()
    assert refused.look().state == "owed"
    assert refused.start() == first
    assert len(refused.payments()) == 2


def test_a_refusal_on_the_page_leaves_it_open_and_opens_no_case_of_its_own(refused, shop):
    first = refused.start()
    refused.press("pm_card_chargeDeclined")
    debt = refused.look()
    assert (debt.state, debt.page.code, refused.stands()) == ("owed", "card_declined", ("open", 0))
    with tenant(shop.id):
        assert DunningCase.objects.get().tries == 1
    assert refused.start() == first
    refused.press()
    refused.look()
    assert refused.captured() == [9_00]


def test_another_sum_than_was_read_is_never_charged(refused):
    refused.credit(2_00)
    with pytest.raises(owed.AmountChanged):
        refused.start(seen=9_00)
    assert len(refused.payments()) == 1


def test_a_credit_meanwhile_closes_the_old_page_before_another_opens(refused, shop):
    old = refused.start()
    refused.credit(2_00)
    new = refused.start(seen=7_00)
    first, second = refused.payments()[1:]
    assert (first.status, first.code, second.amount, new != old) == ("failed", "expired", 7_00, True)
    assert refused.press(which=1).kind is OutcomeKind.EXPIRED
    refused.press()
    refused.look()
    assert refused.captured() == [7_00]
    assert refused.stands() == ("paid", 7_00)


def test_an_old_page_that_was_paid_at_that_moment_pays_what_is_due_and_the_rest_goes_back(refused, shop):
    refused.start()
    refused.press()
    refused.credit(2_00)
    with pytest.raises(owed.NothingOwed):
        refused.start(seen=7_00)
    assert refused.stands() == ("paid", 7_00)
    assert refused.captured() == [9_00]
    with tenant(shop.id):
        assert [one.amount for one in Refund.objects.all()] == [2_00]


def test_an_invoice_that_was_cancelled_meanwhile_takes_nothing_and_gives_all_back(refused, shop):
    refused.start()
    refused.credit()
    with pytest.raises(owed.NothingOwed):
        refused.start()
    assert refused.press().kind is OutcomeKind.EXPIRED
    assert (refused.look().state, refused.captured()) == ("cancelled", [])
    with tenant(shop.id):
        assert not Refund.objects.exists()


def test_who_pays_on_the_page_in_the_moment_it_is_cancelled_gets_it_all_back(refused, shop):
    refused.start()
    refused.press()
    refused.credit()
    assert refused.look().state == "cancelled"
    assert refused.captured() == [9_00]
    with tenant(shop.id):
        assert [one.amount for one in Refund.objects.all()] == [9_00]


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


def test_the_link_is_sent_only_for_what_is_owed_and_to_somebody_who_can_read_it(refused, shop):
    owed.send_link(merchant_id=shop.id, invoice_id=refused.invoice.pk, actor=shop.actor)
    with tenant(shop.id):
        told = Event.objects.get(kind="invoice.sent")
        assert (told.object_id, told.subscriber_id) == (refused.invoice.pk, refused.lucie.pk)
        assert "/pay/" not in str(told.data)
    refused.start()
    refused.press()
    refused.look()
    with pytest.raises(owed.NothingOwed):
        owed.send_link(merchant_id=shop.id, invoice_id=refused.invoice.pk, actor=shop.actor)

    nobody = bill(shop, shop.enrol("without", email=""), line(1_00))
    with pytest.raises(owed.NoAddress):
        owed.send_link(merchant_id=shop.id, invoice_id=nobody.pk, actor=shop.actor)
    with tenant(shop.id):
        assert Event.objects.filter(kind="invoice.sent").count() == 1


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
