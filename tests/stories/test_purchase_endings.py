"""Each way a purchase can end, at a browser: what the visitor reads, and what is written. Counted, and nothing more."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connections
from django.test import Client

from billing import runs
from billing.flows import looking, reconcile
from billing.models import CheckoutSession, SimulatedPage
from invoices.models import CreditNote, Invoice, LedgerEntry, Payment, Refund
from merchants.clock import instant
from merchants.models import Event
from merchants.models import TestClock as Clock
from merchants.now import local_date
from merchants.tenancy.scope import tenant
from subscribers.models import Grant, PaymentMethod, Subscription
from subscribers.services import enrolment
from tests.pages.hosted import Visitor, form_of, text_of

pytestmark = pytest.mark.django_db(transaction=True)
NOTHING = {"invoices": 0, "credit_notes": 0, "payments": 0, "captured": [], "refunded": [], "methods": 0, "grants": 0}


@pytest.fixture
def hifi(shop):
    shop.feature("quality", "level", ["standard", "hifi"])
    return shop.offer("Onde Hifi", ("month", None, 12_99), features={"quality": {"level": "hifi"}})


@pytest.fixture
def visitor(shop, hifi):
    return Visitor(shop.checkout(shop.enrol(), hifi, cancel_url="https://shop.example/panier?a=1"))


def counts(shop) -> dict[str, object]:
    """What stands in our books, and what the provider really took."""
    with tenant(shop.id):
        pages = [row.content for row in SimulatedPage.objects.all() if row.content]
        return {
            "invoices": Invoice.objects.count(),
            "credit_notes": CreditNote.objects.count(),
            "payments": Payment.objects.count(),
            "captured": sorted(page["captured"] for page in pages if page.get("captured")),
            "refunded": sorted(sum(page["refunds"].values()) for page in pages if page.get("refunds")),
            "methods": PaymentMethod.objects.count(),
            "grants": Grant.objects.count(),
        }


def kinds(shop) -> list[str]:
    with tenant(shop.id):
        return list(Event.objects.order_by("subscriber_sequence").values_list("kind", flat=True))[2:]


def onward(page) -> str:
    """Where a page sends the browser on to by itself."""
    found = re.search(r'<meta http-equiv="refresh" content="\d;url=([^"]+)">', page.content.decode())
    assert found, page.content.decode()[:1_500]
    return found[1].replace("&amp;", "&")


def at_the_provider(visitor: Visitor) -> str:
    """Consent, press, follow: the path of the provider's page."""
    answer = visitor.pay()
    assert answer.status_code == 303, text_of(answer)
    went = visitor.client.get(answer["Location"])
    assert went.status_code == 200
    return urlsplit(onward(went)).path


def give(visitor: Visitor, path: str, card: str = "pm_card_visa", **more: str):
    """Press the provider's button with a card; the page that follows."""
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', visitor.client.get(path).content.decode())
    assert token
    answer = visitor.client.post(path, {"csrfmiddlewaretoken": token[1], **(more or {"card": card})})
    assert (answer.status_code, answer["Location"]) == (303, path)
    return visitor.client.get(path)


def follow(visitor: Visitor, page):
    """Where the browser ends after a page that sends it on."""
    return visitor.client.get(urlsplit(onward(page)).path)


PAID = {**NOTHING, "invoices": 1, "payments": 1, "captured": [12_99], "methods": 1, "grants": 1}
COMPLETED = [
    "payment_method.attached",
    "payment.succeeded",
    "invoice.finalized",
    "invoice.paid",
    "subscription.activated",
    "checkout_session.completed",
    "access.changed",
]


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


def test_an_expired_purchase_says_so_and_leaves_no_document(shop, visitor):
    at_the_provider(visitor)
    with tenant(shop.id):
        CheckoutSession.objects.update(expires_at=instant() - timedelta(minutes=1))
    assert visitor.read().status_code == 410
    runs.lapse_due()

    page = visitor.read()
    assert page.status_code == 410
    assert "This purchase has expired" in text_of(page)
    assert "Nothing was charged" in text_of(page)
    assert counts(shop) == {**NOTHING, "payments": 1}
    assert kinds(shop) == ["checkout_session.expired"]
    with tenant(shop.id):
        subscription = Subscription.objects.get()
        assert (subscription.status, subscription.end_reason) == ("ended", "not_paid")
        assert not LedgerEntry.objects.exists()


def test_money_that_comes_after_the_end_goes_back_and_the_page_says_so(shop, visitor):
    path = at_the_provider(visitor)
    with tenant(shop.id):
        payment = Payment.objects.get()
        CheckoutSession.objects.update(expires_at=instant() - timedelta(minutes=1))
    runs.lapse_due()
    with tenant(shop.id):  # the provider closed the page too late: it was paid at that moment
        held = SimulatedPage.objects.get(ref=str(payment.pk))
        held.content = {**held.content, "status": "succeeded", "captured": 12_99, "method": "pm_sim-visa-x-ready"}
        held.save()
    looking.ask_about(merchant_id=shop.id, payment_id=payment.pk)

    page = visitor.read()
    assert page.status_code == 410
    assert "Your payment of €12.99 arrived after its end. It is being given back to the same card" in text_of(page)
    with tenant(shop.id):
        owed = Refund.objects.get()
    for _ in range(2):
        reconcile.refund(merchant_id=shop.id, refund_id=owed.pk)
    assert "It was given back to the same card" in text_of(visitor.read())
    assert visitor.back().status_code == 410
    assert counts(shop) == {**NOTHING, "payments": 1, "captured": [12_99], "refunded": [12_99], "methods": 1}
    with tenant(shop.id):
        assert sum(LedgerEntry.objects.filter(account="provider").values_list("amount", flat=True)) == 0
        assert sum(LedgerEntry.objects.filter(account="unallocated").values_list("amount", flat=True)) == 0
        assert Subscription.objects.get().status == "ended"
    assert visitor.client.get(path).status_code == 200


def test_the_back_button_after_the_payment_leads_on(shop, visitor):
    follow(visitor, give(visitor, at_the_provider(visitor)))
    page = visitor.read()

    assert page.status_code == 200
    assert "Your payment of €12.99 has arrived" in text_of(page)
    assert onward(page) == f"https://shop.example/merci?checkout_session={visitor.session.public_id}"
    posted = visitor.client.post(visitor.path, {"csrfmiddlewaretoken": visitor.client.cookies["csrftoken"].value})
    assert "has arrived" in text_of(posted)
    went = visitor.client.get(visitor.path + "/go")
    assert onward(went) == onward(page)
    assert counts(shop) == PAID


def test_paid_and_never_come_back(shop, visitor):
    give(visitor, at_the_provider(visitor))
    with tenant(shop.id):
        Payment.objects.update(next_look_at=instant())
    runs.settle_due()
    runs.settle_due()
    assert counts(shop) == PAID
    assert kinds(shop) == COMPLETED


def test_paid_and_the_form_opened_again_instead_of_the_return(shop, visitor):
    give(visitor, at_the_provider(visitor))
    assert "has arrived" in text_of(visitor.read())
    assert counts(shop) == PAID


def test_paid_in_one_tab_and_changed_in_another(shop, hifi):
    visitor = Visitor(shop.checkout(shop.enrol(), hifi, allow_codes=True))
    shop.coupon("AMI", percent_off=50, duration="forever")
    open_form = visitor.read()
    give(visitor, at_the_provider(visitor))
    answer = visitor.post(open_form, code="AMI", act="change")

    assert "has arrived" in text_of(answer)
    assert counts(shop) == PAID


def test_a_change_of_mind_closes_the_providers_old_page(shop, hifi):
    visitor = Visitor(shop.checkout(shop.enrol(), hifi, allow_codes=True))
    shop.coupon("AMI", percent_off=50, duration="forever")
    old = at_the_provider(visitor)
    assert visitor.post(code="AMI", act="change").status_code == 303
    closed = give(visitor, old)  # pressing the old button takes nothing
    assert urlsplit(onward(closed)).path.endswith("/return")
    assert counts(shop) == {**NOTHING, "payments": 1}
    new = at_the_provider(visitor)
    assert new != old
    assert follow(visitor, give(visitor, new)).status_code == 302
    assert counts(shop) == {**PAID, "payments": 2, "captured": [6_49]}


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


def test_a_double_click_opens_one_page_and_makes_one_payment(shop, visitor):
    page = visitor.read()
    posted = {**form_of(page), "consent": "on", "act": "pay"}
    barrier, answers = threading.Barrier(8), []

    def click() -> None:
        client = Client(enforce_csrf_checks=True)
        client.cookies = visitor.client.cookies
        barrier.wait()
        try:
            first = client.post(visitor.path, posted)
            answers.append(onward(client.get(first["Location"])) if first.status_code == 303 else first)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 8
    assert len(set(answers)) == 1, answers
    assert counts(shop) == {**NOTHING, "payments": 1}
    with tenant(shop.id):
        assert SimulatedPage.objects.count() == 1


def test_twenty_returns_at_once_complete_one_purchase(shop, visitor):
    give(visitor, at_the_provider(visitor))
    barrier, answers = threading.Barrier(20), []

    def come_back() -> None:
        try:
            barrier.wait()
            answers.append(looking.look(merchant_id=shop.id, session_id=visitor.session.pk).status)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=come_back) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == ["complete"] * 20
    assert counts(shop) == PAID
    assert kinds(shop) == COMPLETED


def test_a_purchase_in_the_past_of_a_test_clock_can_be_paid(shop, hifi):
    with tenant(shop.id):
        clock = Clock.objects.create(time=instant() - timedelta(days=900), created_at=instant())
        subscriber = enrolment.enrol(
            {"name": "Ada", "reference": "ada"},
            merchant=shop.merchant,
            actor=shop.actor,
            now=shop.now(),
            test_clock_id=clock.pk,
        )
    visitor = Visitor(shop.checkout(subscriber, hifi))
    assert follow(visitor, give(visitor, at_the_provider(visitor))).status_code == 302
    assert counts(shop) == PAID
    with tenant(shop.id):
        invoice = Invoice.objects.get()
        assert invoice.issued_on == local_date(clock.time, shop.merchant.timezone)
        assert invoice.number.startswith("T")
