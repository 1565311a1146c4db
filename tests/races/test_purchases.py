"""Purchases beside each other: what may be had once is had once, and what is charged is what was read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import runs
from billing.flows import change_purchase, checkout, outcome, pay
from billing.gateways.base import Outcome, OutcomeKind
from billing.models import CheckoutSession, SimulatedPage
from invoices.models import Invoice, Payment, Refund
from merchants.clock import instant
from merchants.models import Coupon, TestClock
from merchants.refusals import Conflict, Invalid
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber, Subscription, SubscriptionCoupon
from subscribers.services import enrolment
from tests.pages.hosted import Visitor, text_of
from tests.races.barrier import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hifi(shop):
    return shop.offer("Onde Hifi", ("month", None, 12_99))


@pytest.fixture
def trial(shop):
    return shop.offer("Essai", ("month", 1, 0), ("month", None, 9_99))


def captured(shop) -> list[int]:
    with tenant(shop.id):
        pages = [row.content for row in SimulatedPage.objects.all() if row.content]
    return sorted(page["captured"] for page in pages if page.get("captured"))


def test_two_tabs_have_one_free_stage_between_them(shop, trial):
    lucie = shop.enrol()
    first, second = Visitor(shop.checkout(lucie, trial)), Visitor(shop.checkout(lucie, trial))
    assert first.pay().status_code == 303
    left_open = shop.payment(first.session)

    assert second.pay().status_code == 303  # the page of the first is closed, that of the second opens
    assert shop.gateway().press(left_open.provider_session, token="pm_card_visa").kind.value == "expired"
    shop.gateway().press(shop.payment(second.session).provider_session, token="pm_card_visa")
    assert second.back().status_code == 302

    refused = first.pay()
    assert refused.status_code == 409
    assert "already had the free stage" in text_of(refused)
    with tenant(shop.id):
        assert list(Subscription.objects.values_list("status", flat=True).order_by("id")) == ["incomplete", "trialing"]


def test_a_free_stage_paid_in_the_other_tab_is_not_had_again(shop, trial):
    lucie = shop.enrol()
    first, second = Visitor(shop.checkout(lucie, trial)), Visitor(shop.checkout(lucie, trial))
    shop.press(first.session)  # and the visitor has not come back

    assert second.pay().status_code == 409
    with tenant(shop.id):
        assert list(Subscription.objects.values_list("status", flat=True).order_by("id")) == ["trialing", "incomplete"]
        assert Payment.objects.count() == 1


def test_starting_both_at_once_opens_one_page(shop, trial):
    lucie = shop.enrol()
    sessions = [shop.checkout(lucie, trial) for _ in range(4)]
    found = together(*[lambda s=s: pay.start(merchant_id=shop.id, session_id=s.pk) for s in sessions])

    assert sum(isinstance(one, str) for one in found) == 1, found
    assert all(isinstance(one, str | pay.PaymentUnderWay) for one in found), found
    with tenant(shop.id):
        assert Payment.objects.count() == 1


def test_another_subscriber_and_an_offer_without_free_stage_are_no_rivals(shop, trial, hifi):
    lucie, camille = shop.enrol(), shop.enrol("camille")
    sessions = [shop.checkout(lucie, trial), shop.checkout(camille, trial)]
    sessions += [shop.checkout(lucie, hifi), shop.checkout(lucie, hifi)]
    for session in sessions:
        shop.press(session)
    assert [shop.look(session).status for session in sessions] == ["complete"] * 4
    assert captured(shop) == [12_99, 12_99]


def test_a_coupon_of_once_per_subscriber_is_had_once(shop, hifi):
    coupon = shop.coupon("AMI", percent_off=50, duration="once", max_uses_per_subscriber=1, max_uses=1)
    lucie = shop.enrol()
    first = Visitor(shop.checkout(lucie, hifi, coupons=[coupon]))
    second = Visitor(shop.checkout(lucie, hifi, coupons=[coupon]))
    assert first.pay().status_code == 303
    with pytest.raises(Conflict):
        pay.start(merchant_id=shop.id, session_id=second.session.pk)

    assert second.pay().status_code == 303
    with tenant(shop.id):
        assert Coupon.objects.get().uses == 1
    shop.gateway().press(shop.payment(second.session).provider_session, token="pm_card_visa")
    assert second.back().status_code == 302
    with pytest.raises(Invalid) as refused:
        pay.start(merchant_id=shop.id, session_id=first.session.pk)
    assert refused.value.code == "coupon_already_used"
    with tenant(shop.id):
        assert SubscriptionCoupon.objects.count() == Coupon.objects.get().uses == 1
    assert captured(shop) == [6_49]


def test_a_page_opened_while_a_choice_is_made_is_charged_as_it_was_read(shop, hifi, monkeypatch):
    session = shop.checkout(shop.enrol(), hifi, allow_codes=True)
    shop.coupon("AMI", percent_off=50, duration="forever")
    close = change_purchase.close_page

    def and_pressed_meanwhile(**where):
        close(**where)
        shop.press(session)

    monkeypatch.setattr(change_purchase, "close_page", and_pressed_meanwhile)
    with pytest.raises(pay.PaymentUnderWay):
        change_purchase.change(merchant_id=shop.id, session_id=session.pk, code="AMI")
    assert shop.look(session).status == "complete"
    with tenant(shop.id):
        assert Invoice.objects.get().gross == 12_99
        assert not Refund.objects.exists()
    assert captured(shop) == [12_99]


def test_a_purchase_of_a_clock_s_past_is_left_alone_by_the_beat_of_the_present(shop, hifi):
    with tenant(shop.id):
        clock = TestClock.objects.create(time=instant() - timedelta(days=900), created_at=instant())
        values = {"name": "Ada", "reference": "ada"}
        act = {"merchant": shop.merchant, "actor": shop.actor, "now": shop.now()}
        ada = enrolment.enrol(values, test_clock_id=clock.pk, **act)
    session = shop.checkout(ada, hifi)
    shop.press(session)
    payment = shop.payment(session)
    runs.lapse_due()
    assert shop.payment(session).status == "pending"
    assert shop.look(session).status == "complete"
    with tenant(shop.id):
        assert Payment.objects.get().pk == payment.pk
        assert CheckoutSession.objects.get().status == "complete"


@pytest.mark.parametrize(
    "address", ["http://[", "http://[::1", "https://shop.example:99999/", "https://shop.example:x/"]
)
def test_an_address_that_cannot_be_read_is_refused(address):
    with pytest.raises(Invalid) as refused:
        checkout.check_address(address, name="success_url")
    assert refused.value.code == "url_invalid"


def test_purchases_that_cannot_end_yet_do_not_keep_those_of_others_waiting(shop, another_shop, hifi):
    stuck = shop.checkout(shop.enrol(), hifi)
    shop.press(stuck)
    silent = Outcome(kind=OutcomeKind.UNKNOWN)
    with tenant(shop.id):
        clock = TestClock.objects.create(time=instant() - timedelta(days=900), created_at=instant())
        act = {"merchant": shop.merchant, "actor": shop.actor, "now": shop.now()}
        ada = enrolment.enrol({"name": "Ada", "reference": "ada"}, test_clock_id=clock.pk, **act)
    shop.checkout(ada, hifi)
    with tenant(shop.id):
        CheckoutSession.objects.filter(id=stuck.pk).update(expires_at=instant() - timedelta(hours=2))
    outcome.record(merchant_id=shop.id, payment_id=shop.payment(stuck).pk, outcome=silent)  # looked at again in minutes
    theirs = another_shop.checkout(another_shop.enrol(), another_shop.offer("Autre", ("month", None, 5_00)))
    with tenant(another_shop.id):
        CheckoutSession.objects.update(expires_at=instant() - timedelta(minutes=1))

    waiting = across_tenants("open_checkouts", instant(), 1_000)
    assert theirs.pk in [found.id for found in waiting]
    assert not [found for found in waiting if found.merchant_id == shop.id]
    later = across_tenants("open_checkouts", instant() + timedelta(hours=2), 1_000)
    assert [found.id for found in later if found.merchant_id == shop.id] == [stuck.pk]


def test_a_sum_in_another_currency_is_not_believed(shop, hifi, caplog):
    session = shop.checkout(shop.enrol(), hifi)
    pay.start(merchant_id=shop.id, session_id=session.pk)
    taken = Outcome(kind=OutcomeKind.SUCCEEDED, captured=14_20, currency="USD", provider_ref="pi_1")
    outcome.record(merchant_id=shop.id, payment_id=shop.payment(session).pk, outcome=taken)
    assert shop.payment(session).status == "pending"
    assert "was asked in EUR, and taken in USD" in caplog.text
    with tenant(shop.id):
        assert not Invoice.objects.exists()
        assert not Refund.objects.exists()


def test_opening_a_purchase_locks_payer_and_beneficiary_before_it_writes(shop, hifi):
    """Keys are checked at the end, under a lock of both rows: who held only one would wait crosswise with who pays."""
    payer = shop.enrol("parent")
    with tenant(shop.id):
        act = {"merchant": shop.merchant, "actor": shop.actor, "now": shop.now()}
        child = enrolment.enrol({"name": "Ada", "reference": "ada"}, payer_id=payer.pk, **act)
        child = Subscriber.objects.select_related("payer").get(id=child.pk)
    with CaptureQueriesContext(connection) as seen:
        shop.checkout(child, hifi)
    said = [query["sql"] for query in seen.captured_queries]
    locks = [at for at, sql in enumerate(said) if "FOR UPDATE" in sql and '"subscribers_subscriber"' in sql]
    writes = [at for at, sql in enumerate(said) if sql.startswith("INSERT")]
    assert locks[0] < writes[0]
    assert all(str(person.pk) in said[locks[0]] for person in (payer, child))
