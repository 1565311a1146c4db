"""To another offer and back on the same day: both acts are undone, and what came between is paid for (domain 12)."""

from __future__ import annotations

from datetime import date

import pytest

from billing.flows.asks import AddOption, ChangeOffer, SetQuantity
from billing.flows.purchase import WishedOption
from billing.models import Charge
from invoices.services.balances import balance_of
from merchants.tenancy.scope import tenant
from tests.stories.statements import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(shop):
    return World.on(shop, "2026-01-31")


def held(world: World) -> int:
    with tenant(world.shop.id):
        return balance_of(world.person().pk, "EUR")


@pytest.mark.parametrize("discount", [None, 10], ids=["", "with a coupon"])
def test_there_and_back_on_the_same_day_leaves_nothing(world, discount):
    basic, year = world.shop.offer("basic", ("month", None, 29_90)), world.shop.offer("year", ("year", None, 299_00))
    coupons = [world.shop.coupon("TEN", percent_off=discount, duration="forever")] if discount else []
    sub = world.subscribe(basic, coupons=coupons)
    world.until("2026-02-14")
    before = world.now_is(sub)
    world.change(sub, ChangeOffer(offer=year), when="now")
    assert world.now_is(sub).current_period_end == date(2027, 2, 14)
    world.change(sub, ChangeOffer(offer=basic), when="now")
    after = world.now_is(sub)
    dates = ("current_period_end", "next_action_at", "anchor_kind", "anchor_day", "cycle_from", "period_index")
    assert [getattr(after, name) for name in dates] == [getattr(before, name) for name in dates]
    world.until("2026-02-28")
    spent = sum(world.captured()) - held(world)
    assert spent == 2 * (29_90 if not discount else 26_91)  # two months of the offer, not a cent more


def test_there_and_back_the_same_day_costs_nothing(world):
    basic, pro = world.shop.offer("basic", ("month", None, 28_00)), world.shop.offer("pro", ("month", None, 56_00))
    sub = world.subscribe(basic)
    world.until("2026-02-14")
    world.change(sub, ChangeOffer(offer=pro), invoice="next")
    world.change(sub, ChangeOffer(offer=basic), when="now")
    world.until("2026-02-28")
    assert sum(world.captured()) - held(world) == 56_00
    with tenant(world.shop.id):
        assert not Charge.objects.filter(status="waiting").exists()


@pytest.mark.parametrize("invoice", ["now", "next"])
def test_an_option_added_between_there_and_back_stays_paid_once(world, invoice):
    extra = world.shop.option("extra", 2_80)
    basic = world.shop.offer("basic", ("month", None, 28_00), options=[extra])
    pro = world.shop.offer("pro", ("month", None, 56_00), options=[extra])
    sub = world.subscribe(basic)
    world.until("2026-02-14")
    world.change(sub, ChangeOffer(offer=pro))
    world.change(sub, AddOption(wished=WishedOption(option=extra)), invoice=invoice)
    world.change(sub, ChangeOffer(offer=basic), when="now")
    world.until("2026-02-28")
    assert sum(world.captured()) - held(world) == 28_00 + 1_40 + 28_00 + 2_80


def test_more_of_it_between_there_and_back_is_paid_for(world):
    basic, pro = world.shop.offer("basic", ("month", None, 28_00)), world.shop.offer("pro", ("month", None, 56_00))
    sub = world.subscribe(basic)
    world.until("2026-02-14")
    world.change(sub, ChangeOffer(offer=pro))
    world.change(sub, SetQuantity(quantity=3))
    world.change(sub, ChangeOffer(offer=basic), when="now")
    assert world.until("2026-02-28").statement(sub).splitlines()[-2:] == [
        "2026-02-14  basic        02-14..02-28           42.00",
        "2026-02-28  basic        02-28..03-31           84.00",
    ]
    assert sum(world.captured()) - held(world) == 14_00 + 42_00 + 84_00
