"""Collecting at Stripe (its double, over HTTP): the provider's own list of captures is the truth about money."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import override_settings

from billing.flows import collect, dunning, methods, reconcile
from billing.models import DunningCase
from invoices.models import Invoice, Payment
from merchants.clock import instant
from merchants.models import Event, ProviderAccount
from merchants.now import Now
from merchants.secrets import encrypt
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.contracts.double_at_work import DoubleAtWork
from tests.worlds import Shop
from tools.stripe_double.server import Double

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "sk_test_collecting_story"


@pytest.fixture(scope="module")
def running() -> Iterator[DoubleAtWork]:
    with Double() as double, override_settings(STRIPE_API_BASE=double.url):
        yield DoubleAtWork(double)


class Stage:
    """A shop at Stripe, and a subscriber at 12.99 a month whose card is kept there."""

    def __init__(self, double: DoubleAtWork, card: str) -> None:
        double.console("reset", {})
        self.double, self.shop = double, Shop.open("Onde", kind="stripe")
        with tenant(self.shop.id):
            sealed = {"secret": encrypt(KEY), "webhook_secret": encrypt("whsec_x")}
            ProviderAccount.objects.filter(id=self.shop.account.pk).update(**sealed)
        self.lucie = self.shop.enrol("lucie")
        self.give(card)
        made = self.shop.subscribe(self.lucie, self.shop.offer("hifi", ("month", None, 12_99)))
        self.invoice_id = made.latest_invoice_id

    def give(self, card: str) -> None:
        methods.attach(
            merchant_id=self.shop.id, subscriber_id=self.lucie.pk, kind="card", token=card, actor=self.shop.actor
        )

    def collect(self, days: float = 0) -> collect.Collected:
        now = Now(at=instant() + timedelta(days=days), zone=self.shop.merchant.timezone)
        return collect.collect(merchant_id=self.shop.id, invoice_ids=[self.invoice_id], now=now, actor=self.shop.actor)

    def payments(self) -> list[Payment]:
        with tenant(self.shop.id):
            return list(Payment.objects.filter(invoice=self.invoice_id).order_by("id"))

    def settle(self) -> None:
        for payment in self.payments():
            reconcile.reconcile(merchant_id=self.shop.id, payment_id=payment.pk)

    def captured(self) -> list[int]:
        return [row["amount"] for row in self.double.captures(KEY) if row["status"] == "succeeded"]

    def stands(self) -> tuple[str, str, str]:
        with tenant(self.shop.id):
            subscription = Subscription.objects.get()
            return Invoice.objects.get().status, subscription.payment_state, subscription.access


def test_a_kept_card_is_captured_once_by_the_payment_s_own_id(running):
    stage = Stage(running, "pm_card_visa")
    for _ in range(3):
        stage.collect()
    [payment] = stage.payments()
    [capture] = stage.double.captures(KEY)
    assert (capture["amount"], capture["metadata"]["tacite_payment"]) == (12_99, str(payment.pk))
    assert capture["payment_intent"] == payment.provider_ref
    assert stage.stands() == ("paid", "ok", "full")


def test_a_refusal_opens_a_case_that_a_new_card_closes_at_once(running):
    stage = Stage(running, "pm_card_chargeCustomerFail")
    stage.collect()
    assert [(one.status, one.advice) for one in stage.payments()] == [("failed", "retry")]
    assert (stage.captured(), stage.stands()) == ([], ("open", "retrying", "grace"))
    stage.give("pm_card_visa")
    assert (stage.captured(), stage.stands()) == ([12_99], ("paid", "ok", "full"))
    with tenant(stage.shop.id):
        assert DunningCase.objects.get().outcome == "paid"


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_that_never_came_is_looked_up_and_captured_exactly_once(running, when):
    """F05, F06: over the wire."""
    stage = Stage(running, "pm_card_visa")
    stage.double.fault("payment_intents.create", f"reset_{when}", times=3)
    stage.collect()
    assert stage.stands()[0] == "open"
    assert [one.status for one in stage.payments()] == ["unknown"]
    assert stage.collect().payments == {}
    stage.double.console("faults/clear", {})
    with tenant(stage.shop.id):
        Payment.objects.update(asked_at=instant() - timedelta(minutes=16))
    stage.settle()
    stage.collect()
    assert stage.captured() == [12_99]
    assert stage.stands() == ("paid", "ok", "full")
    with tenant(stage.shop.id):
        assert not DunningCase.objects.exists()


def test_a_bank_that_wants_her_holds_no_step_up_and_a_new_card_closes_the_question(running):
    stage = Stage(running, "pm_card_authenticationRequired")
    stage.collect()
    [waiting] = stage.payments()
    assert (waiting.status, stage.stands()) == ("requires_action", ("open", "retrying", "grace"))
    with tenant(stage.shop.id):
        case = DunningCase.objects.get()
    now = Now(at=case.next_step_at, zone=stage.shop.merchant.timezone)
    dunning.take_step(merchant_id=stage.shop.id, case_id=case.pk, now=now)
    assert len(stage.payments()) == 1
    with tenant(stage.shop.id):
        assert Event.objects.get(kind="dunning.step_taken").data["object"]["actions"] == ["write"]
    stage.give("pm_card_visa")
    assert [one.status for one in stage.payments()] == ["failed", "succeeded"]
    assert (stage.captured(), stage.stands()) == ([12_99], ("paid", "ok", "full"))
    stage.double.console(f"payment_intents/{waiting.provider_ref}/authenticate", {"result": "pass"})
    assert stage.captured() == [12_99]


def test_a_revoked_key_is_the_staff_s_matter_and_no_debt(running):
    stage = Stage(running, "pm_card_visa")
    with tenant(stage.shop.id):
        ProviderAccount.objects.filter(id=stage.shop.account.pk).update(secret=encrypt("sk_nonsense"))
    stage.collect()
    [payment] = stage.payments()
    assert (payment.status, payment.code) == ("failed", "provider_refused_key")
    assert stage.stands() == ("open", "ok", "full")
    with tenant(stage.shop.id):
        assert not DunningCase.objects.exists()
        assert not Event.objects.filter(kind="payment.failed").exists()
        assert Event.objects.get(kind="invoice.payment_failed").data["needs"] == "staff"
        ProviderAccount.objects.filter(id=stage.shop.account.pk).update(secret=encrypt(KEY))
    stage.collect(days=0.01)
    assert stage.captured() == [12_99]
