"""`/checkout_sessions`: opened by a merchant's website, priced, told, ended; nothing half done."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.db import connections
from django.test import Client

from billing.flows import pay
from billing.models import CheckoutSession, Quote
from billing.selectors.answers import CheckoutSessionShape, QuoteShape
from invoices.models import Invoice, Payment
from merchants.clock import instant
from merchants.ids import show
from merchants.models import Event, Merchant
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber, Subscription
from tests.api.callers import Caller, faults, problem

pytestmark = pytest.mark.django_db(transaction=True)
BODY = {"subscriber_data": {"reference": "ON-1", "name": "Ada", "email": "ada@courriel.example"}, "offer": "ref:hifi"}


@pytest.fixture
def hifi(shop):
    device = shop.option("device", 2_00)
    shop.made["device"] = device
    return shop.offer("hifi", ("month", 1, 0), ("month", None, 12_99), options=[device])


def test_a_session_is_told_as_opened(site, shop, hifi):
    made = site.make(
        "checkout_sessions",
        {
            **BODY,
            "options": [{"option": "ref:device", "quantity": 2}],
            "quantity": 1,
            "allow_codes": True,
            "success_url": "https://shop.example/ok?order=12",
            "failure_url": "https://shop.example/ko",
            "cancel_url": "https://shop.example/cart",
            "locale": "en",
            "metadata": {"cart": "12"},
            "reference": "SUB-1",
        },
    )

    assert set(made) == set(CheckoutSessionShape.__annotations__)
    assert set(made["quote"]) == set(QuoteShape.__annotations__)
    assert (made["status"], made["invoice"], made["completed_at"]) == ("open", None, None)
    assert (made["quote"]["total"], made["quote"]["tax"], made["quote"]["currency"]) == (4_00, 67, "EUR")
    assert [(line["kind"], line["amount"], line["quantity"]) for line in made["quote"]["lines"]] == [
        ("stage", 0, "1"),
        ("option", 4_00, "2"),
    ]
    later = made["quote"]["later"]
    assert [(one["amount"], one["times"]) for one in later] == [(16_99, None)]
    assert (made["locale"], made["allow_codes"], made["metadata"]) == ("en", True, {"cart": "12"})
    assert made["success_url"] == "https://shop.example/ok?order=12"
    again = site.get(f"checkout_sessions/{made['id']}").json()
    assert {**again, "url": ""} == {**made, "url": ""}
    assert Client().get(urlsplit(again["url"]).path).status_code == 200
    with tenant(shop.id):
        assert Subscriber.objects.get().reference == "ON-1"
        subscription = Subscription.objects.get()
        assert (subscription.status, subscription.reference) == ("incomplete", "SUB-1")
        assert not Invoice.objects.exists()
        assert not Payment.objects.exists()
        told = Event.objects.order_by("subscriber_sequence").values_list("kind", flat=True)
        assert list(told) == ["subscriber.created", "subscription.created"]
        assert not [event for event in Event.objects.all() if "url" in event.data.get("object", {})]


def test_somebody_known_is_found_and_only_what_is_given_changes(site, shop, hifi):
    lucie = shop.enrol("ON-1", phone="0612345678")
    site.make("checkout_sessions", BODY)
    site.make("checkout_sessions", {**BODY, "subscriber_data": {"reference": "ON-1", "address": {"city": "Lyon"}}})
    site.make("checkout_sessions", {"subscriber": lucie.public_id, "offer": "ref:hifi"})
    site.make("checkout_sessions", {"subscriber": "ref:ON-1", "offer": "ref:hifi"})
    with tenant(shop.id):
        row = Subscriber.objects.get()
        assert (row.name, row.email, row.phone, row.city) == ("Ada", "ada@courriel.example", "0612345678", "Lyon")
        assert CheckoutSession.objects.count() == 4


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"subscriber": "cus_0"}, ("subscriber", "subscriber_or_data")),
        ({"subscriber_data": None}, ("subscriber_data", "null")),
        ({"offer": "ref:nothing"}, ("offer", "not_found")),
        ({"offer": show("off", UUID(int=7))}, ("offer", "not_found")),
        ({"options": [{"option": "ref:nothing"}]}, ("options[0].option", "not_found")),
        ({"options": [{"option": "ref:device", "quantity": 0}]}, ("options[0].quantity", "out_of_range")),
        ({"options": [{"option": "ref:device"}, {"option": "ref:device"}]}, ("options[1]", "option_twice")),
        ({"options": [{"option": "ref:device", "price": 0}]}, ("options[0].price", "field_unknown")),
        ({"coupons": ["ref:nothing"]}, ("coupons[0]", "not_found")),
        ({"quantity": 0}, ("quantity", "out_of_range")),
        ({"success_url": "https://shop.example@evil.example/"}, ("success_url", "url_malformed")),
        ({"success_url": "javascript:alert(1)"}, ("success_url", "url_malformed")),
        ({"cancel_url": "//evil.example"}, ("cancel_url", "url_malformed")),
        ({"failure_url": "https:\\\\evil.example"}, ("failure_url", "url_malformed")),
        ({"locale": "de"}, ("locale", "invalid_choice")),
        ({"status": "complete"}, ("status", "field_read_only")),
        ({"subscriber_data": {"reference": "A", "email": "ada"}}, ("subscriber_data.email", "email_invalid")),
        (
            {"subscriber_data": {"reference": "A", "address": {"country": "fr"}}},
            ("subscriber_data.address.country", "country_invalid"),
        ),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(site, shop, hifi, change, fault):
    body = {**BODY, **change}
    assert fault in faults(site.post("checkout_sessions", body))
    with tenant(shop.id):
        assert (Subscriber.objects.count(), Subscription.objects.count(), Quote.objects.count()) == (0, 0, 0)


def test_without_any_page_to_go_back_to_it_is_refused(site, shop, hifi):
    with tenant(shop.id):
        Merchant.objects.filter(id=shop.id).update(success_url="")
    assert faults(site.post("checkout_sessions", BODY)) == [("success_url", "url_invalid")]


def test_the_free_stage_is_had_once(site, shop, hifi):
    shop.buy(shop.enrol("ON-1"), hifi)
    assert problem(site.post("checkout_sessions", {"subscriber": "ref:ON-1", "offer": "ref:hifi"})) == (
        409,
        "free_stage_used",
    )


def test_a_used_up_coupon_is_refused(site, shop, hifi):
    coupon = shop.coupon("ONE", percent_off=10, duration="once", max_uses=1)
    plain = shop.offer("plain", ("month", None, 10_00))
    shop.buy(shop.enrol("a"), plain, coupons=[coupon])
    answer = site.post("checkout_sessions", {**BODY, "offer": "ref:plain", "coupons": ["ref:one"]})
    assert faults(answer) == [("coupons[0]", "coupon_used_up")]


def test_the_same_key_opens_one_session(site, shop, hifi):
    first = site.post("checkout_sessions", BODY, key="k1")
    second = site.post("checkout_sessions", BODY, key="k1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second["Idempotent-Replayed"] == "true"
    with tenant(shop.id):
        assert (CheckoutSession.objects.count(), Subscriber.objects.count()) == (1, 1)


def test_requests_at_once_for_somebody_new_enrol_them_once(site, shop, hifi):
    barrier, statuses = threading.Barrier(6), []

    def ask() -> None:
        try:
            barrier.wait()
            statuses.append(site.post("checkout_sessions", BODY).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [201] * 6
    with tenant(shop.id):
        assert (Subscriber.objects.count(), CheckoutSession.objects.count()) == (1, 6)


def test_lists_are_filtered_and_say_where_an_open_form_is(site, shop, hifi):
    plain = shop.offer("plain", ("month", None, 10_00))
    done = shop.buy(shop.enrol("a"), plain)
    opened = shop.checkout(shop.enrol("b"), plain)
    every = site.get("checkout_sessions").json()["data"]
    assert [one["id"] for one in every] == [opened.public_id, done.public_id]
    assert every[0]["url"].startswith("http")
    assert every[1]["url"] is None
    assert [one["id"] for one in site.get("checkout_sessions?status=complete").json()["data"]] == [done.public_id]
    assert [one["id"] for one in site.get("checkout_sessions?subscriber=ref:b").json()["data"]] == [opened.public_id]
    assert site.get("checkout_sessions?status=paid").status_code == 422
    complete = site.get(f"checkout_sessions/{done.public_id}").json()
    assert complete["invoice"].startswith("inv_")
    assert complete["completed_at"]


def test_a_session_is_expired_once_and_its_page_closed(site, shop, hifi):
    session = shop.checkout(shop.enrol(), hifi)
    pay.start(merchant_id=shop.id, session_id=session.pk)
    page = shop.payment(session).provider_session
    for _ in range(2):
        answer = site.post(f"checkout_sessions/{session.public_id}/expire")
        assert (answer.status_code, answer.json()["status"], answer.json()["url"]) == (200, "expired", None)
    shop.gateway().press(page, token="pm_card_visa")
    assert shop.gateway().checkout_outcome(page).captured in (0, None)
    with tenant(shop.id):
        assert Event.objects.filter(kind="checkout_session.expired").count() == 1
        assert Subscription.objects.get().end_reason == "not_paid"


def test_a_session_that_was_paid_meanwhile_does_not_expire(site, shop, hifi):
    session = shop.checkout(shop.enrol(), hifi, options=[shop.made["device"]])
    shop.press(session)
    answer = site.post(f"checkout_sessions/{session.public_id}/expire")
    assert problem(answer) == (409, "checkout_session_complete")
    assert site.get(f"checkout_sessions/{session.public_id}").json()["status"] == "complete"
    with tenant(shop.id):
        assert Invoice.objects.get().status == "paid"


def test_a_key_that_only_reads_opens_nothing(shop, hifi):
    reader = Caller.of(shop, "checkout_sessions:read")
    assert problem(reader.post("checkout_sessions", BODY))[0] == 403
    assert reader.get("checkout_sessions").status_code == 200


def test_the_url_opens_its_own_form_and_lasts_as_long_as_the_session(site, shop, hifi):
    made = site.make("checkout_sessions", BODY)
    expires = made["expires_at"]
    assert abs((instant() + timedelta(hours=23)).timestamp() - _seconds(expires)) < 120
    assert "Onde" in Client().get(urlsplit(made["url"]).path).content.decode()


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
