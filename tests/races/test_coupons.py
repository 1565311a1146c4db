"""The last use of a coupon wanted by two at once, with another offer: one has it (reliability §3)."""

from __future__ import annotations

import threading
import time

import pytest

from billing.flows import change, coupons, schedule, subscribe
from billing.flows.asks import ChangeOffer
from billing.flows.renew import renew
from merchants.models import Coupon, TestClock
from merchants.refusals import Invalid
from merchants.tenancy.scope import tenant
from subscribers.models import ScheduledChange, Subscription, SubscriptionCoupon
from tests.races.barrier import together
from tests.stories.statements import World
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("when", ["now", "period_end"])
def test_the_last_use_goes_to_one(shop, when):
    world = World.on(shop, "2026-01-31")
    basic, pro = shop.offer("basic", ("month", None, 30_00)), shop.offer("pro", ("month", None, 60_00))
    last = shop.coupon("LAST", percent_off=50, duration="once", max_uses=1)
    subs = [world.subscribe(basic, world.person(name)) for name in ("ines", "lucie")]
    world.until("2026-02-14")

    def move(sub: Subscription) -> Subscription:
        return change.change(
            merchant_id=shop.id,
            subscription_id=sub.pk,
            ask=ChangeOffer(offer=pro, coupons=[last]),
            changing=change.Changing(when=when),
            actor=TESTER,
        )

    done = together(*(lambda sub=sub: move(sub) for sub in subs))
    refused = [one for one in done if isinstance(one, Invalid)]
    assert [one.code for one in refused] == ["coupon_used_up"], done
    with tenant(shop.id):
        assert Coupon.objects.get().uses == 1
        assert SubscriptionCoupon.objects.count() == (1 if when == "now" else 0)
        assert ScheduledChange.objects.count() == 1


def test_taken_back_while_it_falls_due_the_use_is_counted_as_it_ended(shop):
    world = World.on(shop, "2026-01-31")
    basic, pro = shop.offer("basic", ("month", None, 30_00)), shop.offer("pro", ("month", None, 60_00))
    half = shop.coupon("HALF", percent_off=50, duration="once", max_uses=1)
    sub = world.subscribe(basic)
    world.plan(sub, ChangeOffer(offer=pro, coupons=[half]))
    together(
        lambda: schedule.undo(merchant_id=shop.id, subscription_id=sub.pk, kind="change_offer", actor=TESTER),
        lambda: world.until("2026-02-28"),
    )
    world.until("2026-03-05")
    with tenant(shop.id):
        attached = SubscriptionCoupon.objects.count()
        assert Coupon.objects.get().uses == attached
        assert (ScheduledChange.objects.get().status == "done") == bool(attached)


def test_a_use_is_given_back_before_documents_are_numbered(shop, monkeypatch):
    """A planned coupon was added by itself meanwhile, so that its renewal gives one use back; somebody else subscribes
    with it, and locks the number series after it: neither waits for the other for ever."""
    world, counted, count = World.on(shop, "2026-01-31"), threading.Event(), subscribe.count_uses
    basic, pro = shop.offer("basic", ("month", None, 30_00)), shop.offer("pro", ("month", None, 60_00))
    half = shop.coupon("HALF", percent_off=50, duration="once")
    sub, other = world.subscribe(basic), world.person("ines")
    world.plan(sub, ChangeOffer(offer=pro, coupons=[half]))
    coupons.add(merchant_id=shop.id, subscription_id=sub.pk, coupon=half, actor=TESTER)
    with tenant(shop.id):
        clock = TestClock.objects.get()
        clock.time = clock.time.replace(month=2, day=28)
        clock.save()

    def slowly(ids) -> None:
        count(ids)
        counted.set()
        time.sleep(0.3)

    def renewed() -> int:
        counted.wait(20)
        return len(renew(merchant_id=shop.id, batch=[sub.pk], now=world.now, actor=TESTER).invoices)

    monkeypatch.setattr(subscribe, "count_uses", slowly)
    begun, invoices = together(lambda: shop.subscribe(other, basic, coupons=[half]), renewed)
    assert (isinstance(begun, Subscription), invoices) == (True, 1), (begun, invoices)
    with tenant(shop.id):
        assert Coupon.objects.get().uses == SubscriptionCoupon.objects.count() == 2
