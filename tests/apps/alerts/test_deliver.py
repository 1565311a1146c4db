"""Webhooks: what arrives, in which order, how often; what fails, rests and is given up."""

from __future__ import annotations

import time
from datetime import UTC, timedelta

import pytest
import time_machine

from alerts import patience
from alerts.models import WebhookEndpoint
from alerts.services import claims, deliver, endpoints, outcomes, relay
from alerts.services.call import Answer
from merchants.clock import instant
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant
from tests.apps.alerts.rooms import (
    alerts,
    answer,
    deliveries,
    due_again,
    endpoint,
    messages,
    receiver,
    signed_by,
    tell,
)
from tests.worlds import forget

pytestmark = pytest.mark.django_db(transaction=True)
NOBODY = "http://127.0.0.1:1029/hooks"


@pytest.fixture(autouse=True)
def no_nudges(monkeypatch):
    asked: list[tuple[str, ...]] = []
    for module in (relay, deliver, endpoints):
        monkeypatch.setattr(module, "nudge", lambda task, *ids: asked.append((task, *map(str, ids))))
    return asked


def send(shop, row):
    relay.publish(shop.id)
    return deliver.deliver(shop.id, row.pk)


def health(row):
    with tenant(row.merchant_id):
        return WebhookEndpoint.objects.get(id=row.pk)


def test_the_body_is_the_event_and_the_signature_is_the_specifications(shop):
    with receiver() as room:
        row, secret = endpoint(shop, room.url)
        event = tell(shop, "invoice.finalized", id="inv_1", total=1099)
        before = int(time.time())
        assert send(shop, row) == 1
    [got] = room.got
    assert got.json == {
        "id": event.public_id,
        "type": "invoice.finalized",
        "created_at": event.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "sequence": 1,
        "subscriber_sequence": None,
        "data": {"object": {"id": "inv_1", "total": 1099}},
        "request_id": None,
        "channel": "api",
    }
    assert got.headers["webhook-id"] == event.public_id
    assert got.headers["content-type"] == "application/json; charset=utf-8"
    assert before <= int(got.headers["webhook-timestamp"]) <= before + 15
    assert got.headers["host"] == room.url.split("/")[2]
    assert signed_by(secret, got)
    assert not signed_by(endpoints.new_secret(), got)
    [sent] = deliveries(shop)
    assert (sent.status, sent.tries, sent.last_status, sent.last_answer) == ("delivered", 1, 200, "thanks")
    assert sent.delivered_at is not None
    assert sent.next_try_at is None


def test_personal_values_are_filled_in_and_what_was_erased_is_null(shop):
    with receiver() as room:
        row, _ = endpoint(shop, room.url)
        person = shop.enrol("lucie", name="Lucie Garnier", email="lucie@courriel.example")
        with tenant(shop.id):
            forget(person, "email")
        send(shop, row)
    shown = room.got[0].json["data"]["object"]
    assert (shown["name"], shown["email"], shown["reference"]) == ("Lucie Garnier", None, "lucie")


def test_two_secrets_sign_while_a_rolled_one_overlaps(shop):
    with receiver() as room:
        row, old = endpoint(shop, room.url)
        with tenant(shop.id):
            new = endpoints.roll(WebhookEndpoint.objects.get(id=row.pk), overlap=timedelta(hours=1))
        tell(shop, "access.changed")
        send(shop, row)
        with time_machine.travel(instant() + timedelta(hours=2), tick=True):
            tell(shop, "access.changed")
            send(shop, row)
    during, after = room.got
    assert signed_by(old, during)
    assert signed_by(new, during)
    assert len(during.headers["webhook-signature"].split(" ")) == 2
    assert not signed_by(old, after)
    assert signed_by(new, after)


def test_a_life_arrives_in_order_and_waits_for_its_earlier_events(shop):
    with receiver(answer(500)) as room:
        row, _ = endpoint(shop, room.url, "access.*")
        one, other = shop.enrol("one"), shop.enrol("other")
        for number in (1, 2, 3):
            tell(shop, "access.changed", life=one.pk, number=number)
        tell(shop, "access.changed", life=other.pk, number=9)
        assert send(shop, row) == 2  # the first of each life
        numbers = [got.json["data"]["object"]["number"] for got in room.got]
        assert sorted(numbers) == [1, 9]
        assert deliver.deliver(shop.id, row.pk) == 0
        room.script = answer(204)
        due_again(shop)
        assert deliver.deliver(shop.id, row.pk) == 4
    arrived = [got.json["data"]["object"]["number"] for got in room.got[2:]]
    assert [number for number in arrived if number != 9] == [1, 2, 3]
    assert [got.json["sequence"] for got in room.got[2:] if got.json["data"]["object"]["number"] != 9] == sorted(
        got.json["sequence"] for got in room.got[2:] if got.json["data"]["object"]["number"] != 9
    )


def test_one_that_was_given_up_blocks_nobody(shop):
    with receiver() as room:
        row, _ = endpoint(shop, room.url, "access.*")
        person = shop.enrol()
        for number in (1, 2):
            tell(shop, "access.changed", life=person.pk, number=number)
        relay.publish(shop.id)
        with tenant(shop.id):
            first = deliveries(shop)[0]
            type(first).objects.filter(id=first.pk).update(status="failed", next_try_at=None)
        deliver.deliver(shop.id, row.pk)
    assert [got.json["data"]["object"]["number"] for got in room.got] == [2]


def test_a_failed_try_waits_then_succeeds_with_the_same_id(shop):
    with receiver(answer(503, b"not now")) as room:
        row, _ = endpoint(shop, room.url)
        tell(shop, "access.changed")
        at = instant()
        send(shop, row)
        [waiting] = deliveries(shop)
        assert (waiting.status, waiting.tries, waiting.last_status, waiting.last_answer) == (
            "waiting",
            1,
            503,
            "not now",
        )
        assert timedelta(seconds=4) <= waiting.next_try_at - at <= timedelta(seconds=30)
        assert deliver.deliver(shop.id, row.pk) == 0  # not due yet
        room.script = answer(200)
        due_again(shop)
        assert deliver.deliver(shop.id, row.pk) == 1
    assert room.got[0].headers["webhook-id"] == room.got[1].headers["webhook-id"]
    assert room.got[0].body == room.got[1].body
    assert health(row).failures == 0


def test_an_event_that_is_never_taken_is_given_up_after_sixteen_tries_and_told_once(shop):
    """The endpoint is well otherwise: another event is taken between the tries, so that it never rests."""

    def picky(got, handler):
        answer(500 if got.json["type"] == "invoice.finalized" else 200)(got, handler)

    with receiver(picky) as room:
        row, _ = endpoint(shop, room.url, "invoice.finalized", "access.changed")
        tell(shop, "invoice.finalized")
        send(shop, row)
        for _ in range(len(patience.WEBHOOK_WAITS)):
            tell(shop, "access.changed")
            relay.publish(shop.id)
            due_again(shop)
            deliver.deliver(shop.id, row.pk)
    assert room.types.count("invoice.finalized") == 16
    [given_up] = [one for one in deliveries(shop) if one.status == "failed"]
    assert (given_up.tries, given_up.last_status, given_up.next_try_at) == (16, 500, None)
    assert health(row).rests_until is None
    [alert] = alerts(shop)
    assert (alert.kind, alert.severity, alert.details) == (
        "webhook_given_up",
        "bad",
        {"endpoint": row.public_id, "url": room.url},
    )
    relay.publish(shop.id)
    assert messages(shop, "kind", "to_merchant") == [("alerts_now", True)]


def test_a_dead_endpoint_rests_and_is_probed_one_by_one(shop, monkeypatch):
    row, _ = endpoint(shop, NOBODY)
    for _ in range(20):
        tell(shop, "access.changed")
    assert send(shop, row) == claims.TOGETHER  # one batch, then it rests
    tired = health(row)
    assert tired.failures == claims.TOGETHER
    assert tired.rests_until > instant()
    assert deliver.deliver(shop.id, row.pk) == 0
    assert (shop.id, row.pk) not in across_tenants("due_endpoints", instant(), 1_000_000)
    with tenant(shop.id):
        WebhookEndpoint.objects.update(rests_until=None)
    assert deliver.deliver(shop.id, row.pk) == 1  # a probe
    assert health(row).failures == claims.TOGETHER + 1
    assert {one.last_error.partition(":")[0] for one in deliveries(shop) if one.tries} == {"No connection"}


def test_a_dead_endpoint_delays_nobody_else(shop, another_shop):
    """Each endpoint is a task of its own, found by its own row: the dead one's backlog is not in the others' way."""
    dead, _ = endpoint(shop, NOBODY)
    with receiver() as room:
        alive, _ = endpoint(shop, room.url)
        theirs, _ = endpoint(another_shop, room.url)
        for _ in range(30):
            tell(shop, "access.changed")
        tell(another_shop, "invoice.finalized")
        relay.publish(shop.id)
        relay.publish(another_shop.id)
        due = across_tenants("due_endpoints", instant(), 1_000_000)
        assert {(shop.id, dead.pk), (shop.id, alive.pk), (another_shop.id, theirs.pk)} <= set(due)
        assert deliver.deliver(shop.id, dead.pk) == claims.TOGETHER
        assert deliver.deliver(another_shop.id, theirs.pk) == 1
        assert deliver.deliver(shop.id, alive.pk) == 30
    assert room.types.count("access.changed") == 30
    assert len(deliveries(shop, endpoint=dead, status="waiting")) == 30


def test_after_three_days_what_waits_at_a_dead_endpoint_is_given_up(shop):
    row, _ = endpoint(shop, NOBODY)
    for _ in range(12):
        tell(shop, "access.changed")
    send(shop, row)
    begun = instant()
    with time_machine.travel(begun + timedelta(hours=2), tick=True):
        due_again(shop)
        deliver.deliver(shop.id, row.pk)
        assert [alert.kind for alert in alerts(shop)] == ["webhook_failing"]
    with time_machine.travel(begun + timedelta(days=3, minutes=1), tick=True):
        tell(shop, "invoice.paid")
        relay.publish(shop.id)
        due_again(shop)
        deliver.deliver(shop.id, row.pk)
    kinds = sorted(alert.kind for alert in alerts(shop))
    assert kinds == ["webhook_failing", "webhook_given_up"]
    assert [one.status for one in deliveries(shop)].count("failed") == 12
    with tenant(shop.id):
        [young] = deliveries(
            shop, "sequence", "event__kind", status="waiting", created_at__gte=begun + timedelta(days=2)
        )[-1:]
    assert young[1] in {"invoice.paid", "alert.raised"}


def test_an_endpoint_that_works_again_settles_its_alert(shop):
    row, _ = endpoint(shop, NOBODY, "access.changed")
    tell(shop, "access.changed")
    send(shop, row)
    with time_machine.travel(instant() + timedelta(hours=2), tick=True):
        due_again(shop)
        deliver.deliver(shop.id, row.pk)
        assert alerts(shop, "kind", "resolved_at") == [("webhook_failing", None)]
        with receiver() as room:
            with tenant(shop.id):
                WebhookEndpoint.objects.filter(id=row.pk).update(url=room.url)
            due_again(shop)
            deliver.deliver(shop.id, row.pk)
    [resolved] = alerts(shop, "resolved_at")
    assert resolved is not None
    well = health(row)
    assert (well.failures, well.failing_since, well.rests_until) == (0, None, None)


def test_a_worker_that_dies_with_a_claim_loses_it(shop, monkeypatch):
    """Killed between claim and call: nothing is sent, and after the lease another worker sends it."""
    with receiver() as room:
        row, _ = endpoint(shop, room.url)
        tell(shop, "access.changed")
        relay.publish(shop.id)

        def killed(batch):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(deliver, "call_all", killed)
            patch.setattr(claims, "release_endpoint", lambda *_, **__: None)  # a killed process tidies nothing
            with pytest.raises(KeyboardInterrupt):
                deliver.deliver(shop.id, row.pk)
        assert room.got == []
        assert deliver.deliver(shop.id, row.pk) == 0  # the claim stands
        assert (shop.id, row.pk) not in across_tenants("due_endpoints", instant(), 1_000_000)
        with time_machine.travel(instant() + claims.LEASE + timedelta(seconds=1), tick=True):
            assert (shop.id, row.pk) in across_tenants("due_endpoints", instant(), 1_000_000)
            assert deliver.deliver(shop.id, row.pk) == 1
    assert len(room.got) == 1
    [sent] = deliveries(shop)
    assert (sent.status, sent.tries) == ("delivered", 2)


def test_a_record_that_comes_after_another_workers_is_dropped(shop):
    with receiver() as room:
        row, _ = endpoint(shop, room.url)
        tell(shop, "access.changed")
        relay.publish(shop.id)
        with tenant(shop.id):
            late = claims.claim(row.pk, at=instant())
        due_again(shop)
        deliver.deliver(shop.id, row.pk)
        with tenant(shop.id):
            outcomes.record(row.pk, late, [Answer(status=None, error="No answer in time.")], at=instant())
    [sent] = deliveries(shop)
    assert (sent.status, sent.last_status, sent.last_error) == ("delivered", 200, "")


def test_no_transaction_is_open_while_the_receiver_thinks(shop, owner_sql):
    states = []

    def look(got, handler):
        states.extend(
            owner_sql(
                "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND xact_start IS NOT NULL"
            )
        )
        answer(200)(got, handler)

    with receiver(look) as room:
        row, _ = endpoint(shop, room.url)
        tell(shop, "access.changed")
        send(shop, row)
    assert room.types == ["access.changed"]
    assert states == []


def test_410_switches_the_endpoint_off_and_holds_back_what_waits(shop):
    with receiver(answer(410)) as room:
        row, _ = endpoint(shop, room.url)
        tell(shop, "access.changed")
        send(shop, row)
        assert health(row).disabled_at is not None
        assert alerts(shop, "kind") == ["endpoint_gone"]
        due_again(shop)
        assert deliver.deliver(shop.id, row.pk) == 0
        room.script = answer(200)
        with tenant(shop.id):
            endpoints.revise(WebhookEndpoint.objects.get(id=row.pk), {"enabled": True}, merchant=shop.merchant)
        due_again(shop)
        assert deliver.deliver(shop.id, row.pk) == 1
    assert len(room.got) == 2


def test_send_again_has_a_new_budget_and_wakes_a_resting_endpoint(shop, no_nudges):
    row, _ = endpoint(shop, NOBODY)
    for _ in range(8):
        tell(shop, "access.changed")
    send(shop, row)
    assert health(row).rests_until > instant()
    with receiver() as room:
        with tenant(shop.id):
            WebhookEndpoint.objects.filter(id=row.pk).update(url=room.url)
            first = deliveries(shop)[0]
            again = endpoints.retry(first)
            assert (again.status, again.tries) == ("waiting", 0)
        assert ("deliver", str(shop.id), str(row.pk)) in no_nudges
        assert deliver.deliver(shop.id, row.pk) == 1
    assert len(room.got) == 1


def test_two_workers_at_one_endpoint_do_not_send_twice(shop):
    with receiver() as room:
        row, _ = endpoint(shop, room.url)
        tell(shop, "access.changed")
        relay.publish(shop.id)
        with tenant(shop.id):
            until = claims.take_endpoint(row.pk, at=instant())
        assert until is not None
        assert deliver.deliver(shop.id, row.pk) == 0
        with tenant(shop.id):
            claims.release_endpoint(row.pk, until=until)
        assert deliver.deliver(shop.id, row.pk) == 1
    assert len(room.got) == 1
