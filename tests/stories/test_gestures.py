"""Gestures: something given to one subscription, with its cost, its limits, and the way back."""

from __future__ import annotations

from decimal import Decimal
from textwrap import dedent

import pytest

from billing.flows import give as giving
from billing.flows import undo_gesture
from billing.flows.asks import RemoveOption
from billing.flows.give import Giving
from invoices.models import BalanceEntry, CreditNote
from invoices.services.balances import balance_of
from merchants.refusals import Conflict
from merchants.services.merchants import update_merchant
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Gesture, SubscriptionOption
from tests.stories.statements import World, rows
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(shop):
    return World.on(shop, "2026-01-31")


@pytest.fixture
def sub(world):
    return world.subscribe(world.shop.offer("hifi", ("month", None, 28_00)))


def give(world, sub, kind, *, role=None, **what) -> Gesture:
    """Give it; what it then is was its preview, which wrote no row."""
    asked = Giving(kind=kind, reason=what.pop("reason", "the outage of 12 February"), **what)
    before = rows(world.shop.id)
    seen = giving.foresee(merchant_id=world.shop.id, subscription_id=sub.pk, giving=asked, role=role)
    assert rows(world.shop.id) == before
    done = giving.give(merchant_id=world.shop.id, subscription_id=sub.pk, giving=asked, role=role, actor=TESTER)
    assert (done.cost, done.cost_per_period) == (seen.gesture.cost, seen.gesture.cost_per_period)
    return done


def undo(world, gesture) -> Gesture:
    return undo_gesture.undo(merchant_id=world.shop.id, gesture_id=gesture.pk, actor=TESTER)


def test_an_option_for_three_periods_is_at_0_and_ends(world, sub):
    extra = world.shop.option("extra", 2_80)
    world.until("2026-02-14")
    given = give(world, sub, "option", option=extra, periods=3)
    assert given.cost == 1_40 + 3 * 2_80  # 14 days of 28, then three whole periods
    assert world.until("2026-05-31").statement(sub) == dedent("""\
        2026-01-31  hifi         01-31..02-28           28.00
        2026-02-28  hifi         02-28..03-31           28.00
                    extra        02-28..03-31            0.00
        2026-03-31  hifi         03-31..04-30           28.00
                    extra        03-31..04-30            0.00
        2026-04-30  hifi         04-30..05-31           28.00
                    extra        04-30..05-31            0.00
        2026-05-31  hifi         05-31..06-30           28.00
        """)
    with pytest.raises(Conflict) as late:
        undo(world, given)
    assert late.value.code == "gesture_over"


def test_an_option_for_ever_is_taken_back_after_two_invoices(world, sub):
    extra = world.shop.option("extra", 2_80)
    given = give(world, sub, "option", option=extra)
    assert (given.cost, given.cost_per_period) == (None, 2_80)
    world.until("2026-03-14")
    undone = undo(world, given)
    assert (undone.status, undone.kept) == ("undone", None)
    assert undo(world, given).undone_at == undone.undone_at
    other = give(world, sub, "option", option=extra, periods=2)
    world.change(sub, RemoveOption(option_id=other.option_row_id), when="now")  # by another face
    with tenant(world.shop.id):
        assert (Gesture.objects.get(id=other.pk).status, Gesture.objects.get(id=other.pk).kept) == ("undone", 0)
    assert "2026-03-31  hifi         03-31..04-30           28.00\n" in world.until("2026-03-31").statement(sub)
    with tenant(world.shop.id):
        assert SubscriptionOption.objects.earliest("id").ends_on.isoformat() == "2026-03-14"
        assert (
            list(Change.objects.filter(subject_kind="gesture").order_by("id").values_list("verb", flat=True))
            == [
                "given",
                "undone",
            ]
            * 2
        )
        assert not CreditNote.objects.exists()


def test_five_days_are_given_and_taken_back_while_they_are_ahead(world, sub):
    world.until("2026-02-14")
    given = give(world, sub, "days", days=5)
    assert (given.cost, given.days) == (5_00, 5)  # 28.00 × 5/28
    assert world.now_is(sub).current_period_end.isoformat() == "2026-03-05"
    assert (undo(world, given).kept, world.now_is(sub).current_period_end.isoformat()) == (0, "2026-02-28")
    assert world.now_is(sub).anchor_day == 31  # not a 28th
    again = give(world, sub, "days", days=5)
    world.until("2026-03-02")
    assert undo(world, again).kept == 2_00  # two days of the five were had
    assert world.until("2026-04-02").statement(sub) == dedent("""\
        2026-01-31  hifi         01-31..02-28           28.00
        2026-03-02  hifi         03-02..04-02           28.00
        2026-04-02  hifi         04-02..05-02           28.00
        """)


def test_twenty_percent_off_the_next_invoice(world, sub):
    given = give(world, sub, "percent", percent_off=Decimal(20))
    assert (given.cost, given.periods) == (5_60, 1)
    gone = give(world, sub, "percent", percent_off=Decimal(50), periods=2)
    assert gone.cost == 11_20 + 14_00  # of what the first left, then of all
    assert undo(world, gone).kept == 0
    assert world.until("2026-03-31").statement(sub) == dedent("""\
        2026-01-31  hifi         01-31..02-28           28.00
        2026-02-28  hifi         02-28..03-31           22.40
        2026-03-31  hifi         03-31..04-30           28.00
        """)
    with pytest.raises(Conflict) as late:
        undo(world, given)
    assert late.value.code == "gesture_over"


def test_ten_euros_to_the_balance_and_what_is_left_of_them_back(world, sub):
    given = give(world, sub, "amount", amount=10_00)
    with tenant(world.shop.id):
        assert balance_of(world.person().pk, "EUR") == 10_00
    world.until("2026-02-28")
    assert world.captured() == [28_00, 18_00]
    with pytest.raises(Conflict) as late:
        undo(world, given)
    assert late.value.code == "gesture_over"
    more = give(world, sub, "amount", amount=40_00)
    world.until("2026-03-31")
    assert world.captured() == [28_00, 18_00]
    assert undo(world, more).kept == 28_00
    with tenant(world.shop.id):
        assert balance_of(world.person().pk, "EUR") == 0
        assert list(BalanceEntry.objects.order_by("id").values_list("amount", flat=True)) == [
            *(10_00, -10_00),
            *(40_00, -28_00, -12_00),
        ]


def test_each_role_gives_up_to_its_limits_and_is_told_who_may(world, sub):
    with tenant(world.shop.id):
        limits = [{"role": "support", "one": 15_00, "month": 20_00}, {"role": "admin", "one": 50_00}]
        update_merchant(gesture_limits=limits, actor=TESTER, now=world.now)
    with pytest.raises(Conflict) as large:
        give(world, sub, "amount", amount=15_01, role="support")
    assert (large.value.code, large.value.params["who"]) == ("gesture_above_limit", "owner, admin")
    extra = world.shop.option("extra", 2_80)
    with pytest.raises(Conflict) as endless:
        give(world, sub, "option", option=extra, role="support")
    assert endless.value.code == "gesture_above_limit"
    give(world, sub, "amount", amount=15_00, role="support")
    with pytest.raises(Conflict) as full:
        give(world, sub, "percent", percent_off=Decimal(20), role="support")
    assert full.value.code == "gestures_of_month_above_limit"
    give(world, sub, "percent", percent_off=Decimal(20))  # keys have no limit here
    world.until("2026-02-01")
    give(world, sub, "days", days=5, role="support")  # another month
    with tenant(world.shop.id):
        assert [(one.cost, one.given_as) for one in Gesture.objects.order_by("id")] == [
            (15_00, "support"),
            (5_60, "api_key"),
            (5_00, "support"),
        ]
