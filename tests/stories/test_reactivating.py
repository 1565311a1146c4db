"""Who left comes back: a new subscription goes on from the one that ended."""

from __future__ import annotations

import pytest

from billing.flows import cancel, reactivate
from billing.flows.cancel import Leaving
from billing.flows.reactivate import Again
from invoices.models import Invoice
from merchants.models import Option
from merchants.refusals import Conflict
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription, SubscriptionOption
from subscribers.selectors.rights import rights_of
from tests.races.barrier import together
from tests.stories.statements import World, rows
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(shop):
    return World.on(shop, "2027-01-10")


@pytest.fixture
def live(shop):
    return shop.option("Live", 5_00)


@pytest.fixture
def hifi(shop, live):
    """Two free weeks, two months at 10.00, then 20.00; 15.00 to begin."""
    shop.feature("quality", "level", ["standard", "high"])
    return shop.offer(
        "Hi-Fi",
        ("day", 14, 0),
        ("month", 2, 10_00),
        ("month", None, 20_00),
        options=[live],
        features={"quality": {"level": "high"}},
        setup_amount=15_00,
    )


BANK = """\
2027-01-10  Hi-Fi, setup                        15.00
            Hi-Fi        01-10..01-11            0.00
            Live         01-10..01-11            0.00
2027-01-24  Hi-Fi        01-24..02-24           10.00
            Live         01-24..02-24            5.00
2027-02-24  Hi-Fi        02-24..03-24           10.00
            Live         02-24..03-24            5.00
2027-04-05  Hi-Fi        04-05..05-05           10.00
            Live         04-05..05-05            5.00
2027-05-05  Hi-Fi        05-05..06-05           10.00
            Live         05-05..06-05            5.00
2027-06-05  Hi-Fi        06-05..07-05           20.00
            Live         06-05..07-05            5.00
2027-03-24  ended: cancelled
"""


def asked(world, sub, **again):
    return {"merchant_id": world.shop.id, "subscription_id": sub.pk, "again": Again(**again), "actor": TESTER}


def left(world, hifi, live):
    """Subscribed in January with an option, cancelled, and over on 24 March."""
    sub = world.subscribe(hifi, options=[live])
    world.until("2027-03-01")
    cancel.cancel(merchant_id=world.shop.id, subscription_id=sub.pk, leaving=Leaving(), actor=TESTER)
    world.until("2027-04-05")
    assert world.now_is(sub).status == "ended"
    return sub


def test_back_at_the_first_paid_stage_with_the_options_and_no_fee(world, hifi, live):
    sub = left(world, hifi, live)
    watched = rows(world.shop.id)
    with tenant(world.shop.id):
        seen = reactivate.foresee(world.now_is(sub), Again(), actor=TESTER)
    assert rows(world.shop.id) == watched
    assert (seen.previewed.due, seen.left_out) == (15_00, ())
    again = reactivate.reactivate(**asked(world, sub))
    assert (again.reactivates_id, again.status, again.stage_position) == (sub.pk, "active", 1)
    world.collect()
    world.until("2027-06-10")
    assert world.statement(sub, again) == BANK
    with tenant(world.shop.id):
        assert rights_of(world.person().pk, world.now)["quality"].level == "high"


def test_other_options_and_another_quantity_or_one_that_is_not_sold_any_more(world, hifi, live):
    sub = left(world, hifi, live)
    with tenant(world.shop.id):
        Option.objects.filter(id=live.pk).update(archived_at=world.now.at)
        seen = reactivate.foresee(world.now_is(sub), Again(quantity=3), actor=TESTER)
    assert [one.option_version.option_id for one in seen.left_out] == [live.pk]
    assert seen.previewed.due == 30_00
    again = reactivate.reactivate(**asked(world, sub, options=[], quantity=3))
    with tenant(world.shop.id):
        assert not SubscriptionOption.objects.filter(subscription=again).exists()
        assert (again.quantity, Subscription.objects.filter(reactivates=sub).get().pk) == (3, again.pk)


def test_only_what_has_begun_and_ended_goes_on_and_once_at_a_time(world, hifi, live):
    sub = world.subscribe(hifi)
    before = rows(world.shop.id)
    for act in (reactivate.reactivate, reactivate.reactivate_paid):
        with pytest.raises(Conflict) as running:
            act(**asked(world, sub))
        assert running.value.code == "subscription_not_ended"
    assert rows(world.shop.id) == before
    cancel.cancel(merchant_id=world.shop.id, subscription_id=sub.pk, leaving=Leaving(when="now"), actor=TESTER)
    again = reactivate.reactivate(**asked(world, sub))
    with pytest.raises(Conflict) as twice:
        reactivate.reactivate(**asked(world, sub))
    assert twice.value.code == "already_reactivated"
    cancel.cancel(merchant_id=world.shop.id, subscription_id=again.pk, leaving=Leaving(when="now"), actor=TESTER)
    third = reactivate.reactivate(**asked(world, again))
    assert (third.reactivates_id, third.stage_position) == (again.pk, 1)


def test_two_at_once_are_one(world, hifi):
    sub = world.subscribe(hifi)
    cancel.cancel(merchant_id=world.shop.id, subscription_id=sub.pk, leaving=Leaving(when="now"), actor=TESTER)
    ends = together(*[lambda: reactivate.reactivate(**asked(world, sub))] * 3)
    assert sorted(type(end).__name__ for end in ends) == ["Conflict", "Conflict", "Subscription"]
    with tenant(world.shop.id):
        assert Subscription.objects.filter(reactivates=sub).count() == 1


def test_paid_first_by_the_card_that_is_kept(shop):
    shop.merchant.success_url = "https://shop.example/ok"
    with tenant(shop.id):
        shop.merchant.save(update_fields=["success_url"])
    offer = shop.offer("Club", ("month", 1, 0), ("month", None, 20_00))
    lucie = shop.enrol("lucie")
    shop.method(lucie, "pm_card_visa")
    sub = shop.subscribe(lucie, offer)
    ask = {"merchant_id": shop.id, "subscription_id": sub.pk, "actor": TESTER}
    cancel.cancel(**ask, leaving=Leaving(when="now"))
    session = reactivate.reactivate_paid(**ask, again=Again())
    with tenant(shop.id):
        again = Subscription.objects.get(reactivates=sub)
        assert (session.status, again.status, again.stage_position, session.invoice.gross) == (
            "complete",
            "active",
            1,
            20_00,
        )
        assert session.invoice.status == "paid"


def test_refused_by_the_bank_it_waits_on_its_form(shop):
    with tenant(shop.id):
        shop.merchant.success_url = "https://shop.example/ok"
        shop.merchant.save(update_fields=["success_url"])
    paul = shop.enrol("paul")
    shop.method(paul, "pm_card_declinedLater")
    sub = shop.subscribe(paul, shop.offer("Club", ("month", 1, 0), ("month", None, 20_00)))
    ask = {"merchant_id": shop.id, "subscription_id": sub.pk, "actor": TESTER}
    cancel.cancel(**ask, leaving=Leaving(when="now"))
    session = reactivate.reactivate_paid(**ask, again=Again())
    with tenant(shop.id):
        waiting = Subscription.objects.get(reactivates=sub)
        assert (session.status, waiting.status, session.invoice_id) == ("open", "incomplete", None)
        assert not Invoice.objects.exclude(gross=0).exists()
