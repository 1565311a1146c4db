"""What ends a debt ends its case, and what goes on meanwhile: periods, debits on their way, an end."""

from __future__ import annotations

import pytest

from billing.flows import collect, looking, methods
from billing.flows.renew import renew
from billing.models import DunningCase, SimulatedPage
from invoices.models import Invoice
from invoices.services import balances
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Subscription
from subscribers.selectors.rights import rights_of, verdict_of
from tests.stories.debtors import Debtor, paid_in_cash

pytestmark = pytest.mark.django_db(transaction=True)


def credited(lucie, amount=None):
    with tenant(lucie.shop.id):
        wanted = Wanted(amount=amount) if amount else Wanted()
        credit_invoice(lucie.invoice_id, wanted, reason="Torn", actor=lucie.shop.actor, now=lucie.now)


def paid_by_balance(lucie):
    with tenant(lucie.shop.id):
        act = {"actor": lucie.shop.actor, "now": lucie.now}
        entity = lucie.shop.entity.pk
        balances.adjust(lucie.person.pk, 12_99, currency="EUR", reason="Outage", legal_entity_id=entity, **act)
        balances.pay_open_invoices(lucie.person.pk, currency="EUR", **act)


@pytest.mark.parametrize(
    ("settle", "how"), [(credited, "cancelled"), (paid_by_balance, "paid"), (paid_in_cash, "paid")]
)
@pytest.mark.parametrize("day", [0, 14])
def test_whatever_ends_the_debt_ends_the_case_and_gives_back_access_in_the_same_act(lucie, settle, how, day):
    if day:
        for step in (3, 7, 14):
            lucie.after(step)
    tried = lucie.tries()
    settle(lucie)
    [case] = lucie.cases()
    assert (case.outcome, case.next_step_at, lucie.invoice().status) == (how, None, how)
    assert lucie.standing() == ("active", "ok", "full", "active")
    assert lucie.events("dunning.ended") == ["dunning.ended"]
    assert lucie.events("subscription.resumed") == (["subscription.resumed"] if day else [])
    lucie.after(30)
    assert [one for one in lucie.tries() if one[0] != "succeeded"] == tried
    assert lucie.captured() == []


def test_what_we_owe_her_pays_before_a_step_does_anything_to_her(shop):
    lucie = Debtor.of(shop, "pm_card_expiredLater")
    lucie.collect()
    lucie.after(3)
    with tenant(shop.id):
        act = {"actor": shop.actor, "now": lucie.now, "legal_entity_id": shop.entity.pk}
        balances.adjust(lucie.person.pk, 20_00, currency="EUR", reason="Outage", **act)
    lucie.after(7)
    assert (lucie.invoice().status, lucie.invoice().amount_from_balance) == ("paid", 12_99)
    assert lucie.standing() == ("active", "ok", "full", "active")
    assert len(lucie.events("dunning.step_taken")) == 1
    assert lucie.captured() == []


def test_a_part_that_is_credited_leaves_the_case_open_and_only_the_rest_is_tried(lucie):
    credited(lucie, 10_00)
    lucie.after(3)
    assert [payment.amount for payment in lucie.payments()] == [12_99, 2_99]
    assert lucie.standing() == ("active", "retrying", "grace", "unpaid")


def test_no_step_is_taken_while_money_is_on_its_way(shop):
    lucie = Debtor.of(shop, None)
    lucie.collect()
    methods.attach(
        merchant_id=shop.id,
        subscriber_id=lucie.person.pk,
        kind="sepa_debit",
        token="pm_sepa_debitSucceeds",
        actor=shop.actor,
    )
    assert lucie.standing() == ("active", "processing", "full", "active")
    for day in (3, 4.1, 5.2):
        lucie.after(day)
    assert lucie.events("dunning.step_taken") == []
    assert lucie.tries() == [("processing", "")]

    [payment] = lucie.payments()
    no = {"code": "debit_refused", "decline_code": "refer_to_customer", "advice": "customer"}
    at_the_bank(shop, payment, status="failed", **no)
    for _ in range(2):
        looking.ask_about(merchant_id=shop.id, payment_id=payment.pk)
    assert lucie.standing() == ("active", "retrying", "grace", "unpaid")
    assert len(lucie.cases()) == 1
    lucie.after(6.3)
    assert lucie.events("dunning.step_taken") == ["dunning.step_taken"]
    assert lucie.tries() == [("failed", "debit_refused")]


def at_the_bank(shop, payment, **columns):
    with tenant(shop.id):
        held = SimulatedPage.objects.get(ref=str(payment.pk))
        held.content = {**held.content, **columns}
        held.save()


def test_a_purchase_s_debit_that_comes_back_begins_a_case_and_a_retry_that_arrives_ends_it(shop):
    offer = shop.offer("hifi", ("month", None, 12_99))
    debtor = Debtor.enrol(shop)
    session = shop.checkout(debtor.person, offer)
    shop.press(session, "pm_sepa_debitSucceeds")
    shop.look(session)
    payment = shop.payment(session)
    with tenant(shop.id):
        invoice, subscription = Invoice.objects.get(), Subscription.objects.get()
        assert (payment.invoice_id, invoice.status, subscription.payment_state) == (invoice.pk, "open", "processing")
    at_the_bank(shop, payment, status="failed", code="debit_refused", decline_code="x", advice="retry")
    for _ in range(2):
        looking.ask_about(merchant_id=shop.id, payment_id=payment.pk)
    debtor.invoice_id, debtor.subscription_id = invoice.pk, subscription.pk
    assert debtor.standing() == ("active", "retrying", "grace", "unpaid")
    assert [case.tries for case in debtor.cases()] == [1]
    debtor.after(3)
    again = debtor.payments()[-1]
    assert (again.status, again.session_id, debtor.standing()[1]) == ("processing", None, "processing")
    at_the_bank(shop, again, status="succeeded", captured=12_99)
    looking.ask_about(merchant_id=shop.id, payment_id=again.pk)
    assert debtor.standing() == ("active", "ok", "full", "active")
    assert [case.outcome for case in debtor.cases()] == ["paid"]


def test_billing_goes_on_while_suspended_and_a_free_stage_comes_back_as_one(shop):
    shop.feature("hd")
    offer = shop.offer("trial", ("month", 1, 0), ("month", None, 10_00), features={"hd": {}}, setup_amount=5_00)
    debtor = Debtor.enrol(shop)
    debtor.gives("pm_card_declinedLater")
    debtor.subscribe(offer)
    debtor.collect()
    lucie, now = debtor.person, debtor.now
    with tenant(shop.id):
        assert set(rights_of(lucie.pk, now)) == {"hd"}
    for day in (3, 7, 14):
        debtor.after(day)
    assert debtor.standing() == ("suspended", "overdue", "none", "unpaid")
    with tenant(shop.id):
        assert rights_of(lucie.pk, now) == {}
        assert verdict_of(debtor.subscription(), now.today).why == "unpaid"
    debtor.gives("pm_card_visa")
    assert debtor.standing() == ("trialing", "ok", "full", "trial")
    with tenant(shop.id):
        assert set(rights_of(lucie.pk, now)) == {"hd"}


def test_periods_are_billed_while_suspended_and_each_invoice_has_its_own_case(lucie):
    shop = lucie.shop
    for day in (3, 7, 14):
        lucie.after(day)
    later = lucie.wait_until(32).now
    made = renew(merchant_id=shop.id, batch=[lucie.subscription_id], now=later, actor=shop.actor)
    assert len(made.invoices) == 1
    assert lucie.standing() == ("suspended", "overdue", "none", "unpaid")
    collect.collect(merchant_id=shop.id, invoice_ids=made.invoices, now=later, actor=shop.actor)
    assert lucie.standing() == ("suspended", "overdue", "none", "unpaid")
    with tenant(shop.id):
        assert DunningCase.objects.filter(ended_at=None).count() == 2
    paid_in_cash(lucie)  # the old one; the younger one is still being retried
    assert lucie.standing() == ("active", "retrying", "grace", "unpaid")
    lucie.gives("pm_card_visa")
    assert lucie.standing() == ("active", "ok", "full", "active")
    assert lucie.captured() == [12_99]


def test_an_ended_subscription_stays_ended_whatever_becomes_of_its_debt(lucie):
    """Peers moved one back to past due (reliability 2.5, 53)."""
    shop = lucie.shop
    with tenant(shop.id):
        ended = {"status": "ended", "ended_at": lucie.now.at, "end_reason": "cancelled", "next_action_at": None}
        ended |= {"access": "none", "access_reason": "ended", "access_until": None}
        history.update(lucie.subscription(), ended, actor=shop.actor, now=lucie.now, verb="ended")
    for day in (3, 7, 14):
        lucie.after(day)
    assert lucie.standing() == ("ended", "overdue", "none", "ended")
    assert lucie.subscription().dunning == "none"
    assert lucie.events("subscription.suspended") == []
    lucie.gives("pm_card_visa")
    assert lucie.standing() == ("ended", "ok", "none", "ended")
    assert lucie.events("subscription.resumed") == []
