"""Webhooks: signed, retried, duplicated, late, re-ordered, early, dropped, held; and endpoints of one's own."""

from __future__ import annotations

import time
from typing import Any

import pytest
import stripe

from ..double_at_work import DoubleAtWork
from .conftest import SECRET, Listener
from .test_pages import page, visit

CHARGED = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]


def charge(client: Any, key: str = "k") -> Any:
    return client.payment_intents.create(
        {"amount": 900, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True},
        {"idempotency_key": key},
    )


def test_each_event_arrives_signed_and_in_our_version(client, listener: Listener) -> None:
    intent = charge(client)
    assert sorted(listener.until(3)) == sorted(CHARGED)
    paid = next(event for event in listener.events if event.type == "payment_intent.succeeded")
    assert paid.api_version == stripe.api_version
    assert (paid.data.object.id, paid.data.object.amount_received) == (intent.id, 900)
    assert paid.request is not None and paid.request.idempotency_key == "k"
    assert client.events.retrieve(paid.id).type == "payment_intent.succeeded"


def test_a_replayed_key_makes_no_second_event(client, listener: Listener) -> None:
    charge(client)
    charge(client)
    listener.until(3)
    time.sleep(0.3)
    assert len(listener.events) == 3


def test_a_purchase_tells_its_whole_story(client, listener: Listener) -> None:
    made = page(client)
    visit(made.url, choice="4000000000000002")
    visit(made.url, choice="4242424242424242")
    assert sorted(listener.until(8)) == sorted(
        [
            "customer.created",
            "payment_intent.created",
            "charge.failed",
            "payment_intent.payment_failed",
            "payment_method.attached",
            "charge.succeeded",
            "payment_intent.succeeded",
            "checkout.session.completed",
        ]
    )
    done = next(event for event in listener.events if event.type == "checkout.session.completed")
    assert (done.data.object.client_reference_id, done.data.object.payment_status) == ("pay_1", "paid")


def test_what_is_refused_is_tried_again(client, double: DoubleAtWork, listener: Listener) -> None:
    listener.answers = [500, 503, 400]
    charge(client)
    kinds = listener.until(6)
    assert sorted(set(kinds)) == sorted(CHARGED)
    double.double.courier.drained(5)
    states = double.console("deliveries")[1]["deliveries"]
    assert [row["state"] for row in states] == ["delivered"] * 3
    assert sorted(len(row["tries"]) for row in states) in ([1, 2, 3], [1, 1, 4], [2, 2, 2])


def test_duplicates_bear_the_same_id(client, double: DoubleAtWork, listener: Listener) -> None:
    double.console("faults", {"webhooks": "duplicate"})
    charge(client)
    listener.until(6)
    assert len({event.id for event in listener.events}) == 3


def test_late_ones_come_late(client, double: DoubleAtWork, listener: Listener) -> None:
    double.console("faults", {"webhooks": "late", "seconds": 1})
    before = time.monotonic()
    charge(client)
    assert listener.events == []
    listener.until(3)
    assert time.monotonic() - before >= 0.9


def test_re_ordered_ones_come_backwards(client, double: DoubleAtWork, listener: Listener) -> None:
    double.console("faults", {"webhooks": "reorder"})
    charge(client)
    assert listener.until(3) == CHARGED[::-1]


def test_early_ones_come_before_the_answer(client, double: DoubleAtWork, listener: Listener) -> None:
    double.console("faults", {"webhooks": "early"})
    charge(client)
    assert len(listener.events) == 3


def test_dropped_ones_never_come_but_are_listed(client, double: DoubleAtWork, listener: Listener) -> None:
    double.console("faults", {"webhooks": "drop"})
    charge(client)
    time.sleep(0.5)
    assert listener.events == []
    assert [event.type for event in client.events.list().data] == CHARGED[::-1]


def test_held_ones_wait_for_their_release_in_any_order(client, double: DoubleAtWork, listener: Listener) -> None:
    double.console("faults", {"webhooks": "hold"})
    charge(client)
    time.sleep(0.3)
    assert listener.events == []
    assert double.console("webhooks/release", {"order": "reverse", "times": 20})[1] == {"sent": 60}
    kinds = listener.until(60)
    assert {kind: kinds.count(kind) for kind in CHARGED} == dict.fromkeys(CHARGED, 20)
    assert double.console("webhooks/release", {})[1] == {"sent": 0}


def test_an_event_can_be_sent_again(client, double: DoubleAtWork, listener: Listener) -> None:
    charge(client)
    listener.until(3)
    ident = listener.events[0].id
    assert double.console(f"events/{ident}/resend", {})[1] == {"sent": 1}
    listener.until(4)
    assert listener.events[3].id == ident


def test_an_accounts_own_endpoint_gets_what_it_asked_for(client, double: DoubleAtWork, listener: Listener) -> None:
    elsewhere = Listener()
    made = client.webhook_endpoints.create({"url": elsewhere.url, "enabled_events": ["charge.succeeded"]})
    assert made.secret.startswith("whsec_")
    with pytest.raises(stripe.SignatureVerificationError):
        header = stripe.WebhookSignature.generate_signature_header("{}", made.secret)
        stripe.WebhookSignature.verify_header("{}", header, SECRET)
    for endpoint in double.double.world.accounts.values():
        endpoint.of("webhook_endpoint")[made.id]["_secret"] = SECRET
    charge(client)
    assert elsewhere.until(1) == ["charge.succeeded"]
    assert listener.events == []
    client.webhook_endpoints.delete(made.id)
    charge(client, "k2")
    listener.until(3)
    elsewhere.server.shutdown()
    elsewhere.server.server_close()
