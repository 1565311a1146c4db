"""A purchase at Stripe's double, told by signed notices: before the visitor's return, instead of it, late, twice, in
any order, or never. One effect each time; the double's list of captures is the truth about money."""

from __future__ import annotations

import time

import pytest

from billing import runs
from billing.models import ProviderEvent
from invoices.models import Invoice, Payment
from merchants.clock import instant
from merchants.tenancy.scope import tenant
from tests.stories.at_stripe import ONCE, at_stripe

__all__ = ["at_stripe"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_notice_before_the_return(at_stripe):
    visitor = at_stripe.begin()
    at_stripe.press(visitor)
    at_stripe.told()
    runs.read_due()
    assert at_stripe.settled() == ONCE
    assert visitor.back()["Location"].startswith("https://shop.example/merci?checkout_session=cs_")
    assert at_stripe.settled() == ONCE


def test_a_notice_instead_of_the_return(at_stripe):
    at_stripe.press(at_stripe.begin())
    at_stripe.told()
    for _ in range(3):
        runs.read_due()
    assert at_stripe.settled() == ONCE
    with tenant(at_stripe.shop.id):
        assert not ProviderEvent.objects.filter(settled_at=None).exists()


def test_a_notice_after_the_return(at_stripe):
    visitor = at_stripe.begin()
    at_stripe.double.console("faults", {"webhooks": "hold"})
    at_stripe.press(visitor)
    assert visitor.back().status_code == 302
    assert at_stripe.settled() == ONCE
    at_stripe.double.console("faults", {"webhooks": "normal"})
    at_stripe.double.console("webhooks/release", {})
    at_stripe.told()
    runs.read_due()
    assert at_stripe.settled() == ONCE


def test_no_notice_and_no_return(at_stripe):
    at_stripe.double.console("faults", {"webhooks": "drop"})
    at_stripe.press(at_stripe.begin())
    with tenant(at_stripe.shop.id):
        Payment.objects.update(next_look_at=instant())
    runs.settle_due()
    assert at_stripe.settled() == ONCE


def test_each_notice_twice(at_stripe):
    at_stripe.double.console("faults", {"webhooks": "duplicate"})
    at_stripe.press(at_stripe.begin())
    at_stripe.told()
    time.sleep(1)
    runs.read_due()
    runs.read_due()
    assert at_stripe.settled() == ONCE
    with tenant(at_stripe.shop.id):
        ids = list(ProviderEvent.objects.values_list("event_id", flat=True))
        assert len(ids) == len(set(ids))


def test_a_decline_is_told_by_the_form_and_leaves_no_document(at_stripe):
    visitor = at_stripe.begin()
    at_stripe.press(visitor, "pm_card_chargeDeclinedInsufficientFunds")
    form = visitor.client.get(visitor.back()["Location"])
    assert "the account is too low" in form.content.decode()
    runs.read_due()
    with tenant(at_stripe.shop.id):
        assert not Invoice.objects.exists()
        assert Payment.objects.get().status == "pending"
    assert at_stripe.captures() == []
    at_stripe.press(visitor)
    assert visitor.back().status_code == 302
    assert at_stripe.settled() == ONCE


def test_a_provider_that_is_silent_loses_nothing(at_stripe):
    visitor = at_stripe.begin()
    at_stripe.double.fault("checkout.sessions.create", "500", times=1)
    answer = visitor.pay()
    assert answer.status_code == 409
    assert "does not answer" in answer.content.decode()
    with tenant(at_stripe.shop.id):
        assert Payment.objects.count() == 1
    assert visitor.pay().status_code == 409  # the provider repeats its fault under the same key: that payment is over
    at_stripe.press(visitor)  # another one goes through
    at_stripe.double.fault("checkout.sessions.retrieve", "500", times=1)
    waiting = visitor.back()
    assert waiting.status_code == 200
    assert "has not told us yet how your payment went" in waiting.content.decode()
    assert visitor.back().status_code == 302
    assert at_stripe.settled() == {**ONCE, "payments": [("failed", 0), ("succeeded", 12_99)]}
