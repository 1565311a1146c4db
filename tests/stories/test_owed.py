"""An open invoice and its link: each way it can end, with exactly what was captured in the provider's own books."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from billing.flows import owed
from billing.gateways.base import OutcomeKind
from billing.models import DunningCase
from invoices.models import Refund
from merchants.models import Event
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod, Subscription
from tests.apps.invoices.bills import bill, line

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_is_paid_in_one_step_and_the_card_is_used_from_then_on(refused, shop):
    address = refused.start()
    page = refused.payments()[-1]
    assert (page.hosted, page.automatic, page.amount, page.status) == (True, False, 9_00, "pending")
    assert address == page.action_url
    refused.press()
    debt = refused.look()

    assert (debt.state, debt.due, refused.stands()) == ("paid", 0, ("paid", 9_00))
    assert refused.captured() == [9_00]
    with tenant(shop.id):
        kept = PaymentMethod.objects.get(subscriber=refused.lucie, is_default=True)
        assert kept.provider_ref.startswith("pm_sim-visa-")
        assert Subscription.objects.get().payment_method_id == kept.pk
        assert (Subscription.objects.get().payment_state, Subscription.objects.get().access) == ("ok", "full")
        assert DunningCase.objects.get().outcome == "paid"
        assert not Refund.objects.exists()


def test_what_else_is_owed_is_tried_at_once_on_the_new_card_and_each_is_captured_once(refused):
    other = refused.bill(5_00)
    refused.collect(other)
    assert refused.stands(other) == ("open", 0)
    refused.start()
    refused.press()
    for _twice in range(2):
        refused.look()

    assert (refused.stands(), refused.stands(other)) == (("paid", 9_00), ("paid", 5_00))
    assert refused.captured() == [5_00, 9_00]


def test_reading_charges_nothing(refused):
    for _again in range(3):
        assert refused.look().state == "owed"
    assert (len(refused.payments()), refused.captured()) == (1, [])


def test_a_double_click_opens_one_page(refused, shop):
    pages: list[str] = []

    def click() -> None:
        try:
            pages.append(refused.start())
        finally:
            connection.close()

    clicks = [threading.Thread(target=click) for _click in range(4)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert len(pages) == 4
    assert len(set(pages)) == 1
    assert [one.hosted for one in refused.payments()] == [False, True]
    refused.press()
    refused.press()
    refused.look()
    assert refused.captured() == [9_00]


def test_the_back_button_and_another_click_lead_to_the_same_page(refused):
    first = refused.start()
    assert refused.look().state == "owed"
    assert refused.start() == first
    assert len(refused.payments()) == 2


def test_a_refusal_on_the_page_leaves_it_open_and_opens_no_case_of_its_own(refused, shop):
    first = refused.start()
    refused.press("pm_card_chargeDeclined")
    debt = refused.look()
    assert (debt.state, debt.page.code, refused.stands()) == ("owed", "card_declined", ("open", 0))
    with tenant(shop.id):
        assert DunningCase.objects.get().tries == 1
    assert refused.start() == first
    refused.press()
    refused.look()
    assert refused.captured() == [9_00]


def test_another_sum_than_was_read_is_never_charged(refused):
    refused.credit(2_00)
    with pytest.raises(owed.AmountChanged):
        refused.start(seen=9_00)
    assert len(refused.payments()) == 1


def test_a_credit_meanwhile_closes_the_old_page_before_another_opens(refused, shop):
    old = refused.start()
    refused.credit(2_00)
    new = refused.start(seen=7_00)
    first, second = refused.payments()[1:]
    assert (first.status, first.code, second.amount, new != old) == ("failed", "expired", 7_00, True)
    assert refused.press(which=1).kind is OutcomeKind.EXPIRED
    refused.press()
    refused.look()
    assert refused.captured() == [7_00]
    assert refused.stands() == ("paid", 7_00)


def test_an_old_page_that_was_paid_at_that_moment_pays_what_is_due_and_the_rest_goes_back(refused, shop):
    refused.start()
    refused.press()
    refused.credit(2_00)
    with pytest.raises(owed.NothingOwed):
        refused.start(seen=7_00)
    assert refused.stands() == ("paid", 7_00)
    assert refused.captured() == [9_00]
    with tenant(shop.id):
        assert [one.amount for one in Refund.objects.all()] == [2_00]


def test_an_invoice_that_was_cancelled_meanwhile_takes_nothing_and_gives_all_back(refused, shop):
    refused.start()
    refused.credit()
    with pytest.raises(owed.NothingOwed):
        refused.start()
    assert refused.press().kind is OutcomeKind.EXPIRED
    assert (refused.look().state, refused.captured()) == ("cancelled", [])
    with tenant(shop.id):
        assert not Refund.objects.exists()


def test_who_pays_on_the_page_in_the_moment_it_is_cancelled_gets_it_all_back(refused, shop):
    refused.start()
    refused.press()
    refused.credit()
    assert refused.look().state == "cancelled"
    assert refused.captured() == [9_00]
    with tenant(shop.id):
        assert [one.amount for one in Refund.objects.all()] == [9_00]


def test_the_link_is_sent_only_for_what_is_owed_and_to_somebody_who_can_read_it(refused, shop):
    owed.send_link(merchant_id=shop.id, invoice_id=refused.invoice.pk, actor=shop.actor)
    with tenant(shop.id):
        told = Event.objects.get(kind="invoice.sent")
        assert (told.object_id, told.subscriber_id) == (refused.invoice.pk, refused.lucie.pk)
        assert "/pay/" not in str(told.data)
    refused.start()
    refused.press()
    refused.look()
    with pytest.raises(owed.NothingOwed):
        owed.send_link(merchant_id=shop.id, invoice_id=refused.invoice.pk, actor=shop.actor)

    nobody = bill(shop, shop.enrol("without", email=""), line(1_00))
    with pytest.raises(owed.NoAddress):
        owed.send_link(merchant_id=shop.id, invoice_id=nobody.pk, actor=shop.actor)
    with tenant(shop.id):
        assert Event.objects.filter(kind="invoice.sent").count() == 1
