"""Each way a purchase can end, at a browser: what the visitor reads, and what is written. Counted, and nothing more."""

from __future__ import annotations

import pytest

from billing.flows import looking
from billing.models import SimulatedPage
from invoices.models import Invoice, Payment
from merchants.models import Event
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.pages.hosted import Visitor, text_of
from tests.stories.endings import (
    COMPLETED,
    NOTHING,
    PAID,
    at_the_provider,
    counts,
    follow,
    give,
    hifi,
    kinds,
    onward,
    visitor,
)

__all__ = ["hifi", "visitor"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


def test_success_ends_on_the_merchants_page(shop, visitor):
    page = give(visitor, at_the_provider(visitor))
    answer = follow(visitor, page)

    assert answer.status_code == 302
    assert answer["Location"] == f"https://shop.example/merci?checkout_session={visitor.session.public_id}"
    assert counts(shop) == PAID
    assert kinds(shop) == COMPLETED
    with tenant(shop.id):
        assert Invoice.objects.get().status == "paid"
        assert Subscription.objects.get().status == "active"


def test_a_declined_card_is_told_kindly_and_another_one_pays(shop, visitor):
    path = at_the_provider(visitor)
    page = give(visitor, path, "pm_card_chargeDeclinedInsufficientFunds")
    assert "the account is too low" in text_of(page)
    form = visitor.client.get(visitor.back()["Location"])
    assert "the account is too low" in text_of(form)
    assert "Pay with another card" in text_of(form)
    assert counts(shop) == {**NOTHING, "payments": 1}
    assert kinds(shop) == []

    again = at_the_provider(visitor)
    assert again == path  # the same page of the provider, the same payment
    assert follow(visitor, give(visitor, again)).status_code == 302
    assert counts(shop) == PAID
    assert kinds(shop) == COMPLETED


def test_the_bank_asks_and_is_answered(shop, visitor):
    path = at_the_provider(visitor)
    page = give(visitor, path, "pm_card_authenticationRequired")
    assert "is it you who pays?" in text_of(page)
    assert counts(shop) == {**NOTHING, "payments": 1}
    assert follow(visitor, give(visitor, path, bank="yes")).status_code == 302
    assert counts(shop) == PAID


def test_the_bank_asks_and_is_refused(shop, visitor):
    path = at_the_provider(visitor)
    give(visitor, path, "pm_card_authenticationRequired")
    page = give(visitor, path, bank="no")
    assert "could not confirm that it was you" in text_of(page)
    form = visitor.client.get(visitor.back()["Location"])
    assert "could not confirm that it was you" in text_of(form)
    assert counts(shop) == {**NOTHING, "payments": 1}
    assert follow(visitor, give(visitor, path)).status_code == 302
    assert counts(shop) == PAID


def test_who_leaves_the_providers_page_finds_the_form_as_it_was(shop, visitor):
    at_the_provider(visitor)
    form = visitor.client.get(visitor.back()["Location"])

    assert "You have not paid yet. Nothing was charged" in text_of(form)
    assert 'href="https://shop.example/panier?a=1"' in form.content.decode()
    assert counts(shop) == {**NOTHING, "payments": 1}
    assert kinds(shop) == []


def test_a_debit_is_accepted_now_and_arrives_in_days(shop, visitor):
    answer = follow(visitor, give(visitor, at_the_provider(visitor), "pm_sepa_debitSucceeds"))
    assert answer.status_code == 302
    with tenant(shop.id):
        subscription, invoice = Subscription.objects.get(), Invoice.objects.get()
        assert (subscription.status, subscription.payment_state) == ("active", "processing")
        assert (invoice.status, invoice.amount_paid) == ("open", 0)
    assert counts(shop) == {**PAID, "captured": []}


def test_a_debit_that_the_bank_sends_back_leaves_the_invoice_owed(shop, visitor):
    give(visitor, at_the_provider(visitor), "pm_sepa_debitSucceeds")
    visitor.back()
    with tenant(shop.id):
        payment = Payment.objects.get()
        held = SimulatedPage.objects.get(ref=str(payment.pk))
        held.content = {**held.content, "status": "failed", "code": "debit_refused", "decline_code": "refused"}
        held.save()
    for _ in range(2):
        looking.ask_about(merchant_id=shop.id, payment_id=payment.pk)
    with tenant(shop.id):
        subscription, invoice = Subscription.objects.get(), Invoice.objects.get()
        assert (subscription.payment_state, subscription.access, subscription.access_reason) == (
            "retrying",
            "grace",
            "unpaid",
        )
        assert (invoice.status, invoice.amount_due) == ("open", 12_99)
        assert Event.objects.filter(kind="payment.failed").count() == 1
        assert Event.objects.filter(kind="access.changed").count() == 2


def test_what_costs_nothing_ever_asks_for_no_card(shop):
    free = shop.offer("Gratuit", ("month", 1, 0))
    visitor = Visitor(shop.checkout(shop.enrol(), free))
    answer = visitor.pay()
    went = visitor.client.get(answer["Location"])
    assert onward(went).startswith("https://shop.example/merci?checkout_session=cs_")
    assert counts(shop) == NOTHING
    with tenant(shop.id):
        assert Subscription.objects.get().status == "trialing"


def test_a_free_start_saves_a_card_and_charges_nothing(shop):
    trial = shop.offer("Essai", ("month", 1, 0), ("month", None, 9_99))
    visitor = Visitor(shop.checkout(shop.enrol(), trial))
    assert "Subscribe and give my card" in text_of(visitor.read())
    assert follow(visitor, give(visitor, at_the_provider(visitor))).status_code == 302
    assert counts(shop) == {**NOTHING, "payments": 1, "methods": 1}
