"""One gesture for all whom an incident touched: seen, given once to each, restarted, taken back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import OperationalError

from billing import runs
from billing.flows import gesture_batches, gesture_work, give, undo_gesture
from billing.flows.cancel import Leaving, cancel
from billing.flows.give import Giving
from billing.selectors.gesture_answers import GestureBatchShape, batches_shown
from billing.selectors.touched import Population
from invoices.models import BalanceEntry, InvoiceLine
from merchants.clock import instant
from merchants.refusals import Conflict, Invalid
from merchants.services.merchants import update_merchant
from merchants.tenancy.scope import tenant
from subscribers.models import Gesture, GestureBatch, GestureMember, Subscription
from tests.stories.statements import World, rows
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)
OUTAGE = Population(from_on=date(2026, 2, 12), until_on=date(2026, 2, 14))


@pytest.fixture
def world(shop):
    return World.on(shop, "2026-01-31")


@pytest.fixture
def five(world):
    """Three were there on 12 February: one is gone by the 20th, one came on the 14th, one is on another offer."""
    offer, other = world.shop.offer("hifi", ("month", None, 28_00)), world.shop.offer("live", ("month", None, 10_00))
    here = [world.subscribe(offer, world.person(name)) for name in ("ana", "bob", "eve")]
    apart = world.subscribe(other, world.person("dan"))
    world.until("2026-02-14")
    late = world.subscribe(offer, world.person("late"))
    world.until("2026-02-20")
    cancel(merchant_id=world.shop.id, subscription_id=here[2].pk, leaving=Leaving(when="now"), actor=TESTER)
    return offer, here, apart, late


def begin(world, population, kind, **what) -> GestureBatch:
    """Begin it: it costs what its preview said, which wrote no row."""
    asked = Giving(kind=kind, reason="no sound", incident="INC-12", **what)
    before = rows(world.shop.id)
    seen = gesture_batches.foresee(merchant_id=world.shop.id, giving=asked, population=population, role=None)
    assert rows(world.shop.id) == before
    act = {"merchant_id": world.shop.id, "giving": asked, "population": population, "role": None, "actor": TESTER}
    batch = gesture_batches.begin(**act)
    assert (batch.foreseen["touched"], batch.foreseen["able"]) == (seen.touched, seen.able)
    return batch


def work(world, batch) -> GestureBatchShape:
    """Let workers do it, twice, and say how it stands."""
    gesture_work.carry_on(merchant_id=world.shop.id, batch_id=batch.pk)
    assert gesture_work.carry_on(merchant_id=world.shop.id, batch_id=batch.pk) == 0
    with tenant(world.shop.id):
        return batches_shown([GestureBatch.objects.get(id=batch.pk)])[0]


def members(world, batch) -> dict[Subscription, tuple[str, str]]:
    with tenant(world.shop.id):
        return {one.subscription_id: (one.status, one.code) for one in GestureMember.objects.filter(batch=batch)}


def test_an_option_for_those_whom_an_outage_touched_and_back(world, five):
    offer, here, apart, late = five
    extra = world.shop.option("extra", 2_80)
    only = Population(from_on=OUTAGE.from_on, until_on=OUTAGE.until_on, offers=(offer.pk,))
    batch = begin(world, only, "option", option=extra, periods=1)
    told = work(world, batch)
    assert (told["status"], told["counts"]) == (
        "given",
        {"touched": 3, "waiting": 0, "given": 2, "refused": 1, "undone": 0, "kept": 0},
    )
    assert told["cost"] == told["cost_foreseen"] == 2 * (80 + 2_80)  # 8 of 28 days, then a period
    assert members(world, batch) == {
        here[0].pk: ("given", ""),
        here[1].pk: ("given", ""),
        here[2].pk: ("refused", "subscription_not_running"),
    }
    world.until("2026-02-28")
    gesture_batches.undo(merchant_id=world.shop.id, batch_id=batch.pk, actor=TESTER, reason="a mistake")
    told = work(world, batch)
    assert (told["status"], told["counts"]["undone"], told["cost"]) == ("undone", 2, 0)
    with tenant(world.shop.id):
        assert list(Gesture.objects.order_by("id").values_list("status", "kept")) == [("undone", 80)] * 2
        assert InvoiceLine.objects.filter(kind="option", amount=0).count() == 2  # at 0, and they stay
        assert not Gesture.objects.filter(subscription__in=[apart, late]).exists()


def test_what_stands_on_an_invoice_is_left_and_said(world, five):
    _offer, here, apart, _late = five
    batch = begin(world, OUTAGE, "percent", percent_off=Decimal(50))
    told = work(world, batch)
    assert (told["counts"]["touched"], told["counts"]["given"], told["cost"]) == (4, 3, 14_00 + 14_00 + 5_00)
    with tenant(world.shop.id):
        assert Gesture.objects.exclude(coupon_use=None).values("coupon_use__coupon").distinct().count() == 1
    cancel(merchant_id=world.shop.id, subscription_id=here[0].pk, leaving=Leaving(), actor=TESTER)
    world.until("2026-02-28")
    assert "2026-02-28  hifi         02-28..03-31           14.00" in world.statement(here[1])
    gesture_batches.undo(merchant_id=world.shop.id, batch_id=batch.pk, actor=TESTER)
    told = work(world, batch)
    assert (told["status"], told["counts"]["undone"], told["counts"]["kept"]) == ("undone", 1, 2)
    found = members(world, batch)
    assert found[here[1].pk] == found[apart.pk] == ("kept", "gesture_over")
    with tenant(world.shop.id):
        assert Gesture.objects.get(subscription=here[0]).kept == 0  # it ended before it had any of it


def test_a_killed_worker_is_replaced_and_nobody_is_given_twice(world, five, monkeypatch):
    batch = begin(world, OUTAGE, "amount", amount=5_00)
    real, done = give.give, []

    def dies(**named):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(named["subscription_id"])
        return real(**named)

    monkeypatch.setattr(give, "give", dies)
    with pytest.raises(KeyboardInterrupt):
        gesture_work.carry_on(merchant_id=world.shop.id, batch_id=batch.pk)
    monkeypatch.setattr(give, "give", real)
    assert gesture_work.carry_on(merchant_id=world.shop.id, batch_id=batch.pk) == 0  # it may live still
    assert (world.shop.id, batch.pk) not in runs.gesture_batches()
    with tenant(world.shop.id):
        GestureBatch.objects.filter(id=batch.pk).update(beaten_at=instant() - gesture_work.STILL * 2)
    assert (world.shop.id, batch.pk) in runs.gesture_batches()
    told = work(world, batch)
    assert (told["status"], told["counts"]["given"], told["cost"]) == ("given", 4, 20_00)  # also who is gone
    with tenant(world.shop.id):
        assert list(BalanceEntry.objects.values_list("amount", flat=True)) == [5_00] * 4
    gesture_batches.undo(merchant_id=world.shop.id, batch_id=batch.pk, actor=TESTER)
    assert work(world, batch)["counts"]["undone"] == 4


def test_who_waits_when_it_is_taken_back_gets_nothing_and_limits_hold(world, five):
    with tenant(world.shop.id):
        update_merchant(gesture_limits=[{"role": "api_key", "batch": 19_99}], actor=TESTER, now=world.now)
    with pytest.raises(Conflict) as large:
        begin(world, OUTAGE, "amount", amount=5_00)
    assert large.value.code == "batch_above_limit"
    with pytest.raises(Invalid) as wrong:
        begin(world, Population(from_on=OUTAGE.until_on, until_on=OUTAGE.from_on), "amount", amount=1)
    assert wrong.value.errors[0].field == "population.until"
    before = Population(from_on=date(2025, 1, 1), until_on=date(2025, 1, 2))
    with pytest.raises(Conflict) as nobody:
        begin(world, before, "amount", amount=1)
    assert nobody.value.code == "nobody_touched"
    batch = begin(world, OUTAGE, "amount", amount=4_00)
    gesture_batches.undo(merchant_id=world.shop.id, batch_id=batch.pk, actor=TESTER)
    told = work(world, batch)
    assert (told["status"], told["counts"]["refused"], told["counts"]["given"]) == ("undone", 4, 0)
    with tenant(world.shop.id):
        assert not Gesture.objects.exists() and not BalanceEntry.objects.exists()


def test_a_month_s_limit_counts_for_the_preview_what_it_counts_for_each(world):
    """Ana kept 8.00 of what was taken back; Bob has two subscriptions, and the first takes the month's room."""
    offer, extra = world.shop.offer("hifi", ("month", None, 28_00)), world.shop.option("extra", 28_00)
    bob = world.person("bob")
    ana = world.subscribe(offer, world.person("ana"))
    first, second = world.subscribe(offer, bob), world.subscribe(offer, bob)
    world.until("2026-02-20")
    given = give.give(
        merchant_id=world.shop.id,
        subscription_id=ana.pk,
        giving=Giving(kind="option", reason="sorry", option=extra, periods=1),
        role=None,
        actor=TESTER,
    )
    world.until("2026-02-28")
    undone = undo_gesture.undo(merchant_id=world.shop.id, gesture_id=given.pk, actor=TESTER)
    assert (undone.status, undone.kept) == ("undone", 8_00)
    with tenant(world.shop.id):
        update_merchant(gesture_limits=[{"role": "api_key", "month": 20_00}], actor=TESTER, now=world.now)

    batch = begin(world, OUTAGE, "amount", amount=13_00)
    assert (batch.foreseen["touched"], batch.foreseen["able"]) == (3, 1)
    work(world, batch)
    assert members(world, batch) == {
        ana.pk: ("refused", "gestures_of_month_above_limit"),
        first.pk: ("given", ""),
        second.pk: ("refused", "gestures_of_month_above_limit"),
    }
    with tenant(world.shop.id):
        assert [one.amount for one in BalanceEntry.objects.all()] == [13_00]


def test_what_the_database_could_not_do_just_then_is_tried_again(world, five, monkeypatch):
    batch = begin(world, OUTAGE, "amount", amount=5_00)

    def busy(**named):
        raise OperationalError("deadlock detected")

    with monkeypatch.context() as broken:
        broken.setattr(gesture_work.give, "give", busy)
        assert gesture_work.carry_on(merchant_id=world.shop.id, batch_id=batch.pk) == 4
    assert {status for status, _ in members(world, batch).values()} == {"waiting"}
    assert work(world, batch)["counts"]["given"] == 4


def test_who_pays_in_another_currency_is_given_no_amount_and_adds_to_no_sum(world, five):
    """20,00 of one currency are not 20,00 of another: the deed refuses whom the preview left out."""
    dollars = world.subscribe(world.shop.offer("abroad", ("month", None, 40_00), currency="USD"), world.person("usa"))
    now = Population(from_on=date(2026, 2, 20), until_on=date(2026, 2, 21))
    batch = begin(world, now, "amount", amount=20_00)
    work(world, batch)
    assert members(world, batch)[dollars.pk] == ("refused", "currency_mismatch")
    half = begin(world, now, "percent", percent_off=Decimal(50))
    told = work(world, half)
    with tenant(world.shop.id):
        costs = dict(Gesture.objects.filter(batch=half).values_list("subscription_id", "cost"))
        update_merchant(gesture_limits=[{"role": "api_key", "batch": 100_00}], actor=TESTER, now=world.now)
    assert costs.pop(dollars.pk) == 20_00
    assert told["cost"] == told["cost_foreseen"] == sum(costs.values())
    with pytest.raises(Conflict) as beyond:
        begin(world, now, "percent", percent_off=Decimal(1))
    assert beyond.value.code == "batch_above_limit"
