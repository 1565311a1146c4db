"""A coupon on a running subscription, and off it again: from the next document on, each use counted once."""

from __future__ import annotations

import pytest

from billing.flows import coupons
from merchants.models import Coupon, Event
from merchants.refusals import Conflict, Invalid
from merchants.tenancy.scope import tenant
from subscribers.models import Change, SubscriptionCoupon
from tests.races.barrier import together
from tests.stories.statements import World, rows
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(shop):
    return World.on(shop, "2027-01-10")


@pytest.fixture
def hifi(shop):
    return shop.offer("Hi-Fi", ("month", None, 20_00))


def coupon(world, code, **columns):
    made = {"percent_off": "25", "duration": "repeating", "periods": 2, "created_at": world.now.at, **columns}
    with tenant(world.shop.id):
        return Coupon.objects.create(code=code, reference=code.lower(), **made)


def act(world, what, sub, one):
    return what(merchant_id=world.shop.id, subscription_id=sub.pk, coupon=one, actor=TESTER)


def foreseen(world, what, sub, one):
    """What comes, as amounts; nothing is written."""
    before = rows(world.shop.id)
    with tenant(world.shop.id):
        seen = what(world.now_is(sub), one, merchant=world.shop.merchant, now=world.now)
    assert rows(world.shop.id) == before
    return [(str(one.from_on), one.gross, one.times) for one in seen.after]


def uses(world, one):
    with tenant(world.shop.id):
        return Coupon.objects.get(id=one.pk).uses


def test_it_takes_off_two_documents_behind_what_is_there(world, hifi):
    five = coupon(world, "FIVE", percent_off=None, amount_off=5_00, currency="EUR", duration="forever", periods=None)
    quarter = coupon(world, "QUARTER")
    sub = world.subscribe(hifi, coupons=[five])
    told = foreseen(world, coupons.foresee_added, sub, quarter)
    assert told == [("2027-02-10", 11_25, 2), ("2027-04-10", 15_00, None)]
    act(world, coupons.add, sub, quarter)
    world.until("2027-04-15")
    assert world.captured() == [15_00, 11_25, 11_25, 15_00]
    with tenant(world.shop.id):
        use = SubscriptionCoupon.objects.get(coupon=quarter)
        assert (use.position, use.periods_used, use.ended_at is None) == (1, 2, False)
        assert Change.objects.filter(subject_id=use.pk, verb="coupon_attached").count() == 1
        assert Event.objects.filter(kind="subscription.updated").exists()
    assert uses(world, quarter) == 1
    with pytest.raises(Conflict) as spent:
        act(world, coupons.add, sub, quarter)
    assert spent.value.code == "coupon_spent"


def test_taken_off_it_stops_and_put_back_it_goes_on_without_another_use(world, hifi):
    quarter = coupon(world, "QUARTER", max_uses=1, periods=3)
    sub = world.subscribe(hifi, coupons=[quarter])
    world.until("2027-01-20")
    assert foreseen(world, coupons.foresee_removed, sub, quarter) == [("2027-02-10", 20_00, None)]
    act(world, coupons.remove, sub, quarter)
    world.until("2027-02-20")
    act(world, coupons.add, sub, quarter)
    world.until("2027-05-20")
    assert world.captured() == [15_00, 20_00, 15_00, 15_00, 20_00]
    assert uses(world, quarter) == 1


def test_each_refusal_names_the_coupon_and_writes_nothing(world, hifi):
    over = coupon(world, "OVER", valid_until=world.now.at)
    gone = coupon(world, "GONE", max_uses=1)
    once = coupon(world, "ONCE", max_uses_per_subscriber=1)
    dollars = coupon(world, "USD", percent_off=None, amount_off=5_00, currency="USD")
    sub = world.subscribe(hifi, coupons=[once])
    world.subscribe(hifi, world.person("paul"), coupons=[gone])
    other = world.subscribe(hifi)
    before = rows(world.shop.id)
    for one, code in ((over, "coupon_expired"), (gone, "coupon_used_up"), (dollars, "coupon_currency_mismatch")):
        for what in (coupons.add,):
            with pytest.raises(Invalid) as refused:
                act(world, what, sub, one)
            assert (refused.value.code, refused.value.errors[0].field) == (code, "coupon")
    with pytest.raises(Invalid) as twice:
        act(world, coupons.add, other, once)
    assert twice.value.code == "coupon_already_used"
    with pytest.raises(Conflict) as there:
        act(world, coupons.add, sub, once)
    assert there.value.code == "coupon_attached"
    with pytest.raises(Conflict) as absent:
        act(world, coupons.remove, other, once)
    assert absent.value.code == "coupon_not_attached"
    assert rows(world.shop.id) == before


def test_the_last_use_is_had_by_one_of_three_at_once(world, hifi):
    last = coupon(world, "LAST", max_uses=1)
    subs = [world.subscribe(hifi, world.person(name)) for name in ("a", "b", "c")]
    ends = together(*[lambda sub=sub: act(world, coupons.add, sub, last) for sub in subs])
    assert sorted(type(end).__name__ for end in ends) == ["Invalid", "Invalid", "Subscription"]
    assert uses(world, last) == 1
    world.until("2027-02-15")
    assert sorted(world.captured()) == [15_00, 20_00, 20_00, 20_00, 20_00, 20_00]
