"""Endpoints that do not answer: they rest, are probed, delay nobody, are given up, and come back."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from alerts.models import WebhookEndpoint
from alerts.services import claims, deliver, endpoints, outcomes, relay
from alerts.services.call import Answer
from merchants.clock import instant
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant
from tests.apps.alerts.rooms import (
    NOBODY,
    alerts,
    answer,
    deliveries,
    due_again,
    endpoint,
    health,
    receiver,
    send,
    tell,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_nudges")]


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
