"""Coupons given with a change of offer: in the place of those that were there, now and at the period's end (domain 7,
12)."""

from __future__ import annotations

from datetime import timedelta
from textwrap import dedent

import pytest

from billing.engine.wishes import WishKind
from billing.flows import change, coupons, schedule
from billing.flows.asks import ChangeOffer, SetQuantity
from merchants.clock import instant
from merchants.models import Coupon, Event
from merchants.refusals import Invalid
from merchants.tenancy.scope import tenant
from subscribers.models import Change, SubscriptionCoupon
from tests.stories.statements import World, rows
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(shop):
    return World.on(shop, "2026-01-31")


def uses(world: World) -> dict[str, int]:
    with tenant(world.shop.id):
        return dict(Coupon.objects.order_by("code").values_list("code", "uses"))


def fresh(world: World, coupon: Coupon) -> Coupon:
    with tenant(world.shop.id):
        return Coupon.objects.get(id=coupon.pk)


def attached(world: World) -> list[tuple[str, int, bool]]:
    with tenant(world.shop.id):
        found = SubscriptionCoupon.objects.order_by("position")
        return [(one.coupon.code, one.periods_used, one.ended_at is None) for one in found.select_related("coupon")]


def test_what_is_given_takes_the_place_of_what_was_there(world):
    basic, pro = world.shop.offer("basic", ("month", None, 30_00)), world.shop.offer("pro", ("month", None, 60_00))
    old = world.shop.coupon("OLD", percent_off=10, duration="forever")
    new = world.shop.coupon("NEW", percent_off=50, duration="repeating", periods=2)
    sub = world.subscribe(basic, coupons=[old])
    world.until("2026-02-14")
    world.change(sub, ChangeOffer(offer=pro, coupons=[new]), reason="as promised on the phone")
    assert attached(world) == [("OLD", 0, False), ("NEW", 1, True)]
    assert uses(world) == {"NEW": 1, "OLD": 1}
    assert world.until("2026-03-31").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           27.00
                    credit basic                       -13.50
        2026-02-14  pro          02-14..02-28           15.00
        2026-02-28  pro          02-28..03-31           30.00
        2026-03-31  pro          03-31..04-30           60.00
        """)
    assert attached(world) == [("OLD", 0, False), ("NEW", 2, False)]
    with tenant(world.shop.id):
        told = Change.objects.filter(subject_kind="coupon", verb__in=("coupon_removed", "coupon_attached")).order_by(
            "id"
        )
        assert [one.verb for one in told][-2:] == ["coupon_removed", "coupon_attached"]
        assert told.last().reason == "as promised on the phone"
        assert Event.objects.filter(kind="subscription.offer_changed").count() == 1


def test_an_empty_list_takes_all_off_and_no_list_none(world):
    basic, pro = world.shop.offer("basic", ("month", None, 30_00)), world.shop.offer("pro", ("month", None, 60_00))
    sub = world.subscribe(basic, coupons=[world.shop.coupon("OLD", percent_off=10, duration="forever")])
    world.until("2026-02-14")
    world.change(sub, ChangeOffer(offer=pro))
    world.change(sub, ChangeOffer(offer=pro, quantity=2, coupons=[]))
    assert attached(world) == [("OLD", 0, False)]
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           27.00
                    credit basic                       -13.50
        2026-02-14  pro          02-14..02-28           27.00
                    credit pro                         -27.00
                    cancelled                            0.00
        2026-02-14  pro          02-14..02-28           60.00
        2026-02-28  pro          02-28..03-31          120.00
        """)


def test_planned_it_holds_a_use_until_it_is_done_or_taken_back(world):
    basic, pro = world.shop.offer("basic", ("month", None, 30_00)), world.shop.offer("pro", ("month", None, 60_00))
    last = world.shop.coupon("LAST", amount_off=5_00, currency="EUR", duration="once", max_uses=1)
    sub = world.subscribe(basic)
    world.until("2026-02-14")
    asked = ChangeOffer(offer=pro, coupons=[last])
    changing = change.Changing(when="period_end")
    before = rows(world.shop.id)
    seen = change.foresee(merchant_id=world.shop.id, subscription_id=sub.pk, ask=asked, changing=changing)
    assert rows(world.shop.id) == before and uses(world) == {"LAST": 0}
    assert [sum(line.charged for line in draft.lines) for draft in seen.documents] == [55_00]
    world.plan(sub, asked)
    assert uses(world) == {"LAST": 1} and attached(world) == []
    other = world.subscribe(basic, world.person("ines"))
    with pytest.raises(Invalid) as refusal:
        world.plan(other, ChangeOffer(offer=pro, coupons=[fresh(world, last)]))
    assert [(one.field, one.code) for one in refusal.value.errors] == [("coupons[0]", "coupon_used_up")]
    world.plan(sub, asked)  # asked again, it is held once
    assert uses(world) == {"LAST": 1}
    kind = WishKind.change_offer.value
    schedule.undo(merchant_id=world.shop.id, subscription_id=sub.pk, kind=kind, actor=TESTER)
    assert uses(world) == {"LAST": 0}
    world.plan(sub, asked)
    assert world.until("2026-03-31").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           30.00
        2026-02-28  pro          02-28..03-31           55.00
        2026-03-31  pro          03-31..04-30           60.00
        """)
    assert uses(world) == {"LAST": 1} and attached(world) == [("LAST", 1, False)]


def test_back_on_the_same_day_bills_what_was_credited_and_keeps_the_new_coupon_for_later(world):
    basic, pro = world.shop.offer("basic", ("month", None, 29_90)), world.shop.offer("pro", ("month", None, 60_00))
    old = world.shop.coupon("OLD", percent_off=10, duration="forever")
    new = world.shop.coupon("NEW", percent_off=20, duration="forever")
    sub = world.subscribe(basic, coupons=[old])
    world.until("2026-02-14")
    world.change(sub, ChangeOffer(offer=pro, coupons=[new]))
    world.change(sub, ChangeOffer(offer=basic), when="now")
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           26.91
                    credit basic                       -13.46
        2026-02-14  pro          02-14..02-28           24.00
                    credit pro                         -24.00
                    cancelled                            0.00
        2026-02-14  basic        02-14..02-28           13.46
        2026-02-28  basic        02-28..03-31           23.92
        """)


def test_refused(world):
    shop = world.shop
    basic, pro = shop.offer("basic", ("month", None, 30_00)), shop.offer("pro", ("month", None, 60_00))
    had = shop.coupon("HAD", percent_off=10, duration="once")
    used = shop.coupon("USED", percent_off=10, duration="once", max_uses=1)
    world.plan(world.subscribe(basic), ChangeOffer(offer=pro, coupons=[used]))
    each = [
        shop.coupon("OVER", percent_off=10, duration="once", valid_until=instant() - timedelta(days=999)),
        shop.coupon("DOLLAR", amount_off=1_00, currency="USD", duration="once"),
        fresh(world, used),
        had,
    ]
    elsewhere = shop.coupon("ELSE", percent_off=10, duration="once")
    with tenant(shop.id):
        elsewhere.targets.create(offer=basic)
    mine = shop.coupon("MINE", percent_off=10, duration="once", max_uses_per_subscriber=1)
    sub = world.subscribe(basic, coupons=[had])
    world.plan(world.subscribe(basic), ChangeOffer(offer=pro, coupons=[mine]))
    world.until("2026-02-14")
    expected = ["coupon_expired", "coupon_currency_mismatch", "coupon_used_up", "coupon_already_used"]
    expected += ["coupon_does_not_apply", "coupon_already_used"]
    before = rows(shop.id)
    for coupon, code in zip([*each, elsewhere, mine], expected, strict=True):
        for when in ("now", "period_end"):
            with pytest.raises(Invalid) as refusal:
                change.change(
                    merchant_id=shop.id,
                    subscription_id=sub.pk,
                    ask=ChangeOffer(offer=pro, coupons=[coupon]),
                    changing=change.Changing(when=when),
                    actor=TESTER,
                )
            assert [(one.field, one.code) for one in refusal.value.errors] == [("coupons[0]", code)], coupon.code
    assert rows(shop.id) == before
    world.change(sub, SetQuantity(quantity=2))  # what came off the period comes off its rest, counted once


def test_one_added_by_itself_meanwhile_is_had_and_counted_once(world):
    basic, pro = world.shop.offer("basic", ("month", None, 30_00)), world.shop.offer("pro", ("month", None, 60_00))
    new = world.shop.coupon("NEW", percent_off=50, duration="forever")
    sub = world.subscribe(basic)
    world.plan(sub, ChangeOffer(offer=pro, coupons=[new]))
    coupons.add(merchant_id=world.shop.id, subscription_id=sub.pk, coupon=fresh(world, new), actor=TESTER)
    assert uses(world) == {"NEW": 2}
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           30.00
        2026-02-28  pro          02-28..03-31           30.00
        """)
    assert uses(world) == {"NEW": 1} and attached(world) == [("NEW", 0, True)]


def test_a_gesture_stays_whatever_is_given(world):
    basic, pro = world.shop.offer("basic", ("month", None, 30_00)), world.shop.offer("pro", ("month", None, 60_00))
    gesture = world.shop.coupon("G", percent_off=50, duration="repeating", periods=2, is_gesture=True)
    ten = world.shop.coupon("TEN", percent_off=10, duration="forever")
    sub = world.subscribe(basic, coupons=[gesture, ten])
    world.until("2026-02-14")
    world.change(sub, ChangeOffer(offer=pro, coupons=[]))
    assert attached(world) == [("G", 1, True), ("TEN", 0, False)]
    assert world.until("2026-03-31").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           13.50
                    credit basic                        -6.75
        2026-02-14  pro          02-14..02-28           15.00
        2026-02-28  pro          02-28..03-31           30.00
        2026-03-31  pro          03-31..04-30           60.00
        """)
