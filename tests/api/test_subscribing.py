"""`/subscriptions`: begun by the API, at once or when it is paid."""

from __future__ import annotations

import pytest

from billing.api.subscribing import SubscribedShape, SubscriptionPreviewShape
from invoices.models import Invoice, Payment
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Subscription
from tests.api.callers import faults, problem
from tests.api.subscribed import told_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_subscription_begun_now_is_told_whole_with_its_open_invoice(site, shop, sold):
    body = {
        "activation": "now",
        "channel": "call_centre",
        "reference": "S-1",
        "quantity": 2,
        "options": [{"option": "ref:extra", "quantity": 3}],
        "coupons": ["ref:welcome"],
        "billing_day": shop.now().today.day,
        "metadata": {"shelf": "3"},
    }
    seen = site.post("subscriptions/preview", {"subscriber": "ref:lucie", "offer": "ref:hifi", **body})
    assert seen.status_code == 200 and set(seen.json()) == set(SubscriptionPreviewShape.__annotations__)
    with tenant(shop.id):
        assert not Subscription.objects.exists()
    told = told_of(site, body)
    assert set(told) == set(SubscribedShape.__annotations__)
    assert (told["status"], told["activation"], told["channel"]) == ("active", "now", "call_centre")
    assert (told["reference"], told["quantity"], told["metadata"]) == ("S-1", 2, {"shelf": "3"})
    assert told["checkout_session"] is None
    invoice = site.get(f"invoices/{told['latest_invoice']}").json()
    total = 25_98 - 2_60 + 6_00 - 60
    assert (invoice["status"], invoice["total"], invoice["amount_due"]) == ("open", total, total)
    (document,) = seen.json()["documents"]
    assert (seen.json()["amount_due"], document["total"], document["tax"]) == (total, total, invoice["tax"])
    assert document["period"] == seen.json()["current_period"] == told["current_period"]
    assert [later["amount"] for later in seen.json()["later"]] == [31_98]
    with tenant(shop.id):
        assert set(Change.objects.filter(subscription_id=Subscription.objects.get().pk).values_list("channel")) == {
            ("call_centre",)
        }


def test_channels_decide_where_nothing_is_said(site, shop, sold):
    assert told_of(site, {"channel": "counter"})["activation"] == "now"
    assert problem(site.post("subscriptions", {"subscriber": "ref:lucie", "offer": "ref:hifi"})) == (
        409,
        "payment_method_missing",
    )
    shop.method(sold)
    paid = told_of(site, {})
    assert (paid["activation"], paid["status"], paid["checkout_session"]) == ("on_payment", "active", None)


def test_one_key_begins_one_subscription_and_charges_once(site, shop, sold):
    shop.method(sold)
    for activation in ("on_payment", "now"):
        body = {"subscriber": "ref:lucie", "offer": "ref:hifi", "activation": activation}
        first, second = (site.post("subscriptions", body, key=f"k-{activation}") for _ in range(2))
        assert first.status_code == 201 and first.content == second.content
        assert second["Idempotent-Replayed"] == "true"
    with tenant(shop.id):
        assert (Subscription.objects.count(), Invoice.objects.count(), Payment.objects.count()) == (2, 2, 1)


def test_a_refused_card_leaves_a_form_that_takes_another(site, shop, sold):
    shop.method(sold, "pm_card_chargeCustomerFail")
    told = told_of(site, {})
    assert (told["status"], told["latest_invoice"]) == ("incomplete", None)
    assert told["checkout_session"]["status"] == "open" and told["checkout_session"]["url"]
    assert told["checkout_session"]["quote"]["total"] == 12_99


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"subscriber": "ref:nobody"}, ("subscriber", "not_found")),
        ({"offer": "ref:nothing"}, ("offer", "not_found")),
        ({"options": [{"option": "ref:nothing"}]}, ("options[0].option", "not_found")),
        ({"coupons": ["ref:nothing"]}, ("coupons[0]", "not_found")),
        ({"payment_method": "pm_nothing"}, ("payment_method", "not_found")),
        ({"site": "ref:nowhere"}, ("site", "not_found")),
        ({"quantity": 0}, ("quantity", "out_of_range")),
        ({"billing_day": 32}, ("billing_day", "out_of_range")),
        ({"start_on": "1999-01-01"}, ("start_on", "start_on_out_of_range")),
        ({"start_on": "2026-02-30"}, ("start_on", "not_a_day")),
        ({"channel": "portal"}, ("channel", "invalid_choice")),
        ({"status": "active"}, ("status", "field_read_only")),
    ],
)
def test_what_cannot_be_sold_is_refused_by_its_field_and_leaves_nothing(site, shop, sold, given, fault):
    body = {"subscriber": "ref:lucie", "offer": "ref:hifi", "activation": "now", **given}
    assert fault in faults(site.post("subscriptions", body))
    assert fault in faults(site.post("subscriptions/preview", body))
    with tenant(shop.id):
        assert not Subscription.objects.exists()


def test_a_reference_is_taken_once(site, shop, sold):
    told_of(site, {"activation": "now", "reference": "S-1"})
    body = {"subscriber": "ref:lucie", "offer": "ref:hifi", "activation": "now", "reference": "S-1"}
    assert problem(site.post("subscriptions", body)) == (409, "reference_taken")
