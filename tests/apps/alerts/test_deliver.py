"""Webhooks: what arrives, in which order, how often; what fails, rests and is given up."""

from __future__ import annotations

import time
from datetime import UTC, timedelta

import pytest
import time_machine

from alerts import patience
from alerts.models import WebhookEndpoint
from alerts.services import claims, deliver, endpoints, relay
from merchants.clock import instant
from merchants.tenancy.scope import tenant
from tests.apps.alerts.rooms import (
    alerts,
    answer,
    deliveries,
    due_again,
    endpoint,
    health,
    messages,
    receiver,
    send,
    signed_by,
    tell,
)
from tests.worlds import forget

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_nudges")]


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
