"""Gestures at the same moment: at the limit of a month, by two workers, taken back while it is billed or paid with."""

from __future__ import annotations

import threading
import time
from datetime import date
from decimal import Decimal

import pytest

from billing.flows import collect, gesture_batches, gesture_work, give, undo_gesture
from billing.flows import given as given_flow
from billing.flows.give import Giving
from billing.flows.renew import renew
from billing.selectors.touched import Population
from invoices.models import Invoice
from invoices.services.balances import balance_of
from merchants.models import Offer, TestClock
from merchants.refusals import Conflict
from merchants.services.merchants import update_merchant
from merchants.tenancy.scope import tenant
from subscribers.models import Gesture, GestureBatch, GestureMember
from tests.races.barrier import together
from tests.stories.statements import World
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(shop):
    return World.on(shop, "2026-01-31")


@pytest.fixture
def sub(world):
    return world.subscribe(world.shop.offer("hifi", ("month", None, 28_00)))


def given(world, sub, **what) -> Gesture:
    asked = Giving(reason="the outage", **what)
    return give.give(merchant_id=world.shop.id, subscription_id=sub.pk, giving=asked, role=None, actor=TESTER)


def tried(act) -> str:
    """What came of it: a refusal by its code."""
    try:
        act()
    except Conflict as refusal:
        return refusal.code
    return "done"


def due(world) -> None:
    with tenant(world.shop.id):
        clock = TestClock.objects.get()
        clock.time = clock.time.replace(month=2, day=28)
        clock.save()


def test_two_gestures_at_once_do_not_both_fit_under_the_month(world, sub):
    with tenant(world.shop.id):
        limits = [{"role": "api_key", "month": 15_00}]
        update_merchant(gesture_limits=limits, actor=TESTER, now=world.now)
    told = together(*[lambda: tried(lambda: given(world, sub, kind="amount", amount=10_00))] * 3)
    assert sorted(told) == ["done", *["gestures_of_month_above_limit"] * 2]
    with tenant(world.shop.id):
        assert balance_of(world.person().pk, "EUR") == 10_00


def test_a_discount_taken_back_while_it_is_billed_is_billed_once_and_stays(world, sub):
    """What fell due before is made first, so that it is too late to take it back."""
    gesture = given(world, sub, kind="percent", percent_off=Decimal(50))
    due(world)
    act = {"merchant_id": world.shop.id, "actor": TESTER}
    told = together(
        lambda: tried(lambda: undo_gesture.undo(gesture_id=gesture.pk, **act)),
        lambda: tried(lambda: renew(batch=[sub.pk], now=world.now, **act)),
    )
    assert list(told) == ["gesture_over", "done"]
    renew(batch=[sub.pk], now=world.now, **act)  # a run passes over whom another holds, and comes again
    with tenant(world.shop.id):
        assert list(Invoice.objects.order_by("id").values_list("gross", flat=True)) == [28_00, 14_00]
        assert Gesture.objects.get().status == "given"


def test_an_amount_is_taken_back_or_pays_never_both(world, sub):
    gesture = given(world, sub, kind="amount", amount=10_00)
    due(world)
    act = {"merchant_id": world.shop.id, "actor": TESTER}
    renew(batch=[sub.pk], now=world.now, **act)
    with tenant(world.shop.id):
        invoice = Invoice.objects.latest("id")
    told, _ = together(
        lambda: tried(lambda: undo_gesture.undo(gesture_id=gesture.pk, **act)),
        lambda: collect.collect(invoice_ids=[invoice.pk], now=world.now, **act),
    )
    with tenant(world.shop.id):
        taken_back = Gesture.objects.get().status == "undone"
        assert balance_of(world.person().pk, "EUR") == 0
    assert told == ("done" if taken_back else "gesture_over")
    assert world.captured() == [28_00, 28_00 if taken_back else 18_00]


def test_a_batch_taken_back_waits_for_the_member_at_hand(world, sub, monkeypatch):
    """The worker's gesture refers to the batch that is being taken back: neither waits for the other for ever."""
    act, note, at_it = {"merchant_id": world.shop.id}, given_flow.note, threading.Event()
    population = Population(from_on=date(2026, 1, 31), until_on=date(2026, 2, 1))
    asked = Giving(kind="amount", amount=5_00, reason="the outage")
    batch = gesture_batches.begin(giving=asked, population=population, role=None, actor=TESTER, **act)

    def slowly(*told, **named):
        at_it.set()
        time.sleep(0.3)
        return note(*told, **named)

    def take_back() -> str:
        at_it.wait(20)
        return gesture_batches.undo(batch_id=batch.pk, actor=TESTER, **act).status

    monkeypatch.setattr(given_flow, "note", slowly)
    assert together(lambda: gesture_work.carry_on(batch_id=batch.pk, **act), take_back) == [1, "undoing"]
    gesture_work.carry_on(batch_id=batch.pk, **act)
    with tenant(world.shop.id):
        assert GestureMember.objects.values_list("status", "code").get() == ("undone", "")
        assert balance_of(world.person().pk, "EUR") == 0


def test_two_workers_at_once_give_to_each_once(world, sub):
    with tenant(world.shop.id):
        offer = Offer.objects.get()
    for name in ("ana", "bob"):
        world.subscribe(offer, world.person(name))
    population = Population(from_on=date(2026, 1, 31), until_on=date(2026, 2, 1))
    asked = Giving(kind="amount", amount=5_00, reason="the outage")
    act = {"merchant_id": world.shop.id}
    batch = gesture_batches.begin(giving=asked, population=population, role=None, actor=TESTER, **act)

    def work() -> int:
        with tenant(world.shop.id):
            GestureBatch.objects.filter(id=batch.pk).update(beaten_at=None)  # as if the other were gone
        return gesture_work.carry_on(batch_id=batch.pk, **act)

    together(work, work)
    with tenant(world.shop.id):
        assert Gesture.objects.count() == 3
        assert [balance_of(one.pk, "EUR") for one in world.people.values()] == [5_00] * 3
    gesture_work.carry_on(batch_id=batch.pk, **act)
    with tenant(world.shop.id):
        assert GestureBatch.objects.get().status == "given"
