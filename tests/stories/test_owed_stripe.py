"""An open invoice paid by its link at Stripe (its double, over HTTP): exactly one capture however it goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings

from billing import inbox
from billing.flows import collect, methods, new_card, owed
from billing.models import NewCard, ProviderEvent
from invoices.models import Invoice, Payment
from merchants.clock import instant
from merchants.ids import new_id
from merchants.models import ProviderAccount
from merchants.secrets import encrypt
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod
from tests.apps.invoices.bills import bill, line
from tests.contracts.double_at_work import DoubleAtWork
from tests.worlds import Shop
from tools.stripe_double.server import Double

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "sk_test_owed_story"


@pytest.fixture(scope="module")
def running() -> Iterator[DoubleAtWork]:
    with Double() as double, override_settings(STRIPE_API_BASE=double.url):
        yield DoubleAtWork(double)


class Stage:
    """A shop at Stripe, and a payer whose card is kept there."""

    def __init__(self, double: DoubleAtWork, card: str) -> None:
        double.console("reset", {})
        self.double, self.shop = double, Shop.open("Onde", kind="stripe")
        with tenant(self.shop.id):
            sealed = {"secret": encrypt(KEY), "webhook_secret": encrypt("whsec_x")}
            ProviderAccount.objects.filter(id=self.shop.account.pk).update(**sealed)
        self.lucie = self.shop.enrol("lucie")
        methods.attach(
            merchant_id=self.shop.id, subscriber_id=self.lucie.pk, kind="card", token=card, actor=self.shop.actor
        )
        self.invoice = self.bill(9_00)

    def bill(self, amount: int) -> Invoice:
        invoice = bill(self.shop, self.lucie, line(amount))
        with tenant(self.shop.id):
            Invoice.objects.filter(id=invoice.pk).update(collect_at=self.shop.now().at)
        return invoice

    def collect(self) -> None:
        now, ids = self.shop.now(), [self.invoice.pk]
        collect.collect(merchant_id=self.shop.id, invoice_ids=ids, now=now, actor=self.shop.actor)

    def give(self, card: str) -> None:
        """Type a card on the provider's card page."""
        with tenant(self.shop.id):
            page = NewCard.objects.latest("id")
        self.pay(page.provider_session, card)

    def pay(self, session: str, card: str) -> None:
        asks = {"result": "pass"} if "authentication" in card else {}
        self.double.console(f"checkout/{session}/pay", {"method": card, **asks})

    def looks_saved(self) -> bool:
        page = new_card.look(merchant_id=self.shop.id, payer_id=self.lucie.pk)
        return page is not None and page.status == NewCard.Status.SAVED

    def payments(self) -> list[Payment]:
        with tenant(self.shop.id):
            return list(Payment.objects.filter(invoice=self.invoice).order_by("id"))

    def start(self, **more: Any) -> str:
        return owed.start(merchant_id=self.shop.id, invoice_id=self.invoice.pk, seen=9_00, **more)

    def look(self) -> Any:
        return owed.look(merchant_id=self.shop.id, invoice_id=self.invoice.pk)

    def captured(self) -> list[int]:
        return sorted(row["amount"] for row in self.double.captures(KEY) if row["status"] == "succeeded")


def test_a_refused_card_is_replaced_and_the_invoice_paid_in_one_step(running):
    stage = Stage(running, "pm_card_chargeCustomerFail")
    stage.collect()
    assert [one.status for one in stage.payments()] == ["failed"]
    first = stage.start()
    assert stage.start() == first
    stage.pay(stage.payments()[-1].provider_session, "pm_card_visa")
    assert stage.look().state == "paid"
    assert stage.captured() == [9_00]
    with tenant(stage.shop.id):
        kept = PaymentMethod.objects.get(subscriber=stage.lucie, is_default=True)
        assert kept.last4 == "4242"


def test_the_bank_is_asked_on_its_own_page_and_the_same_payment_is_captured_once(running):
    stage = Stage(running, "pm_card_authenticationRequired")
    stage.collect()
    (payment,) = stage.payments()
    assert payment.status == "requires_action"
    address = stage.start()
    assert address.startswith(running.url)
    running.console(f"payment_intents/{payment.provider_ref}/authenticate", {"result": "pass"})
    assert stage.look().state == "paid"
    assert (stage.captured(), len(stage.payments())) == ([9_00], 1)


def test_another_card_instead_of_the_bank_closes_the_intent_first(running):
    stage = Stage(running, "pm_card_authenticationRequired")
    stage.collect()
    (payment,) = stage.payments()
    stage.start()
    stage.start(another_card=True)
    running.console(f"payment_intents/{payment.provider_ref}/authenticate", {"result": "pass"})
    stage.pay(stage.payments()[-1].provider_session, "pm_card_visa")
    assert stage.look().state == "paid"
    assert [one.status for one in stage.payments()] == ["failed", "succeeded"]
    assert stage.captured() == [9_00]


def test_a_new_card_pays_what_is_owed_at_once_also_when_only_the_notice_comes(running):
    stage = Stage(running, "pm_card_chargeCustomerFail")
    stage.collect()
    new_card.start(merchant_id=stage.shop.id, payer_id=stage.lucie.pk)
    stage.give("pm_card_visa")
    with tenant(stage.shop.id):
        page = NewCard.objects.latest("id")
        notice = ProviderEvent.objects.create(
            account=stage.shop.account,
            event_id=f"evt_{new_id().hex}",
            kind="checkout.session.completed",
            object_ref=page.provider_session,
            raw={},
            received_at=instant(),
            next_try_at=instant(),
        )
    for _twice in range(2):
        inbox.read(merchant_id=stage.shop.id, notice_id=notice.pk)
    assert stage.look().state == "paid"
    assert stage.captured() == [9_00]
    assert stage.looks_saved()
