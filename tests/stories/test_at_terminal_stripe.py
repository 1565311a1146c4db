"""A card at a Stripe reader, through the SDK and the double: paid once, whoever tells it, and kept for later."""

from __future__ import annotations

import pytest
import stripe

from billing.flows import at_terminal, readers, reconcile
from billing.models import Reader
from invoices.models import Payment, Refund
from merchants.ids import new_id
from merchants.models import Site
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod, Subscription
from tests.stories.at_stripe import ONCE, Counter, at_stripe

__all__ = ["at_stripe"]
pytestmark = pytest.mark.django_db(transaction=True)


class Till:
    """A purchase at a site with one of Stripe's readers."""

    def __init__(self, at: Counter) -> None:
        self.at, self.shop = at, at.shop
        self.api = stripe.StripeClient(at.key, base_addresses={"api": at.double.url}, max_network_retries=0).v1
        machine = self.api.terminal.readers.create({"registration_code": "simulated-wpe", "label": "Till 1"})
        with tenant(self.shop.id):
            site = Site.objects.create(reference=new_id().hex, name="Lyon", created_at=self.shop.now().at)
            self.reader: Reader = readers.register(
                account=self.shop.account, site=site, name="Till 1", provider_ref=machine.id, now=self.shop.now()
            )
        self.session = at.begin().session

    def ask(self) -> Payment:
        return at_terminal.start(
            merchant_id=self.shop.id,
            reader_id=self.reader.pk,
            session_id=self.session.pk,
            seen=12_99,
            actor=self.shop.actor,
        )

    def tap(self, number: str = "4242424242424242") -> None:
        card = {"type": "card_present", "card_present": {"number": number}}
        self.api.test_helpers.terminal.readers.present_payment_method(self.reader.provider_ref, card)  # type: ignore[arg-type]

    def look(self, payment: Payment) -> Payment:
        return at_terminal.look(merchant_id=self.shop.id, payment_id=payment.pk)


@pytest.fixture
def till(at_stripe) -> Till:
    return Till(at_stripe)


def test_it_is_paid_once_and_the_card_charged_without_the_reader(till):
    payment = till.ask()
    assert (payment.status, payment.provider_ref[:3]) == ("pending", "pi_")
    assert till.ask().pk == payment.pk
    till.tap()
    assert till.look(payment).status == "succeeded"
    till.look(payment)
    assert till.at.settled() == ONCE
    with tenant(till.shop.id):
        kept, row = PaymentMethod.objects.get(), Subscription.objects.get()
        assert (kept.kind, kept.last4, kept.provider_ref[:3], kept.is_default) == ("card", "4242", "pm_", True)
        assert row.payment_method_id == kept.pk


def test_a_declined_card_then_a_good_one(till):
    first = till.ask()
    till.tap("4000000000009995")
    assert (till.look(first).status, till.at.captures()) == ("failed", [])
    second = till.ask()
    assert second.pk != first.pk
    till.tap()
    till.look(second)
    assert till.at.captures() == [12_99]
    assert till.api.payment_intents.retrieve(first.provider_ref or till.look(first).provider_ref).status == "canceled"


@pytest.mark.parametrize("call", ["payment_intents.create", "terminal.readers.process_payment_intent"])
def test_an_answer_that_is_lost_is_unknown_and_settled_by_asking(till, call):
    till.at.double.fault(call, "reset_after")
    payment = till.ask()
    assert payment.status == "unknown"
    assert till.ask().pk == payment.pk, "the same tap goes on with the same payment"
    till.tap()
    reconcile.reconcile(merchant_id=till.shop.id, payment_id=payment.pk)
    assert till.at.settled() == ONCE


def test_given_up_it_cannot_be_paid_at_the_reader_any_more(till):
    payment = till.ask()
    assert at_terminal.cancel(merchant_id=till.shop.id, payment_id=payment.pk).status == "failed"
    with pytest.raises(stripe.InvalidRequestError):
        till.tap()
    assert till.at.captures() == []
    with tenant(till.shop.id):
        assert not Refund.objects.exists()


def test_a_reader_that_lost_it_shows_it_again(till):
    payment = till.ask()
    till.api.terminal.readers.cancel_action(till.reader.provider_ref)
    assert till.look(payment).code == "not_on_reader"
    assert till.ask().pk == payment.pk
    till.tap()
    till.look(payment)
    assert till.at.settled() == ONCE
