"""The office's pages of webhooks and alerts."""

from __future__ import annotations

import re

import pytest

from alerts.models import Alert, Delivery, WebhookEndpoint
from alerts.services import endpoints, relay
from invoices.models import Invoice
from merchants import journal
from merchants.actors import Actor
from merchants.clock import instant
from merchants.now import Now
from merchants.secrets import decrypt
from merchants.tenancy.scope import tenant
from tests.pages.furnished import furnish
from tests.pages.offices import colleague, office

pytestmark = pytest.mark.django_db(transaction=True)
URL = "https://hooks.shop.example/in"


@pytest.fixture(autouse=True)
def nudged(monkeypatch):
    asked: list[tuple[str, ...]] = []
    for module in (relay, endpoints):
        monkeypatch.setattr(module, "nudge", lambda task, *ids: asked.append((task, *map(str, ids))))
    return asked


def now():
    return Now(at=instant(), zone="Europe/Paris")


def made(seat, url=URL, **values):
    with tenant(seat.merchant.id):
        return endpoints.create(url=url, merchant=seat.merchant, now=now(), **values)[0]


def told(seat, kind="access.changed", **shown):
    with tenant(seat.merchant.id):
        journal.record(kind=kind, data={"object": shown}, actor=Actor.system("test"), now=now())
    relay.publish(seat.merchant.id)


def row(seat):
    with tenant(seat.merchant.id):
        return WebhookEndpoint.objects.latest("id")


def page(seat, name, **arguments):
    answer = seat.client.get(seat.url(name, **arguments))
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "style=" not in text and "onclick" not in text
    return text


def post(seat, name, values=None, **arguments):
    return seat.client.post(seat.url(name, **arguments), values or {})


def test_an_endpoint_is_added_and_its_secret_shown_this_once():
    seat = office()
    assert "No endpoint yet." in page(seat, "webhooks")
    answer = post(seat, "webhooks", {"url": URL, "description": "the shop", "events": ["invoice.*"]})
    assert answer.status_code == 200
    [secret] = set(re.findall(r"whsec_[A-Za-z0-9+/=]+", answer.content.decode()))
    endpoint = row(seat)
    assert decrypt(endpoint.secret) == secret
    assert (endpoint.url, endpoint.description, endpoint.events) == (URL, "the shop", ["invoice.*"])
    listed = page(seat, "webhooks")
    assert "whsec_" not in listed
    assert seat.url("webhook", webhook_endpoint=endpoint.public_id) in listed
    assert "whsec_" not in page(seat, "webhook", webhook_endpoint=endpoint.public_id)


def test_a_bad_address_is_said_beside_its_field_and_nothing_is_made():
    seat = office()
    answer = post(seat, "webhooks", {"url": "http://10.0.0.1/"})
    assert answer.status_code == 422
    assert "This address is not on the public internet." in answer.content.decode()
    with tenant(seat.merchant.id):
        assert WebhookEndpoint.objects.count() == 0


def test_an_endpoints_page_shows_its_deliveries_with_the_last_answer():
    seat = office()
    endpoint = made(seat)
    for _ in range(3):
        told(seat)
    with tenant(seat.merchant.id):
        first, second, _ = Delivery.objects.order_by("sequence")
        tried = {"last_tried_at": instant(), "last_status": 502, "last_answer": "Bad <b>Gateway</b>"}
        Delivery.objects.filter(id=first.pk).update(status="failed", tries=16, next_try_at=None, **tried)
        Delivery.objects.filter(id=second.pk).update(tries=3, **tried)
    shown = page(seat, "webhook", webhook_endpoint=endpoint.public_id)
    assert shown.count("/developers/deliveries/dlv_") == 3
    assert shown.count("502") == 2
    for words in ("Given up", "Retrying", "Waits", "16 tries", "2 deliveries wait", "Send 1 again"):
        assert words in shown, words
    only = seat.client.get(seat.url("webhook", webhook_endpoint=endpoint.public_id) + "?status=failed").content.decode()
    assert only.count("/developers/deliveries/dlv_") == 1
    detail = page(seat, "webhook_delivery", delivery=first.public_id)
    assert "Bad &lt;b&gt;Gateway&lt;/b&gt;" in detail
    assert "&quot;type&quot;: &quot;access.changed&quot;" in detail


def test_a_delivery_is_sent_again_and_all_that_was_given_up(nudged):
    seat = office()
    endpoint = made(seat)
    for _ in range(2):
        told(seat)
    with tenant(seat.merchant.id):
        Delivery.objects.update(status="failed", tries=16, next_try_at=None)
        one = Delivery.objects.latest("sequence")
    nudged.clear()
    answer = post(seat, "webhook_delivery_retry", delivery=one.public_id)
    assert answer.status_code == 302
    with tenant(seat.merchant.id):
        assert list(Delivery.objects.order_by("sequence").values_list("status", "tries")) == [
            ("failed", 16),
            ("waiting", 0),
        ]
    assert nudged == [("deliver", str(seat.merchant.id), str(endpoint.pk))]
    post(seat, "webhook_replay", webhook_endpoint=endpoint.public_id)
    with tenant(seat.merchant.id):
        assert list(Delivery.objects.values_list("status", flat=True)) == ["waiting", "waiting"]


def test_settings_are_saved_and_it_is_switched_rolled_tested_and_deleted(nudged):
    seat = office()
    endpoint = made(seat)
    argument = {"webhook_endpoint": endpoint.public_id}
    assert post(seat, "webhook", {"url": URL + "2", "events": ["access.changed"]}, **argument).status_code == 302
    assert (row(seat).url, row(seat).events) == (URL + "2", ["access.changed"])
    assert post(seat, "webhook", {"url": "ftp://x.example"}, **argument).status_code == 422
    assert row(seat).url == URL + "2"
    old = decrypt(row(seat).secret)
    rolled = post(seat, "webhook_roll", **argument).content.decode()
    assert decrypt(row(seat).secret) in rolled.replace("&#x2B;", "+")
    assert decrypt(row(seat).previous_secret) == old
    assert old not in rolled
    post(seat, "webhook_test", **argument)
    relay.publish(seat.merchant.id)
    with tenant(seat.merchant.id):
        assert list(Delivery.objects.values_list("event__kind", flat=True)) == ["webhook_endpoint.tested"]
    post(seat, "webhook_switch", **argument)
    assert row(seat).disabled_at is not None
    assert post(seat, "webhook_test", **argument).status_code == 409
    post(seat, "webhook_switch", **argument)
    assert row(seat).disabled_at is None
    assert post(seat, "webhook_delete", **argument).status_code == 302
    assert row(seat).deleted_at is not None
    assert seat.url("webhook", **argument) not in page(seat, "webhooks")
    assert post(seat, "webhook_switch", **argument).status_code == 404


def test_who_may_only_look_is_shown_no_act_and_refused_one():
    seat = office()
    endpoint = made(seat)
    support = colleague(seat, "support")
    assert support.client.get(support.url("webhooks")).status_code == 403
    assert post(support, "webhook_roll", webhook_endpoint=endpoint.public_id).status_code == 403
    assert row(seat).previous_secret is None


def raised(seat, kind, fact, severity="warn", **columns):
    with tenant(seat.merchant.id):
        return Alert.objects.create(
            kind=kind, severity=severity, fact=fact, created_at=instant(), **{"details": {}, **columns}
        )


def test_alerts_say_what_they_are_about_and_are_settled():
    seat = office()
    assert "Nothing waits for you" in page(seat, "alerts")
    endpoint = made(seat)
    about = {"endpoint": endpoint.public_id, "url": URL}
    alert = raised(seat, "webhook_failing", "a", details=about)
    told(seat)
    shown = page(seat, "alerts")
    assert "hooks.shop.example refuses webhooks" in shown
    assert "Soon" in shown
    assert seat.url("webhook", webhook_endpoint=endpoint.public_id) in shown
    assert post(seat, "alert_acknowledge", alert=alert.public_id).status_code == 302
    assert "somebody is at it" in page(seat, "alerts")
    post(seat, "alert_resolve", alert=alert.public_id)
    assert "Nothing waits for you" in page(seat, "alerts")
    resolved = seat.client.get(seat.url("alerts") + "?view=resolved").content.decode()
    assert "hooks.shop.example refuses webhooks" in resolved


def test_the_home_page_shows_what_needs_someone_urgent_first_and_several_as_one():
    seat = office()
    for number in range(3):
        raised(seat, "payment_failed", f"p{number}", severity="warn")
    raised(seat, "webhook_given_up", "w", severity="bad", details={"endpoint": "whe_x", "url": URL})
    seen = raised(seat, "letter_failed", "l")
    post(seat, "alert_acknowledge", alert=seen.public_id)
    shown = page(seat, "home-alerts")
    assert "3 payments were refused" in shown
    assert shown.index("did not take some webhooks") < shown.index("3 payments were refused")
    assert "Urgent:" in shown
    assert "letter" not in shown
    assert "<html" not in shown
    assert seat.url("home-alerts") in page(seat, "home")


def test_a_counter_clerk_sees_no_alerts_on_the_home_page():
    seat = office()
    raised(seat, "payment_failed", "p")
    clerk = colleague(seat, "counter")
    answer = clerk.client.get(clerk.url("home-alerts"))
    assert (answer.status_code, answer.content) == (200, b"")
    assert clerk.client.get(clerk.url("alerts")).status_code == 403


def test_an_alert_of_an_invoice_names_who_and_how_much():
    seat = furnish()
    with tenant(seat.merchant.id):
        invoice = Invoice.objects.latest("id")
    about = {"invoice": invoice.public_id}
    raised(seat, "payment_failed", "x", subscriber_id=invoice.payer_id, details=about)
    shown = page(seat, "alerts")
    assert "The payment of Lucie Garnier was refused" in shown
    assert f"Invoice {invoice.number} stays open" in shown
    assert "€0.00" in shown


def test_pages_speak_french():
    seat = office(locale="fr")
    made(seat)
    page(seat, "webhooks")
    page(seat, "alerts")
    page(seat, "webhook", webhook_endpoint=row(seat).public_id)
