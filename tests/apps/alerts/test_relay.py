"""The relay: numbers, order, what events make, once."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from alerts.services import relay
from merchants.journal import Fact, record_all
from merchants.models import Event
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant
from tests.apps.alerts.rooms import alerts, deliveries, endpoint, messages, tell

pytestmark = pytest.mark.django_db(transaction=True)
HOOK = "https://hooks.shop.example/in"


@pytest.fixture(autouse=True)
def nudged(monkeypatch):
    """What workers were asked to do; none runs here."""
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(relay, "nudge", lambda task, *ids: asked.append((task, *map(str, ids))))
    return asked


def published(shop):
    with tenant(shop.id):
        return list(Event.objects.order_by("sequence").values_list("kind", "sequence", "subscriber_sequence"))


def test_events_get_the_merchants_numbers_from_one_without_gap(shop):
    person = shop.enrol()
    tell(shop, "invoice.finalized", life=person.pk)
    done = relay.publish(shop.id)
    assert (done.events, done.letters, done.alerts, done.endpoints) == (2, 0, 0, frozenset())
    tell(shop, "access.changed", life=person.pk)
    assert relay.publish(shop.id).events == 1
    assert published(shop) == [("subscriber.created", 1, 1), ("invoice.finalized", 2, 2), ("access.changed", 3, 3)]
    assert relay.publish(shop.id).events == 0


def test_each_endpoint_gets_the_kinds_that_it_asked_for(shop, another_shop):
    every, _ = endpoint(shop, HOOK)
    some, _ = endpoint(shop, HOOK, "invoice.paid", "access.*")
    endpoint(another_shop, HOOK)
    tell(shop, "invoice.finalized")
    tell(shop, "access.changed")
    relay.publish(shop.id)
    assert deliveries(shop, "endpoint_id", "sequence") == [(every.pk, 1), *sorted([(every.pk, 2), (some.pk, 2)])]
    assert deliveries(another_shop) == []


def test_an_endpoint_that_is_off_or_deleted_gets_nothing(shop):
    from alerts.services import endpoints

    off, _ = endpoint(shop, HOOK)
    gone, _ = endpoint(shop, HOOK)
    with tenant(shop.id):
        endpoints.revise(off, {"enabled": False}, merchant=shop.merchant)
        endpoints.delete(gone)
    tell(shop, "invoice.finalized")
    assert relay.publish(shop.id).events == 1
    assert deliveries(shop) == []


def test_a_test_goes_to_its_own_endpoint_only_whatever_that_asked_for(shop):
    from alerts.services import endpoints

    mine, _ = endpoint(shop, HOOK, "invoice.paid")
    endpoint(shop, HOOK)
    with tenant(shop.id):
        endpoints.test(mine, actor=shop.actor, now=shop.now())
    relay.publish(shop.id)
    assert deliveries(shop, "endpoint_id") == [mine.pk]


def swapped(shop, person):
    """Two events of one life whose ids are in the wrong order: the second got its id first."""
    with tenant(shop.id):
        second, first = (
            Fact(kind=kind, subscriber_id=person.pk, subscriber_sequence=number)
            for kind, number in (("access.changed", 3), ("invoice.paid", 2))
        )
        record_all([second], actor=shop.actor, now=shop.now())
        record_all([first], actor=shop.actor, now=shop.now())


def test_the_order_of_one_life_holds_though_ids_do_not(shop):
    person = shop.enrol()
    swapped(shop, person)
    relay.publish(shop.id)
    assert published(shop) == [("subscriber.created", 1, 1), ("invoice.paid", 2, 2), ("access.changed", 3, 3)]


def test_a_batch_that_is_full_takes_along_what_must_go_before(shop):
    """Ids say: created, access.changed (3), invoice.paid (2). A batch of two must not publish 3 without 2."""
    person = shop.enrol()
    swapped(shop, person)
    assert relay.publish(shop.id, most=2).events == 3
    assert published(shop) == [("subscriber.created", 1, 1), ("invoice.paid", 2, 2), ("access.changed", 3, 3)]


def test_statements_do_not_grow_with_the_batch(shop):
    endpoint(shop, HOOK)
    person = shop.enrol()

    def statements(count):
        for _ in range(count):
            tell(shop, "subscription.cancellation_scheduled", about=person.pk, life=person.pk)
        with CaptureQueriesContext(connection) as seen:
            relay.publish(shop.id)
        return len(seen)

    few = statements(10)
    assert statements(60) == few


def test_alerts_are_raised_once_for_a_fact_and_told(shop):
    invoice = shop.enrol().pk
    for _ in range(2):
        tell(shop, "invoice.overdue", about=invoice)
        relay.publish(shop.id)
    tell(shop, "invoice.overdue", about=invoice)
    tell(shop, "invoice.overdue", about=invoice)
    relay.relay_all()
    assert len(alerts(shop)) == 1
    [raised] = [kind for kind, _, _ in published(shop) if kind == "alert.raised"]
    assert raised == "alert.raised"


def test_an_alert_is_settled_when_its_cause_goes_away(shop):
    person = shop.enrol()
    tell(shop, "subscription.cancellation_scheduled", about=person.pk, life=person.pk)
    relay.publish(shop.id)
    assert alerts(shop, "kind", "resolved_at") == [("cancellation_scheduled", None)]
    tell(shop, "subscription.cancellation_undone", about=person.pk, life=person.pk)
    relay.publish(shop.id)
    [resolved] = alerts(shop, "resolved_at")
    assert resolved is not None
    tell(shop, "subscription.cancellation_scheduled", about=person.pk, life=person.pk)  # a new wish, a new alert
    relay.publish(shop.id)
    assert len(alerts(shop, resolved_at=None)) == 1


def test_what_is_settled_in_the_same_batch_is_not_raised(shop):
    person = shop.enrol()
    tell(shop, "subscription.cancellation_scheduled", about=person.pk, life=person.pk)
    tell(shop, "subscription.cancellation_undone", about=person.pk, life=person.pk)
    relay.publish(shop.id)
    assert alerts(shop) == []
    assert messages(shop, "kind") == ["cancellation_scheduled", "cancellation_undone"]


def test_workers_are_nudged_after_commit_for_what_there_is(shop, nudged):
    made, _ = endpoint(shop, HOOK, "invoice.paid")
    tell(shop, "access.changed")
    relay.relay_all()
    mine = [asked for asked in nudged if str(shop.id) in asked]
    assert mine == []
    tell(shop, "invoice.paid")
    person = shop.enrol()
    tell(shop, "subscription.cancellation_undone", about=person.pk, life=person.pk)
    relay.relay_all()
    mine = [asked for asked in nudged if str(shop.id) in asked]
    assert mine == [("deliver", str(shop.id), str(made.pk)), ("send", str(shop.id))]


def test_each_merchant_with_unpublished_events_is_found_once(shop, another_shop):
    for _ in range(3):
        tell(shop, "access.changed")
    tell(another_shop, "access.changed")
    waiting = [merchant_id for merchant_id, _ in across_tenants("unpublished_events", 1_000_000)]
    assert waiting.count(shop.id) == 1
    assert waiting.count(another_shop.id) == 1


def test_a_merchant_whose_batch_fails_does_not_stop_the_others(shop, another_shop, monkeypatch):
    from django.db import DatabaseError

    tell(shop, "access.changed")
    tell(another_shop, "access.changed")
    healthy = relay.publish

    def publish(merchant_id, **options):
        if merchant_id == shop.id:
            raise DatabaseError("a batch that cannot be written")
        return healthy(merchant_id, **options)

    monkeypatch.setattr(relay, "publish", publish)
    relay.relay_all()
    assert published(another_shop) == [("access.changed", 1, None)]
    with tenant(shop.id):
        assert Event.objects.filter(published_at=None).count() == 1


def two_at_once(shop, monkeypatch):
    """Two relays that both stand where the lock was asked for before either reads; what each did or what stopped it."""
    barrier = threading.Barrier(2)
    read = relay._unpublished
    results: list[object] = []

    def together(most):
        events = read(most)
        barrier.wait(timeout=3)
        return events

    def work():
        try:
            results.append(relay.publish(shop.id).events)
        except Exception as fault:
            results.append(type(fault).__name__)
        finally:
            connections.close_all()

    monkeypatch.setattr(relay, "_unpublished", together)
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results, key=str)


def test_two_relays_at_once_have_one_effect(shop, monkeypatch):
    endpoint(shop, HOOK)
    person = shop.enrol()
    tell(shop, "subscription.cancellation_scheduled", about=person.pk, life=person.pk)
    first = relay.take_turn
    started = threading.Barrier(2)
    lock = threading.Lock()

    def take(merchant_id):
        with lock:
            won = first(merchant_id)
        started.wait(timeout=3)
        return won

    monkeypatch.setattr(relay, "take_turn", take)
    results: list[int] = []

    def work():
        results.append(relay.publish(shop.id).events)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [0, 2]
    assert [number for _, number, _ in published(shop)] == [1, 2, None]  # the third is alert.raised, not yet published
    assert len(deliveries(shop)) == 2
    assert messages(shop, "kind") == ["cancellation_scheduled"]
    assert len(alerts(shop)) == 1


def test_without_the_lock_two_relays_collide(shop, monkeypatch):
    """The negative control: both read the same events; the database refuses the second, which is how we know."""
    endpoint(shop, HOOK)
    tell(shop, "access.changed")
    monkeypatch.setattr(relay, "take_turn", lambda merchant_id: True)
    results = two_at_once(shop, monkeypatch)
    assert results[0] == 1
    assert results[1] == "IntegrityError"
    assert len(deliveries(shop)) == 1
