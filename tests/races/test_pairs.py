"""Any two actions on one subscription at the same moment, its renewal among them: what stands after them is what one
after the other would have left, in one order or the other (reliability §3, F29)."""

from __future__ import annotations

import os
from datetime import date

import pytest
from django.db.models import Max, Sum

from billing.flows import campaign_work, campaigns, suspend
from billing.flows.campaigns import Moving
from billing.flows.pause_asks import Suspending
from billing.models import Campaign
from invoices.models import CreditNoteLine
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.races.pairs import NAMES, each, on_day, race, sold, three_each
from tests.stories.statements import World
from tests.worlds import TESTER, version_of

pytestmark = pytest.mark.django_db(transaction=True)
EVERY = (*NAMES, "gift", "couponed", "uncouponed", "discounted", "days")
RACED = EVERY if os.environ.get("PAIRS") == "all" else NAMES
"""All pairs of all actions take minutes: `PAIRS=all ./test tests/races/test_pairs.py`."""
YOUNG = ("withdrawn", "offer", "ended", "suspended")
"""Raced with a withdrawal, ten days after the contract."""
PAUSED = ("resumed", "renewal", "ended")
"""Raced with a resumption, on a day on which its billing stands still."""
GIVEN = ("gift", "renewal", "option", "couponed", "uncouponed", "discounted", "days")
"""Raced with an option that is given."""
COUPONED = ("couponed", "renewal", "offer", "ended", "uncouponed")
"""Raced with a coupon that is added."""
TAKEN_BACK = ("taken back", "renewal", "ended", "moved", "couponed")
"""Raced with days that were given and are taken back."""
MOVED = ("campaign", "renewal", "offer", "quantity", "planned", "cancelled", "ended", "undone", "suspended", "moved")
"""Raced with a campaign that plans for its member."""
ON_ITS_DAY = ("taken off", "renewal", "offer", "quantity", "cancelled", "ended", "suspended", "moved", "days")
"""Raced with a campaign that is taken back on the very day of its moves, or with the renewal that makes them."""
BACK = ("reactivated", "renewal", "undone", "ended", "offer", "suspended")
"""Raced with a reactivation, on the day on which it ends."""


@pytest.fixture
def world(shop):
    """Its subscriptions are due on 28 February, and that day has come."""
    return World.on(shop, "2026-01-31")


@pytest.mark.parametrize("first", RACED)
def test_two_at_once_leave_what_one_after_the_other_would(world, first):
    sold(world)
    subs = three_each(world, RACED[RACED.index(first) :])
    on_day(world, 2, 28)
    race(world, first, subs)


def test_a_withdrawal_gives_back_once_whatever_is_done_beside_it(world):
    sold(world)
    subs = three_each(world, YOUNG)
    on_day(world, 2, 10)
    race(world, "withdrawn", subs)
    with tenant(world.shop.id):
        lines = CreditNoteLine.objects.values_list("invoice_line_id")
        given = lines.annotate(Sum("amount"), Max("invoice_line__amount"))
        assert [line for line, back, charged in given if back > charged] == []


def test_a_gift_stands_once_for_each_time_that_it_was_given(world):
    sold(world)
    subs = three_each(world, GIVEN)
    on_day(world, 2, 28)
    race(world, "gift", subs)


def test_a_coupon_added_or_taken_off_counts_for_the_document_that_comes_second(world):
    sold(world)
    subs = three_each(world, COUPONED, coupons=[world.shop.made["half"]])
    on_day(world, 2, 28)
    race(world, "couponed", subs)


def test_days_taken_back_come_back_once_whatever_is_done_beside_it(world):
    """Given on 10 February, taken back on the day on which it would have renewed without them."""
    sold(world)
    subs = three_each(world, TAKEN_BACK)
    on_day(world, 2, 10)
    each(world, "days", subs)
    on_day(world, 2, 28)
    race(world, "taken back", subs)


def test_a_resumption_beside_anything_else_opens_one_period(world):
    sold(world)
    subs = three_each(world, PAUSED)
    on_day(world, 2, 10)
    for sub in subs.values():
        asked = Suspending(stops_billing=True)
        suspend.suspend(merchant_id=world.shop.id, subscription_id=sub.pk, asked=asked, actor=TESTER)
    on_day(world, 3, 5)
    race(world, "resumed", subs)


def dearer(world: World, day: date) -> Campaign:
    """A campaign that moves all of them to 34.00 from a day on, not yet carried on by a worker."""
    basic = world.shop.made["basic"]
    version_of(world.shop, basic, 34_00)
    moving = Moving(offer=basic, to=2, effect_on=day, reason="Dearer", notice_days=0, test_clock_id=world.clock_id)
    return campaigns.begin(merchant_id=world.shop.id, moving=moving, actor=TESTER)


def test_a_campaign_plans_for_its_member_before_or_after_anything_else(world):
    sold(world)
    subs = three_each(world, MOVED)
    dearer(world, date(2026, 3, 1))
    on_day(world, 2, 28)
    race(world, "campaign", subs)


@pytest.mark.parametrize("first", ["taken off", "renewal"])
def test_a_campaign_taken_back_on_its_day_moved_each_or_did_not(world, first):
    sold(world)
    subs = three_each(world, ON_ITS_DAY if first == "taken off" else ON_ITS_DAY[2:])
    campaign = dearer(world, date(2026, 2, 1))
    campaign_work.carry_on(merchant_id=world.shop.id, campaign_id=campaign.pk)
    if first == "taken off":
        campaigns.cancel(merchant_id=world.shop.id, campaign_id=campaign.pk, actor=TESTER)
    on_day(world, 2, 28)
    race(world, first, subs)


def test_who_comes_back_on_the_day_of_the_end_goes_on_once_or_not_at_all(world):
    sold(world)
    subs = three_each(world, BACK)
    on_day(world, 2, 10)
    each(world, "cancelled", subs)
    on_day(world, 2, 28)
    race(world, "reactivated", subs)


def test_two_who_bring_back_what_has_ended_begin_it_once(world):
    sold(world)
    subs = three_each(world, ("reactivated",))
    on_day(world, 2, 10)
    each(world, "ended", subs)
    race(world, "reactivated", subs)
    with tenant(world.shop.id):
        for sub in subs.values():
            assert Subscription.objects.filter(reactivates=sub).count() == 1
