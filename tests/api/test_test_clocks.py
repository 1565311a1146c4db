"""`/test_clocks`: asked forward, released, deleted; and subscribers who live on one."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from alerts.models import Alert
from billing.flows import clock_work, clocks
from merchants.clock import instant
from merchants.ids import read
from merchants.models import Event
from merchants.models import TestClock as Clock
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber
from tests.api.callers import Caller, faults, problem
from tests.worlds import Shop, utc

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def nudged(monkeypatch):
    """The clocks that workers were asked to carry on; none runs here by itself."""
    asked: list[str] = []
    monkeypatch.setattr(clocks, "nudge", lambda merchant_id, clock_id: asked.append(str(clock_id)))
    return asked


@pytest.fixture
def clock(site):
    return site.make("test_clocks", {"name": "a year", "time": "2027-01-31T09:00:00Z"})


def row(clock) -> Clock:
    found: Clock = Clock.objects.get(id=read("tc", clock["id"]))
    return found


def text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def carry_on(shop, clock) -> bool:
    key = read("tc", clock["id"])
    assert key is not None
    return clock_work.carry_on(merchant_id=shop.id, clock_id=key)


def test_a_clock_is_asked_forward_and_gets_there(shop, site, clock, nudged):
    assert (clock["status"], clock["target"], clock["error"]) == ("ready", None, None)
    answer = site.post(f"test_clocks/{clock['id']}/advance", {"to": "2027-03-01T08:00:00+01:00"})
    assert answer.status_code == 200, answer.content
    assert answer.json() == {**clock, "status": "advancing", "target": "2027-03-01T07:00:00Z"}
    assert len(nudged) == 1

    refused = site.post(f"test_clocks/{clock['id']}/advance", {"to": "2028-03-01T08:00:00Z"})
    assert problem(refused) == (409, "clock_advancing")
    assert problem(site.post(f"test_clocks/{clock['id']}/release")) == (409, "clock_advancing")
    assert len(nudged) == 1

    assert carry_on(shop, clock) is False
    there = site.get(f"test_clocks/{clock['id']}").json()
    assert there == {**clock, "time": "2027-03-01T07:00:00Z"}
    with tenant(shop.id):
        kinds = list(
            Event.objects.filter(object_id=read("tc", clock["id"])).order_by("id").values_list("kind", flat=True)
        )
    assert kinds == ["test_clock.created", "test_clock.advancing", "test_clock.ready"]
    assert carry_on(shop, clock) is False  # a second worker finds nothing to do


@pytest.mark.parametrize(
    ("to", "fault"),
    [
        ("2027-01-31T09:00:00Z", ("to", "time_not_ahead")),
        ("2026-12-31T09:00:00Z", ("to", "time_not_ahead")),
        ("2037-02-28T09:00:00Z", ("to", "time_too_far")),
        ("2027-02-28", ("to", "not_an_instant")),
    ],
)
def test_a_clock_only_goes_forward_and_not_for_ever(site, clock, nudged, to, fault):
    assert faults(site.post(f"test_clocks/{clock['id']}/advance", {"to": to})) == [fault]
    assert site.get(f"test_clocks/{clock['id']}").json() == clock
    assert nudged == []


def test_a_deleted_clock_is_gone_and_its_subscribers_are_hidden(shop, site, clock, nudged):
    ada = site.make("subscribers", {"name": "Ada", "reference": "ada", "test_clock": clock["id"]})
    bob = site.make("subscribers", {"name": "Bob", "reference": "bob"})
    assert site.call("DELETE", f"test_clocks/{clock['id']}").status_code == 204

    assert [each["id"] for each in site.get("subscribers").json()["data"]] == [bob["id"]]
    assert site.get("subscribers?q=Ada").json()["data"] == []
    assert problem(site.get(f"subscribers/{ada['id']}"))[0] == 404
    assert problem(site.get("subscribers/ref:ada/access"))[0] == 404
    assert site.get("test_clocks").json()["data"] == []
    for gone in (
        site.get(f"test_clocks/{clock['id']}"),
        site.call("DELETE", f"test_clocks/{clock['id']}"),
        site.post(f"test_clocks/{clock['id']}/advance", {"to": "2027-03-01T08:00:00Z"}),
        site.post(f"test_clocks/{clock['id']}/release"),
    ):
        assert problem(gone)[0] == 404
    assert faults(site.post("subscribers", {"test_clock": clock["id"]})) == [("test_clock", "not_found")]
    with tenant(shop.id), pytest.raises(clocks.ClockDeleted):
        clocks.advance(merchant_id=shop.id, clock_id=row(clock).pk, to=utc("2027-03-01T08:00"), actor=shop.actor)
    assert nudged == []


def test_all_that_a_deleted_clock_s_subscribers_have_is_hidden(shop, site, clock, nudged):
    ada = site.make("subscribers", {"name": "Ada", "reference": "ada", "test_clock": clock["id"]})
    site.make("subscribers", {"name": "Bob", "reference": "bob"})
    offer = shop.offer("hifi", ("month", None, 12_99))
    for reference in ("ada", "bob"):
        with tenant(shop.id):
            row = Subscriber.objects.get(reference=reference)
        shop.buy(row, offer)
        with tenant(shop.id):
            Alert.objects.create(kind="test", severity="warn", fact=reference, subscriber=row, created_at=instant())
    lists = ("subscriptions", "checkout_sessions", "payment_methods", "invoices", "payments", "alerts")
    before = {name: site.get(name).json()["data"] for name in lists}
    assert {name: len(rows) for name, rows in before.items()} == dict.fromkeys(lists, 2)

    assert site.call("DELETE", f"test_clocks/{clock['id']}").status_code == 204
    for name in lists:
        [gone, kept] = sorted(before[name], key=lambda each: ada["id"] not in json.dumps(each))
        assert [each["id"] for each in site.get(name).json()["data"]] == [kept["id"]], name
        assert site.get(f"{name}/{gone['id']}").status_code == 404, name
        assert site.get(f"{name}/{kept['id']}").status_code == 200, name


def test_a_clock_that_advances_can_be_deleted_and_stops(shop, site, clock, nudged):
    site.post(f"test_clocks/{clock['id']}/advance", {"to": "2027-03-01T08:00:00Z"})
    assert site.call("DELETE", f"test_clocks/{clock['id']}").status_code == 204
    assert carry_on(shop, clock) is False
    with tenant(shop.id):
        assert row(clock).time == utc("2027-01-31T09:00")


def test_release_waits_for_the_present(shop, site, nudged):
    ahead = site.make("test_clocks", {"time": text(instant() + timedelta(hours=2))})
    assert problem(site.post(f"test_clocks/{ahead['id']}/release")) == (409, "clock_ahead")
    behind = site.make("test_clocks", {"time": text(instant() - timedelta(days=2))})
    assert problem(site.post(f"test_clocks/{behind['id']}/release")) == (409, "clock_behind")
    assert nudged == []

    near = site.make("test_clocks", {"time": text(instant() - timedelta(hours=20))})
    ada = site.make("subscribers", {"name": "Ada", "test_clock": near["id"]})
    assert site.post(f"test_clocks/{near['id']}/release").json()["status"] == "advancing"
    assert carry_on(shop, near) is False

    released = site.get(f"test_clocks/{near['id']}").json()
    assert (released["status"], released["target"], released["error"]) == ("released", None, None)
    assert site.get(f"subscribers/{ada['id']}").json()["test_clock"] is None
    [change] = [
        each for each in site.get(f"changes?subscriber={ada['id']}").json()["data"] if each["verb"] == "released"
    ]
    assert (change["before"], change["after"]) == ({"test_clock": near["id"]}, {"test_clock": None})
    assert problem(site.post(f"test_clocks/{near['id']}/advance", {"to": text(instant())})) == (409, "clock_released")
    assert problem(site.post(f"test_clocks/{near['id']}/release")) == (409, "clock_released")
    assert faults(site.post("subscribers", {"test_clock": near["id"]})) == [("test_clock", "clock_released")]


def test_only_a_sandbox_puts_subscribers_on_a_clock(transactional_db):
    live = Shop.open("Onde en vrai", sandbox=False)
    with tenant(live.id):
        planted = Clock.objects.create(time=instant(), created_at=instant())
    answer = Caller.of(live).post("subscribers", {"name": "Ada", "test_clock": planted.public_id})
    assert faults(answer) == [("test_clock", "sandbox_only")]


def test_a_key_that_only_reads_moves_no_clock(shop, site, clock, nudged):
    reader = Caller.of(shop, "test_clocks:read")
    assert reader.get(f"test_clocks/{clock['id']}").status_code == 200
    for answer in (
        reader.post(f"test_clocks/{clock['id']}/advance", {"to": "2027-03-01T08:00:00Z"}),
        reader.post(f"test_clocks/{clock['id']}/release"),
        reader.call("DELETE", f"test_clocks/{clock['id']}"),
    ):
        assert problem(answer) == (403, "scope_missing")
    assert nudged == []
