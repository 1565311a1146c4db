"""Ends of purchases that come late, twice or in another tab: one purchase, one document, one capture."""

from __future__ import annotations

import threading
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connections
from django.test import Client

from billing import runs
from billing.flows import looking, reconcile
from billing.models import CheckoutSession, SimulatedPage
from invoices.models import Invoice, LedgerEntry, Payment, Refund
from merchants.clock import instant
from merchants.models import TestClock as Clock
from merchants.now import local_date
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from subscribers.services import enrolment
from tests.pages.hosted import Visitor, form_of, text_of
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
