"""A renewal moved to another day, which is the anchor from then on (domain 15)."""

from __future__ import annotations

from textwrap import dedent

import pytest

from billing.engine.leaving import Refunding
from billing.flows import cancel
from billing.flows.asks import AddOption, ChangeOffer, SetQuantity
from billing.flows.cancel import Leaving
from billing.flows.purchase import WishedOption
from invoices.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from merchants.refusals import Conflict
from merchants.tenancy.scope import tenant
from subscribers.models import Change, ScheduledChange
from tests.stories.moves import D, move, refused, world
from tests.worlds import TESTER

__all__ = ["world"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


def test_later_and_free_the_days_are_a_gesture_and_what_is_planned_moves_along(world):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 31_00)))
    world.until("2027-05-14")
    world.plan(sub, SetQuantity(quantity=2))
    done = move(world, sub, "2027-06-10", reason="works in the street")
    assert (done.current_period_end, done.anchor_day, done.unbilled) == (
        D("2027-06-10"), 10, [["2027-06-01", "2027-06-10"]],
    )  # fmt: skip
    with tenant(world.shop.id):
        assert ScheduledChange.objects.get().due_on == D("2027-06-10")
        told = Change.objects.filter(subject_id=sub.pk, verb="renewal_moved").get()
        assert told.reason == "works in the street"
        assert told.before["current_period_end"] == "2027-06-01"
    world.until("2027-07-11")
    assert world.statement(sub) == dedent("""\
        2027-05-01  salon        05-01..06-01           31.00
        2027-06-10  salon        06-10..07-10           62.00
        2027-07-10  salon        07-10..08-10           62.00
        """)


def test_later_and_charged_the_days_are_billed_that_day_with_their_formula(world):
    extra = world.shop.option("extra", 3_10)
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 31_00), options=[extra]), options=[extra])
    world.until("2027-05-14")
    move(world, sub, "2027-06-10", added_days="charged")
    with tenant(world.shop.id):
        lines = InvoiceLine.objects.filter(period_start=D("2027-06-01")).order_by("position")
        assert [(line.formula, line.rule) for line in lines] == [
            ("31.00 × 9/31 = 9.00", "part_of_period"),
            ("3.10 × 9/31 = 0.90", "part_of_period"),
        ]
    cancel.cancel(
        merchant_id=world.shop.id,
        subscription_id=sub.pk,
        leaving=Leaving(when="now", refund=Refunding.prorated),
        actor=TESTER,
    )
    with tenant(world.shop.id):
        assert sum(CreditNoteLine.objects.values_list("amount", flat=True)) == 18_00 + 1_80 + 9_00 + 90


def test_earlier_the_days_that_are_taken_away_are_credited_and_it_renews_then(world):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 31_00)))
    world.until("2027-05-14")
    move(world, sub, "2027-05-21")
    with tenant(world.shop.id):
        (line,) = CreditNoteLine.objects.all()
        assert (line.formula, line.rule) == ("31.00 × 11/31 = 11.00", "days_not_had")
    world.until("2027-06-22")
    assert world.statement(sub) == dedent("""\
        2027-05-01  salon        05-01..06-01           31.00
                    credit salon                       -11.00
        2027-05-21  salon        05-21..06-21           31.00
        2027-06-21  salon        06-21..07-21           31.00
        """)
    assert world.captured() == [31_00, 20_00, 31_00]


def test_to_today_the_next_period_begins_at_once(world):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 31_00)))
    world.until("2027-05-21")
    done = move(world, sub, "2027-05-21", to="refund")
    assert (done.current_period_start, done.current_period_end) == (D("2027-05-21"), D("2027-06-21"))
    with tenant(world.shop.id):
        assert (CreditNote.objects.get().to_refund, Invoice.objects.count()) == (11_00, 2)


def test_a_trial_is_made_longer_and_the_paid_stage_is_anchored_at_its_new_end(world):
    sub = world.subscribe(world.shop.offer("salon", ("month", 1, 0), ("month", None, 31_00)))
    world.until("2027-05-14")
    move(world, sub, "2027-06-15", reason="asked for")
    world.until("2027-06-16")
    now = world.now_is(sub)
    assert (now.status, now.current_period_start, now.current_period_end) == (
        "active", D("2027-06-15"), D("2027-07-15"),
    )  # fmt: skip


def test_left_in_a_trial_that_was_made_longer_and_moved_again_later(world):
    """Found by random lives: the books took the second move for days by which the trial had come later."""
    trial = world.shop.offer("trial", ("day", 14, 0), ("month", None, 31_00))
    weekly = world.shop.offer("weekly", ("week", None, 9_00))
    sub = world.subscribe(trial)
    move(world, sub, "2027-06-04", reason="asked for")
    world.until("2027-06-12")
    world.change(sub, ChangeOffer(offer=weekly), when="now")
    move(world, sub, "2027-06-24", reason="asked for")
    world.until("2027-06-25")
    assert world.statement(sub) == dedent("""\
        2027-06-12  weekly       06-12..06-19            9.00
        2027-06-24  weekly       06-24..07-01            9.00
        """)


def test_on_the_31st_it_stays_the_31st_and_years_keep_their_day(world):
    monthly = world.subscribe(world.shop.offer("salon", ("month", None, 31_00)))
    yearly = world.subscribe(world.shop.offer("year", ("year", None, 365_00)), world.person("anna"))
    move(world, monthly, "2027-07-31", reason="summer")
    move(world, yearly, "2028-02-29", added_days="free", reason="leap")
    world.until("2027-12-31")
    assert world.now_is(monthly).current_period_end == D("2028-01-31")
    with tenant(world.shop.id):
        rows = InvoiceLine.objects.filter(subscription_id=monthly.pk).order_by("period_start")
        assert [row.period_end.isoformat() for row in rows][1:4] == ["2027-08-31", "2027-09-30", "2027-10-31"]
        assert world.now_is(yearly).current_period_end == D("2028-02-29")


def test_days_that_were_charged_are_charged_of_what_is_changed_to(world):
    """A month more, paid for, is not had again for nothing: what is left on 17 May is 15/31 of a month, and a month."""
    extra = world.shop.option("extra", 6_20)
    salon = world.shop.offer("salon", ("month", None, 31_00), options=[extra])
    pro = world.shop.offer("pro", ("month", None, 62_00))
    asks = (SetQuantity(quantity=2), ChangeOffer(offer=pro), AddOption(wished=WishedOption(option=extra)))
    subs = [world.subscribe(salon, world.person(name)) for name in ("ana", "bob", "eve")]
    for sub in subs:
        move(world, sub, "2027-07-01", added_days="charged")
    world.collect()
    world.until("2027-05-17")
    for sub, ask in zip(subs, asks, strict=True):
        world.change(sub, ask, when="now")
    assert world.statement(subs[0]) == dedent("""\
        2027-05-01  salon        05-01..06-01           31.00
                    credit salon                       -15.00
        2027-05-01  salon        06-01..07-01           31.00
                    credit salon                       -31.00
                    cancelled                            0.00
        2027-05-17  salon        05-17..06-01           30.00
                    salon        06-01..07-01           62.00
        """)
    assert world.statement(subs[1]).endswith(
        "2027-05-17  pro          05-17..06-01           30.00\n            pro          06-01..07-01           62.00\n"
    )
    assert world.statement(subs[2]).endswith(
        "2027-05-17  extra        05-17..06-01            3.00\n            extra        06-01..07-01            6.20\n"
    )


def test_what_is_billed_in_arrears_is_billed_for_its_own_days(world):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 31_00, {"billing": "arrears"})))
    world.until("2027-05-14")
    assert refused(world, sub, "2027-06-10", reason="no") == "billed_in_arrears"
    move(world, sub, "2027-05-21")
    world.until("2027-06-22")
    assert world.statement(sub) == dedent("""\
        2027-05-21  salon        05-01..05-21           20.67
        2027-06-21  salon        05-21..06-21           31.00
        """)


def test_what_cannot_be_is_refused(world):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 31_00)))
    world.until("2027-05-14")
    assert refused(world, sub, "2027-06-01") == "nothing_changes"
    assert refused(world, sub, "2027-05-13") == "date_in_past"
    assert refused(world, sub, "2029-06-01", reason="x") == "date_out_of_range"
    assert refused(world, sub, "2027-06-10") == "reason_required"
    cancel.cancel(merchant_id=world.shop.id, subscription_id=sub.pk, leaving=Leaving(), actor=TESTER)
    assert refused(world, sub, "2027-06-10", reason="x") == "subscription_ending"
    world.until("2027-06-01")
    with pytest.raises(Conflict) as ended:
        move(world, sub, "2027-06-10", reason="x")
    assert (ended.value.code, ended.value.say(str)) == (
        "subscription_not_running",
        "This subscription has already ended.",
    )
