"""Subscriptions begun at the same moment: what may be had once is had once, what has a limit keeps it."""

from __future__ import annotations

from functools import partial

import pytest

from billing.flows import schedule
from billing.flows.asks import SetQuantity
from billing.flows.pay import PaymentUnderWay
from invoices.models import Invoice
from merchants.models import Coupon
from merchants.refusals import Conflict, Invalid
from merchants.tenancy.scope import tenant
from subscribers.models import ScheduledChange, Subscription
from tests.races.barrier import together
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


def codes(results):
    return sorted(one.code for one in results if isinstance(one, Conflict | Invalid))


def test_one_free_stage_for_five_clicks(shop):
    trial = shop.offer("trial", ("month", 1, 0), ("month", None, 9_99))
    lucie = shop.enrol()
    results = together(*[lambda: shop.subscribe(lucie, trial)] * 5)
    assert codes(results) == ["free_stage_used"] * 4
    with tenant(shop.id):
        assert Subscription.objects.count() == 1


def test_a_coupon_with_two_uses_is_used_twice(shop):
    hifi = shop.offer("hifi", ("month", None, 12_99))
    coupon = shop.coupon("TWO", percent_off=10, duration="once", max_uses=2)
    people = [shop.enrol(f"p{n}") for n in range(5)]
    results = together(*[lambda who=who: shop.subscribe(who, hifi, coupons=[coupon]) for who in people])
    assert codes(results) == ["coupon_used_up"] * 3
    with tenant(shop.id):
        assert (Coupon.objects.get().uses, Subscription.objects.count(), Invoice.objects.count()) == (2, 2, 2)


def test_a_coupon_once_a_payer_is_had_once(shop):
    hifi = shop.offer("hifi", ("month", None, 12_99))
    coupon = shop.coupon("ONE", percent_off=10, duration="once", max_uses_per_subscriber=1)
    lucie = shop.enrol()
    results = together(*[lambda: shop.subscribe(lucie, hifi, coupons=[coupon])] * 4)
    assert codes(results) == ["coupon_already_used"] * 3
    with tenant(shop.id):
        assert (Coupon.objects.get().uses, Invoice.objects.count()) == (1, 1)


def test_a_reference_is_given_once(shop):
    hifi = shop.offer("hifi", ("month", None, 12_99))
    people = [shop.enrol(f"p{n}") for n in range(4)]
    results = together(*[lambda who=who: shop.subscribe(who, hifi, reference="S-1") for who in people])
    assert codes(results) == ["reference_taken"] * 3
    with tenant(shop.id):
        assert list(Invoice.objects.values_list("sequence", flat=True)) == [1]


def test_a_free_stage_that_is_being_paid_for_on_a_page_is_not_given_beside_it(shop: Shop):
    trial = shop.offer("trial", ("month", 1, 0), ("month", None, 9_99))
    lucie = shop.enrol()
    session = shop.checkout(lucie, trial)
    shop.press(session)
    with pytest.raises(PaymentUnderWay):
        shop.subscribe(lucie, trial)
    assert shop.look(session).status == "complete"
    with tenant(shop.id):
        assert list(Subscription.objects.values_list("status", flat=True)) == ["trialing"]


def test_wishes_made_at_once_leave_one_of_a_kind(shop):
    row = shop.subscribe(shop.enrol(), shop.offer("hifi", ("month", None, 12_99)))

    def wish(quantity):
        ask = SetQuantity(quantity=quantity)
        return schedule.schedule(merchant_id=shop.id, subscription_id=row.pk, ask=ask, actor=shop.actor)

    results = together(*[partial(wish, quantity) for quantity in range(2, 7)])
    assert not [one for one in results if isinstance(one, BaseException)]
    with tenant(shop.id):
        assert sorted(ScheduledChange.objects.values_list("status", flat=True)) == ["replaced"] * 4 + ["waiting"]
