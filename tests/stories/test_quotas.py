"""In which period a use counts, and when a quota comes back (domain 17; docs/decisions/quotas-and-periods.md)."""

from __future__ import annotations

from typing import Any

import pytest

from billing.flows import cancel
from billing.flows.asks import AddOption, ChangeOffer
from billing.flows.purchase import WishedOption
from merchants.models import Feature
from merchants.refusals import Refusal
from merchants.tenancy.scope import tenant
from subscribers.models import Grant, Subscriber
from subscribers.selectors.rights import held
from subscribers.services import consuming
from tests.stories.statements import World

pytestmark = pytest.mark.django_db(transaction=True)


class Club:
    """A world in which people use up classes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.classes: Feature = world.shop.feature("classes", "quota")

    def scans(self, key: str, quantity: int = 1, who: Subscriber | None = None) -> Any:
        """Used and left after it, or the code of the refusal."""
        act = {"actor": self.world.shop.actor, "now": self.world.now}
        who = who or self.world.person()
        try:
            with tenant(self.world.shop.id):
                row = consuming.consume(who, self.classes, quantity=quantity, key=key, **act)
        except Refusal as refusal:
            return refusal.code
        return row.used, None if row.quota is None else row.quota - row.used

    def takes_back(self, key: str) -> tuple[int, str]:
        """What the use's period had then, and when it began."""
        act = {"actor": self.world.shop.actor, "now": self.world.now}
        with tenant(self.world.shop.id):
            row = consuming.undo(self.world.person(), self.classes, key=key, **act)
        return row.used, row.period_start.isoformat()

    def stands(self) -> tuple[int, int, str, str] | None:
        """Used, quota, the period's first day, the day on which it begins anew."""
        with tenant(self.world.shop.id):
            right = held(self.world.person().pk, self.world.now).rights.get("classes")
        if right is None or right.period is None:
            return None
        return right.used or 0, right.quota or 0, right.period.start.isoformat(), right.period.end.isoformat()


def club(shop: Any, day: str) -> Club:
    return Club(World.on(shop, day))


def test_a_quota_comes_back_with_each_period_of_its_subscription(shop):
    """From 31 January: back on 28 February and 31 March, by the anchor, whether or not the run has come."""
    it = club(shop, "2026-01-31")
    it.world.subscribe(shop.offer("club", ("month", None, 10_00), features={"classes": {"quota": 4}}))
    assert it.scans("a", 3) == (3, 1)
    it.world.until("2026-02-27", "23:50")
    assert it.scans("b", 2) == "quota_exceeded"
    assert it.scans("b", 1) == (4, 0)
    it.world.until("2026-02-28", "00:10")
    assert it.stands() == (0, 4, "2026-02-28", "2026-03-31")
    assert it.scans("c", 4) == (4, 0)
    assert it.scans("a", 3) == (3, 1), "a key answers as it did then, whatever the period"
    assert it.takes_back("b") == (3, "2026-01-31")
    assert it.stands() == (4, 4, "2026-02-28", "2026-03-31"), "what was taken back was of the last period"
    assert it.takes_back("c") == (0, "2026-02-28")
    assert it.stands() == (0, 4, "2026-02-28", "2026-03-31")
    it.world.late("2026-05-31")
    assert it.stands() == (0, 4, "2026-05-31", "2026-06-30")


def test_before_the_late_run_the_calendar_has_brought_the_quota_back_already(shop):
    it = club(shop, "2026-03-01")
    it.world.subscribe(shop.offer("club", ("month", None, 10_00), features={"classes": {"quota": 2}}))
    assert it.scans("a", 2) == (2, 0)
    with tenant(shop.id):
        from merchants.models import TestClock

        TestClock.objects.update(time=it.world.now.at.replace(month=4, day=1))  # nobody has run anything
    assert it.scans("b", 1) == (1, 1)
    it.world.late("2026-04-01")
    assert it.stands() == (1, 2, "2026-04-01", "2026-05-01")


def test_options_that_add_count_in_the_one_period_and_the_larger_of_two_offers_gives_it(shop):
    it = club(shop, "2026-05-01")
    more = shop.option("more", 2_00, features={"classes": {"quota": 2}}, adds=True)
    small = shop.offer("small", ("month", None, 10_00), options=[more], features={"classes": {"quota": 4}})
    large = shop.offer("large", ("month", None, 20_00), features={"classes": {"quota": 8}})
    it.world.subscribe(small, options=[more])
    assert it.stands() == (0, 6, "2026-05-01", "2026-06-01")
    assert it.scans("a", 5) == (5, 1)
    it.world.until("2026-05-14")
    assert it.scans("b", 1) == (6, 0)
    second = it.world.subscribe(large)  # 8 and the 2 that add, by the calendar of the larger
    assert it.stands() == (1, 10, "2026-05-14", "2026-06-14"), "what was used that day counts in it"
    assert it.scans("c", 4) == (5, 5)
    cancel.cancel(merchant_id=shop.id, subscription_id=second.pk, leaving=cancel.Leaving(when="now"), actor=shop.actor)
    assert it.stands() == (10, 6, "2026-05-01", "2026-06-01"), "back to the first, with all that was used since"
    assert it.scans("d") == "quota_exceeded"
    it.world.until("2026-06-01")
    assert it.scans("d", 6) == (6, 0)


def test_each_of_an_option_that_was_bought_adds_where_it_adds(shop):
    """4 classes, and packs of 2: one pack is 6, three packs now are 10, one again from the next period on is 6.
    A quota that does not add is what it is, however many were bought."""
    it = club(shop, "2026-05-01")
    more = shop.option("more", 2_00, features={"classes": {"quota": 2}}, adds=True)
    own = shop.option("own", 1_00, features={"classes": {"quota": 3}})
    sub = it.world.subscribe(
        shop.offer("small", ("month", None, 10_00), options=[more, own], features={"classes": {"quota": 4}}),
        options=[more],
    )
    assert it.stands() == (0, 6, "2026-05-01", "2026-06-01")
    it.world.until("2026-05-14")
    assert it.scans("a", 6) == (6, 0)
    it.world.change(sub, AddOption(wished=WishedOption(option=more, quantity=3)), when="now")
    assert it.stands() == (6, 10, "2026-05-01", "2026-06-01"), "what was used stays used"
    it.world.change(sub, AddOption(wished=WishedOption(option=own, quantity=5)), when="now")
    assert it.stands() == (6, 10, "2026-05-01", "2026-06-01"), "five times a quota of 3 that does not add is 3"
    it.world.change(sub, AddOption(wished=WishedOption(option=more, quantity=1)), when="period_end")
    assert it.stands() == (6, 10, "2026-05-01", "2026-06-01")
    it.world.until("2026-06-01")
    assert it.stands() == (0, 6, "2026-06-01", "2026-07-01")
    with tenant(shop.id):
        opened = list(Grant.objects.filter(adds=True).order_by("id").values_list("quota", flat=True))
        assert (opened, Grant.objects.filter(adds=True, ends_at=None).count()) == ([2, 6, 2], 1)


def test_a_short_first_period_and_a_free_stage_are_periods_of_their_own(shop):
    it = club(shop, "2026-05-14")
    it.world.subscribe(
        shop.offer(
            "club",
            ("day", 7, 0, {"features": {"classes": {"quota": 1}}}),
            ("month", None, 10_00, {"features": {"classes": {"quota": 4}}}),
        )
    )
    assert it.stands() == (0, 1, "2026-05-14", "2026-05-21"), "seven free days are one period"
    assert it.scans("a") == (1, 0)
    it.world.until("2026-05-20")
    assert it.scans("b") == "quota_exceeded"
    it.world.until("2026-05-21")
    assert it.scans("b", 4) == (4, 0)
    assert it.stands() == (4, 4, "2026-05-21", "2026-06-21")

    ada = it.world.person("ada")
    aligned = shop.offer("first", ("month", None, 10_00), alignment="calendar", features={"classes": {"quota": 2}})
    it.world.subscribe(aligned, ada)
    assert it.scans("a", 2, ada) == (2, 0)
    it.world.until("2026-06-01")
    assert it.scans("b", 2, ada) == (2, 0)


def test_a_change_in_mid_period_brings_no_quota_back_a_new_period_does(shop):
    """Up, and the difference is free; down, and nothing is left; there and back wins nothing. Another interval begins
    a new period that is paid for."""
    it = club(shop, "2026-05-01")
    small, large, yearly = (
        shop.offer(name, (interval, None, price), features={"classes": {"quota": quota}})
        for name, interval, price, quota in (
            ("small", "month", 10_00, 4),
            ("large", "month", 20_00, 8),
            ("yearly", "year", 100_00, 40),
        )
    )
    row = it.world.subscribe(small)
    assert it.scans("a", 4) == (4, 0)
    it.world.until("2026-05-10")
    it.world.change(row, ChangeOffer(offer=large), when="now")
    assert it.stands() == (4, 8, "2026-05-01", "2026-06-01")
    assert it.scans("b", 3) == (7, 1)
    it.world.until("2026-05-12")
    it.world.change(row, ChangeOffer(offer=small), when="now")
    assert it.stands() == (7, 4, "2026-05-01", "2026-06-01")
    assert it.scans("c") == "quota_exceeded"
    assert it.takes_back("a") == (3, "2026-05-01")
    assert it.scans("c") == (4, 0)
    it.world.until("2026-05-20")
    it.world.change(row, ChangeOffer(offer=yearly), when="now")
    assert it.stands() == (0, 40, "2026-05-20", "2027-05-20")
    assert it.scans("d", 40) == (40, 0)
    it.world.until("2026-06-01")
    assert it.scans("e") == "quota_exceeded", "a year's quota is for the year"


def test_who_has_left_uses_nothing_more(shop):
    it = club(shop, "2026-05-14")
    row = it.world.subscribe(shop.offer("club", ("month", None, 10_00), features={"classes": {"quota": 4}}))
    assert it.scans("a") == (1, 3)
    cancel.cancel_at_period_end(merchant_id=shop.id, subscription_id=row.pk, actor=shop.actor)
    it.world.until("2026-06-13")
    assert it.scans("b") == (2, 2)
    it.world.until("2026-06-14")
    assert it.scans("c") == "access_none"
    assert it.stands() is None
