"""`/webhook_endpoints`, their deliveries, and `/alerts`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.models import Alert, Delivery, WebhookEndpoint
from alerts.services import deliver, endpoints, relay
from merchants.clock import instant
from merchants.secrets import decrypt
from merchants.tenancy.scope import tenant
from tests.api.callers import Caller, faults, problem
from tests.apps.alerts.rooms import alerts, deliveries, receiver, signed_by, tell

pytestmark = pytest.mark.django_db(transaction=True)
URL = "https://hooks.shop.example/in"


@pytest.fixture(autouse=True)
def nudged(monkeypatch):
    asked: list[tuple[str, ...]] = []
    for module in (relay, deliver, endpoints):
        monkeypatch.setattr(module, "nudge", lambda task, *ids: asked.append((task, *map(str, ids))))
    return asked


def make(site, **body):
    return site.make("webhook_endpoints", {"url": URL, **body})


def test_an_endpoint_is_made_its_secret_shown_once_and_stored_encrypted(shop, site):
    made = make(site, events=["invoice.paid", "payment.*"], description="the shop")
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert {name: made[name] for name in made if name not in {"id", "created_at"}} == {
        "object": "webhook_endpoint",
        "url": URL,
        "description": "the shop",
        "events": ["invoice.paid", "payment.*"],
        "enabled": True,
        "status": "active",
        "failing_since": None,
        "previous_secret_until": None,
    }
    assert site.get(f"webhook_endpoints/{made['id']}").json() == made
    assert site.get("webhook_endpoints").json()["data"] == [made]
    with tenant(shop.id):
        stored = bytes(WebhookEndpoint.objects.get().secret)
    assert secret.encode() not in stored
    assert decrypt(stored) == secret


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, ("url", "required")),
        ({"url": 3}, ("url", "invalid")),
        ({"url": "shop.example"}, ("url", "url_scheme")),
        ({"url": "file:///etc/passwd"}, ("url", "url_scheme")),
        ({"url": "http://a@10.0.0.1/"}, ("url", "url_credentials")),
        ({"url": "http://10.0.0.1/"}, ("url", "url_private")),
        ({"url": "http://169.254.169.254/latest"}, ("url", "url_private")),
        ({"url": "http://[::ffff:10.0.0.1]/"}, ("url", "url_private")),
        ({"url": "http://metadata.google.internal/"}, ("url", "url_private")),
        ({"url": "http://shop.example:6379/"}, ("url", "url_port")),
        ({"url": URL, "events": ["invoice.eaten"]}, ("events[0]", "event_unknown")),
        ({"url": URL, "events": "invoice.paid"}, ("events", "not_a_list")),
        ({"url": URL, "secret": "whsec_x"}, ("secret", "field_read_only")),
    ],
)
def test_bad_endpoints_are_refused_and_nothing_is_written(shop, site, body, fault):
    assert fault in faults(site.post("webhook_endpoints", body))
    with tenant(shop.id):
        assert WebhookEndpoint.objects.count() == 0


def test_a_sandbox_may_use_http_a_live_merchant_may_not(shop, settings):
    settings.WEBHOOKS_TO_LOOPBACK = False
    from tests.worlds import Shop

    live = Caller.of(Shop.open("Live", sandbox=False))
    assert faults(live.post("webhook_endpoints", {"url": "http://shop.example/"})) == [("url", "url_scheme")]
    assert live.post("webhook_endpoints", {"url": URL}).status_code == 201
    assert Caller.of(shop).post("webhook_endpoints", {"url": "http://shop.example/"}).status_code == 201
    assert faults(Caller.of(shop).post("webhook_endpoints", {"url": "http://127.0.0.1:8000/"})) == [
        ("url", "url_private")
    ]


def test_no_more_than_twenty(shop, site):
    for number in range(20):
        make(site, url=f"{URL}/{number}")
    assert problem(site.post("webhook_endpoints", {"url": URL})) == (409, "too_many_endpoints")


def test_an_endpoint_is_changed_switched_off_and_deleted(shop, site, nudged):
    made = make(site)
    path = f"webhook_endpoints/{made['id']}"
    changed = site.patch(path, {"events": ["invoice.paid"], "enabled": False}).json()
    assert (changed["events"], changed["enabled"], changed["status"]) == (["invoice.paid"], False, "disabled")
    tell(shop, "invoice.paid")
    relay.publish(shop.id)
    assert deliveries(shop) == []
    assert problem(site.post(f"{path}/test")) == (409, "endpoint_disabled")
    assert site.patch(path, {"enabled": True}).json()["status"] == "active"
    tell(shop, "invoice.paid")
    relay.publish(shop.id)
    assert deliveries(shop, "status") == ["waiting"]
    assert site.call("DELETE", path).status_code == 204
    assert problem(site.get(path)) == (404, "not_found")
    assert problem(site.patch(path, {"enabled": True})) == (404, "not_found")
    assert deliveries(shop, "status") == ["failed"]
    assert [one["status"] for one in site.get(f"{path}/deliveries").json()["data"]] == ["failed"]


def test_a_secret_is_rolled_with_an_overlap(shop, site):
    made = make(site)
    path = f"webhook_endpoints/{made['id']}"
    before = instant()
    rolled = site.post(f"{path}/roll", {"overlap_hours": 2}).json()
    assert rolled["secret"] != made["secret"]
    with tenant(shop.id):
        row = WebhookEndpoint.objects.get()
    assert decrypt(row.previous_secret) == made["secret"]
    assert timedelta(hours=2) <= row.previous_secret_until - before <= timedelta(hours=2, minutes=1)
    at_once = site.post(f"{path}/roll", {"overlap_hours": 0}).json()
    assert at_once["previous_secret_until"] is None
    assert faults(site.post(f"{path}/roll", {"overlap_hours": 169})) == [("overlap_hours", "out_of_range")]
    assert "secret" not in site.get(path).json()


def test_a_test_is_sent_to_this_endpoint_only_and_signed(shop, site):
    with receiver() as room, receiver() as other:
        made = make(site, url=room.url, events=["invoice.paid"])
        make(site, url=other.url)
        sent = site.make(f"webhook_endpoints/{made['id']}/test", {})
        relay.publish(shop.id)
        with tenant(shop.id):
            rows = list(WebhookEndpoint.objects.all())
        for row in rows:
            deliver.deliver(shop.id, row.pk)
    [got] = room.got
    assert (got.json["type"], got.headers["webhook-id"]) == ("webhook_endpoint.tested", sent["event"])
    assert signed_by(made["secret"], got)
    assert other.got == []


def failed(shop, site):
    """An endpoint with three deliveries that were given up."""
    made = make(site)
    for _ in range(3):
        tell(shop, "access.changed")
    relay.publish(shop.id)
    with tenant(shop.id):
        Delivery.objects.update(status="failed", tries=16, next_try_at=None, last_status=502, last_answer="Bad Gateway")
    return f"webhook_endpoints/{made['id']}"


def test_deliveries_are_listed_with_the_last_answer_and_sent_again(shop, site, nudged):
    path = failed(shop, site)
    listed = site.get(f"{path}/deliveries?limit=2").json()
    assert [one["sequence"] for one in listed["data"]] == [3, 2]
    assert listed["has_more"] is True
    first = listed["data"][0]
    assert (first["type"], first["status"], first["last_status"], first["last_answer"], first["tries"]) == (
        "access.changed",
        "failed",
        502,
        "Bad Gateway",
        16,
    )
    again = site.post(f"{path}/deliveries/{first['id']}/retry").json()
    assert (again["id"], again["status"], again["tries"]) == (first["id"], "waiting", 0)
    assert [asked[0] for asked in nudged] == ["deliver"]
    assert [one["sequence"] for one in site.get(f"{path}/deliveries?status=waiting").json()["data"]] == [3]
    assert faults(site.get(f"{path}/deliveries?status=lost")) == [("status", "invalid_choice")]


def test_all_that_was_given_up_is_sent_again(shop, site):
    path = failed(shop, site)
    tomorrow = (instant() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert site.post(f"{path}/replay", {"since": tomorrow}).json() == {"deliveries": 0}
    assert site.post(f"{path}/replay").json() == {"deliveries": 3}
    assert deliveries(shop, "status", "tries") == [("waiting", 0)] * 3
    assert site.post(f"{path}/replay").json() == {"deliveries": 0}


def test_a_stranger_finds_nothing(shop, site, stranger):
    path = failed(shop, site)
    own = make(stranger)
    [delivery, *_] = site.get(f"{path}/deliveries").json()["data"]
    unknown = stranger.get("webhook_endpoints/whe_0000000000000000000001")
    for answer in (
        stranger.get(path),
        stranger.patch(path, {"enabled": False}),
        stranger.call("DELETE", path),
        stranger.post(f"{path}/roll"),
        stranger.post(f"{path}/test"),
        stranger.post(f"{path}/replay"),
        stranger.get(f"{path}/deliveries"),
        stranger.post(f"{path}/deliveries/{delivery['id']}/retry"),
        stranger.post(f"webhook_endpoints/{own['id']}/deliveries/{delivery['id']}/retry"),
    ):
        assert problem(answer) == (404, "not_found")
        assert answer.json()["detail"] == unknown.json()["detail"]
    assert deliveries(shop, "status") == ["failed"] * 3


def test_a_key_needs_the_scope(shop, site):
    reader = Caller.of(shop, "webhooks:read")
    assert reader.get("webhook_endpoints").status_code == 200
    assert reader.post("webhook_endpoints", {"url": URL}).status_code == 403
    assert reader.get("alerts").status_code == 403


def raised(shop, fact, **columns):
    with tenant(shop.id):
        return Alert.objects.create(
            kind="payment_failed",
            severity="warn",
            fact=fact,
            details={"invoice": "inv_1"},
            created_at=instant(),
            **columns,
        )


def test_alerts_are_listed_read_acknowledged_and_resolved(shop, site):
    person = shop.enrol("lucie")
    one, two = raised(shop, "a", subscriber=person), raised(shop, "b")
    assert [row["id"] for row in site.get("alerts").json()["data"]] == [two.public_id, one.public_id]
    shown = site.get(f"alerts/{one.public_id}").json()
    assert {name: shown[name] for name in ("kind", "severity", "status", "subscriber", "details")} == {
        "kind": "payment_failed",
        "severity": "warn",
        "status": "open",
        "subscriber": person.public_id,
        "details": {"invoice": "inv_1"},
    }
    assert [row["id"] for row in site.get("alerts?subscriber=ref:lucie").json()["data"]] == [one.public_id]
    assert site.post(f"alerts/{one.public_id}/acknowledge").json()["status"] == "acknowledged"
    first = site.post(f"alerts/{one.public_id}/resolve").json()
    assert first["status"] == "resolved"
    assert site.post(f"alerts/{one.public_id}/resolve").json() == first
    assert site.post(f"alerts/{one.public_id}/acknowledge").json() == first
    assert [row["id"] for row in site.get("alerts?status=open").json()["data"]] == [two.public_id]
    assert [row["id"] for row in site.get("alerts?status=resolved").json()["data"]] == [one.public_id]
    assert faults(site.get("alerts?subscriber=cus_1")) == [("subscriber", "not_found")]


def test_a_strangers_alert_is_not_found_and_not_touched(shop, stranger):
    row = raised(shop, "a")
    for answer in (
        stranger.get(f"alerts/{row.public_id}"),
        stranger.post(f"alerts/{row.public_id}/acknowledge"),
        stranger.post(f"alerts/{row.public_id}/resolve"),
    ):
        assert problem(answer) == (404, "not_found")
    assert alerts(shop, "resolved_at", "acknowledged_at") == [(None, None)]
