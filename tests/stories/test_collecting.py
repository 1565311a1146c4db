"""Charging what is due without the subscriber: once, on the right card, and what each answer of a bank leads to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.flows import collect, looking, methods
from billing.flows.collect import Collected
from billing.flows.renew import renew
from invoices.models import BalanceEntry, Invoice, Payment
from invoices.services import balances
from merchants.clock import instant
from merchants.models import Merchant, ProviderAccount
from merchants.now import Now
from merchants.tenancy.scope import tenant
from subscribers.models import Change
from tests.races.barrier import together
from tests.stories.debtors import Debtor

pytestmark = pytest.mark.django_db(transaction=True)


PAID = ["invoice.finalized", "payment.succeeded", "invoice.paid"]


def give(lucie, amount):
    with tenant(lucie.shop.id):
        balances.adjust(
            lucie.person.pk,
            amount,
            currency="EUR",
            reason="Outage",
            legal_entity_id=lucie.shop.entity.pk,
            actor=lucie.shop.actor,
            now=lucie.now,
        )


def test_a_good_card_is_charged_once_however_often_it_is_collected(shop):
    lucie = Debtor.of(shop, "pm_card_visa")
    assert lucie.invoice().collect_at is not None
    done = lucie.collect()
    again = lucie.collect()

    [payment] = lucie.payments()
    assert (payment.status, payment.amount, payment.captured, payment.automatic) == ("succeeded", 12_99, 12_99, True)
    assert payment.payment_method_id == lucie.methods["pm_card_visa"].pk
    assert done == Collected(payments={lucie.invoice_id: payment.pk}, by_status={"succeeded": 1})
    assert again == Collected()
    paid = lucie.invoice()
    assert (paid.status, paid.amount_paid, paid.collect_at) == ("paid", 12_99, None)
    assert lucie.captured() == [12_99]
    assert lucie.standing() == ("active", "ok", "full", "active")
    assert [kind for kind in lucie.events() if kind != "access.changed"] == PAID
    assert not lucie.cases()


def test_two_workers_at_once_charge_once(shop):
    lucie = Debtor.of(shop, "pm_card_visa")
    found = together(lucie.collect, lucie.collect)
    assert sorted(len(one.payments) for one in found) == [0, 1]
    assert lucie.captured() == [12_99]
    assert lucie.tries() == [("succeeded", "")]


def test_many_are_charged_side_by_side_and_one_refusal_is_nobody_elses(shop):
    people = [
        Debtor.of(shop, "pm_card_declinedLater" if at == 3 else "pm_card_visa", reference=f"p{at}") for at in range(9)
    ]
    done = collect.collect(
        merchant_id=shop.id,
        invoice_ids=[one.invoice_id for one in people],
        now=people[0].now,
        actor=shop.actor,
        at_once=4,
    )
    assert done.by_status == {"succeeded": 8, "failed": 1}
    assert [one.invoice().status for one in people] == ["paid"] * 3 + ["open"] + ["paid"] * 5
    assert sum(len(one.captured()) for one in people) == 8
    assert [len(one.cases()) for one in people] == [0, 0, 0, 1, 0, 0, 0, 0, 0]


def test_what_is_not_to_be_collected_yet_or_by_hand_is_left_alone(shop):
    lucie = Debtor.of(shop, "pm_card_visa")
    with tenant(shop.id):
        Invoice.objects.filter(id=lucie.invoice_id).update(collect_at=lucie.now.at + timedelta(hours=1))
    assert lucie.collect() == Collected()
    with tenant(shop.id):
        Invoice.objects.filter(id=lucie.invoice_id).update(collect_at=None)
    assert lucie.collect() == Collected()
    assert lucie.captured() == []
    assert lucie.tries() == []


def test_the_balance_pays_first_and_the_card_only_what_is_left(shop):
    lucie = Debtor.of(shop, "pm_card_visa")
    give(lucie, 5_00)
    lucie.collect()
    paid = lucie.invoice()
    assert (paid.status, paid.amount_from_balance, paid.amount_paid) == ("paid", 5_00, 7_99)
    assert lucie.captured() == [7_99]


def test_a_balance_that_pays_it_whole_asks_no_provider(shop):
    lucie = Debtor.of(shop, "pm_card_visa")
    give(lucie, 20_00)
    assert lucie.collect() == Collected()
    paid = lucie.invoice()
    assert (paid.status, paid.amount_from_balance, paid.amount_paid, paid.collect_at) == ("paid", 12_99, 0, None)
    assert (lucie.tries(), lucie.captured()) == ([], [])
    with tenant(shop.id):
        assert BalanceEntry.objects.latest("sequence").balance_after == 7_01


def test_the_card_that_a_subscription_was_bought_with_is_charged_before_a_later_default(shop):
    lucie = shop.enrol("lucie")
    bought = shop.buy(lucie, shop.offer("hifi", ("month", None, 12_99)))
    later = shop.checkout(lucie, shop.offer("books", ("month", None, 4_00)))
    shop.press(later, "pm_card_mastercard")
    assert shop.look(later).status == "complete"
    in_a_month = Now(at=instant() + timedelta(days=32), zone=shop.merchant.timezone)
    act = {"now": in_a_month, "actor": shop.actor}
    made = renew(merchant_id=shop.id, batch=[bought.subscription_id], **act)
    collect.collect(merchant_id=shop.id, invoice_ids=made.invoices, **act)
    with tenant(shop.id):
        payment = Payment.objects.select_related("payment_method").latest("id")
        assert (payment.status, payment.captured, payment.payment_method.last4) == ("succeeded", 12_99, "4242")
        assert not payment.payment_method.is_default


def test_with_no_card_the_invoice_stays_open_and_the_subscriber_hears_of_it(shop):
    lucie = Debtor.of(shop, None)
    done = lucie.collect()
    assert done == Collected(without_means=(lucie.invoice_id,))
    left = lucie.invoice()
    assert (left.status, left.amount_due, left.collect_at) == ("open", 12_99, None)
    assert lucie.tries() == []
    [case] = lucie.cases()
    assert (case.tries, case.taken, case.effect, case.is_overdue) == (0, 0, "none", False)
    assert lucie.standing() == ("active", "retrying", "grace", "unpaid")
    [started] = lucie.told("dunning.started")
    assert (started["object"]["code"], started["object"]["actions"]) == ("no_payment_method", ["write"])
    [failed] = lucie.told("invoice.payment_failed")
    assert (failed["payment"], failed["needs"]) == (None, "subscriber")
    assert lucie.collect() == Collected()
    assert len(lucie.cases()) == 1


def test_a_card_of_an_account_that_was_disconnected_is_not_charged_on_another(shop):
    lucie = Debtor.of(shop, "pm_card_visa")
    with tenant(shop.id):
        ProviderAccount.objects.update(disconnected_at=instant(), is_default=False)
        ProviderAccount.objects.create(kind="simulated", created_at=instant())
    assert lucie.collect().without_means == (lucie.invoice_id,)
    assert (lucie.captured(), lucie.tries()) == ([], [])


def test_a_suspended_merchant_is_not_collected(shop):
    lucie = Debtor.of(shop, "pm_card_visa")
    with tenant(shop.id):
        Merchant.objects.filter(id=shop.id).update(suspended_at=instant())
    assert lucie.collect() == Collected()
    assert (lucie.captured(), lucie.tries(), lucie.cases()) == ([], [], [])
    assert lucie.invoice().collect_at == lucie.now.at + timedelta(hours=1)


def test_a_refused_card_opens_the_case_and_keeps_the_service_meanwhile(shop):
    lucie = Debtor.of(shop, "pm_card_declinedLater")
    lucie.collect()
    assert lucie.tries() == [("failed", "insufficient_funds")]
    assert lucie.captured() == []
    [case] = lucie.cases()
    assert (case.tries, case.taken, case.ended_at) == (1, 0, None)
    assert case.next_step_at - case.opened_at == timedelta(days=3)
    assert [step["after_days"] for step in case.steps] == [3, 7, 14]
    assert lucie.standing() == ("active", "retrying", "grace", "unpaid")
    assert [kind for kind in lucie.events() if kind != "invoice.finalized"][-4:] == [
        "payment.failed",
        "dunning.started",
        "invoice.payment_failed",
        "access.changed",
    ]
    with tenant(shop.id):
        told = Change.objects.filter(subject_id=lucie.subscription_id, verb="payment_failed").get()
        assert told.after == {"payment_state": "retrying", "access": "grace", "access_reason": "unpaid"}


def test_a_bank_that_wants_the_subscriber_is_a_failure_that_needs_them_and_their_answer_ends_it(shop):
    lucie = Debtor.of(shop, "pm_card_authenticationRequired")
    lucie.collect()
    [payment] = lucie.payments()
    assert (payment.status, payment.code) == ("requires_action", "authentication_required")
    assert payment.action_url
    assert lucie.events("payment.") == ["payment.requires_action"]
    assert [case.tries for case in lucie.cases()] == [1]
    assert lucie.standing() == ("active", "retrying", "grace", "unpaid")

    shop.gateway().answer_bank(payment.provider_ref, passed=True)
    for _ in range(2):
        looking.ask_about(merchant_id=shop.id, payment_id=payment.pk)
    assert (lucie.invoice().status, lucie.captured()) == ("paid", [12_99])
    assert lucie.standing() == ("active", "ok", "full", "active")
    assert [case.outcome for case in lucie.cases()] == ["paid"]
    assert lucie.events("dunning.") == ["dunning.started", "dunning.ended"]


def test_a_debit_takes_days_and_nothing_else_happens_meanwhile(shop):
    lucie = Debtor.of(shop, None)
    with tenant(shop.id):
        Invoice.objects.filter(id=lucie.invoice_id).update(collect_at=None)
    methods.attach(
        merchant_id=shop.id,
        subscriber_id=lucie.person.pk,
        kind="sepa_debit",
        token="pm_sepa_debitSucceeds",
        actor=shop.actor,
    )
    assert lucie.tries() == [("processing", "")]
    assert lucie.standing() == ("active", "processing", "full", "active")
    with tenant(shop.id):
        Invoice.objects.filter(id=lucie.invoice_id).update(collect_at=lucie.now.at)
    assert lucie.collect() == Collected()
    give(lucie, 20_00)
    with tenant(shop.id):
        assert balances.pay_open_invoices(lucie.person.pk, currency="EUR", actor=shop.actor, now=lucie.now) == []
    assert lucie.tries() == [("processing", "")]
    assert lucie.cases() == []
