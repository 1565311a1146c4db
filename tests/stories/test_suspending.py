"""Suspended for a while and resumed: features, periods, what is made good of the days that were lost (domain 15)."""

from __future__ import annotations

from datetime import date
from textwrap import dedent

import pytest

from billing.engine.leaving import Refunding
from billing.flows import cancel, schedule, suspend
from billing.flows.cancel import Leaving
from billing.flows.pause_asks import Resuming, Suspending
from invoices.models import CreditNote, CreditNoteLine, Invoice
from invoices.totals import totals
from merchants.models import Event
from merchants.refusals import Conflict, Invalid
from merchants.tenancy.scope import tenant
from subscribers.lifecycle import MakesGood
from subscribers.models import Change, Subscriber, Subscription
from subscribers.selectors.rights import rights_of
from tests.stories.statements import World
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)
D = date.fromisoformat


@pytest.fixture
def world(shop):
    """1 May 2027; prices with VAT."""
    return World.on(shop, "2027-05-01")


def pause(world: World, sub: Subscription, **asked) -> Subscription:
    """Suspend it, and hold the act to its preview."""
    wish = Suspending(**asked)
    with tenant(world.shop.id):
        row = world.now_is(sub)
        seen = suspend.foresee(row, wish, merchant=world.shop.merchant, now=world.now)
        invoices, notes = Invoice.objects.count(), CreditNote.objects.count()
    done = suspend.suspend(merchant_id=world.shop.id, subscription_id=sub.pk, asked=wish, actor=TESTER)
    _holds(world, seen, invoices, notes)
    return done


def back(world: World, sub: Subscription, **asked) -> Subscription:
    """Resume it, and hold the act to its preview."""
    wish = Resuming(**asked)
    with tenant(world.shop.id):
        seen = suspend.foresee_resume(world.now_is(sub), wish, merchant=world.shop.merchant, now=world.now)
        invoices, notes = Invoice.objects.count(), CreditNote.objects.count()
    done = suspend.resume(merchant_id=world.shop.id, subscription_id=sub.pk, asked=wish, actor=TESTER)
    _holds(world, seen, invoices, notes)
    if seen.renews_on is not None and not done.suspended_from:
        assert done.current_period_end == seen.renews_on
    world.collect()
    return done


def _holds(world: World, seen: suspend.Foreseen, invoices: int, notes: int) -> None:
    with tenant(world.shop.id):
        made = list(Invoice.objects.order_by("created_at", "id"))[invoices:]
        given = list(CreditNote.objects.order_by("id"))[notes:]
    assert sum(row.gross for row in made) == sum(totals(d.lines, d.tax_behavior).gross for d in seen.documents)
    assert [note.gross for note in given] == [one.plan.credit.gross for one in seen.backs]


def opens(world: World, person: Subscriber) -> set[str]:
    with tenant(world.shop.id):
        return {reference for reference, right in rights_of(person.pk, world.now).items() if right.on}


def kinds(world: World) -> list[str]:
    with tenant(world.shop.id):
        rows = Event.objects.filter(kind__in=("subscription.suspended", "subscription.resumed", "access.changed"))
        return list(rows.order_by("id").values_list("kind", flat=True))


def refused(world: World, sub: Subscription, act=pause, **asked) -> str:
    with pytest.raises((Conflict, Invalid)) as refusal:
        act(world, sub, **asked)
    error = refusal.value
    return error.errors[0].code if isinstance(error, Invalid) else error.code


def monthly(world: World) -> Subscription:
    world.shop.feature("hifi")
    return world.subscribe(world.shop.offer("salon", ("month", None, 31_00), features={"hifi": {}}))


def test_planned_with_its_end_known_the_month_is_not_billed_where_it_stands_still(world):
    sub = monthly(world)
    pause(world, sub, from_on=D("2027-06-10"), until_on=D("2027-07-20"), stops_billing=True)
    assert (world.now_is(sub).status, world.now_is(sub).access_until.date()) == ("active", D("2027-06-09"))
    world.until("2027-06-10")
    now = world.now_is(sub)
    assert (now.status, now.access, now.access_reason) == ("suspended", "none", "suspended")
    assert opens(world, world.person()) == set()
    world.until("2027-08-02")
    assert opens(world, world.person()) == {"hifi"}
    assert world.statement(sub) == dedent("""\
        2027-05-01  salon        05-01..06-01           31.00
        2027-06-01  salon        06-01..06-10            9.30
        2027-07-20  salon        07-20..08-01           12.00
        2027-08-01  salon        08-01..09-01           31.00
        """)
    assert world.now_is(sub).unbilled == [["2027-06-10", "2027-07-20"]]
    assert kinds(world)[-4:] == ["subscription.suspended", "access.changed", "subscription.resumed", "access.changed"]


def test_now_without_a_known_end_the_renewal_makes_good_the_days_that_were_paid(world):
    sub = monthly(world)
    world.until("2027-05-21")
    pause(world, sub, stops_billing=True, makes_good=MakesGood.move_renewal, reason="gone abroad")
    assert (world.now_is(sub).status, world.now_is(sub).next_action_at) == ("suspended", None)
    world.until("2027-07-14")
    back(world, sub)  # eleven days of May were lost
    now = world.now_is(sub)
    assert (now.status, now.access, now.current_period_end, now.anchor_day) == ("active", "full", D("2027-07-25"), 25)
    world.until("2027-08-26")
    assert world.statement(sub) == dedent("""\
        2027-05-01  salon        05-01..06-01           31.00
        2027-07-25  salon        07-25..08-25           31.00
        2027-08-25  salon        08-25..09-25           31.00
        """)


def test_billed_on_the_days_without_service_are_credited_when_it_is_over(world):
    sub = monthly(world)
    world.until("2027-05-21")
    pause(world, sub, until_on=D("2027-06-11"), makes_good=MakesGood.credit)
    world.until("2027-06-10")
    with tenant(world.shop.id):
        assert not CreditNote.objects.exists()
    world.until("2027-07-02")
    with tenant(world.shop.id):
        lines = list(CreditNoteLine.objects.order_by("id").values_list("formula", "rule"))
        notes = list(CreditNote.objects.order_by("id"))
    assert lines == [("31.00 × 11/31 = 11.00", "days_not_had"), ("31.00 × 10/30 = 10.33", "days_not_had")]
    assert [note.to_balance for note in notes] == [11_00, 10_33]
    assert notes[0].reason == "Jours perdus pendant une suspension"
    assert world.captured() == [31_00, 31_00, 31_00 - 21_33]


def test_back_dated_and_over_it_is_in_the_history_from_its_day_on(world):
    sub = monthly(world)
    world.until("2027-05-21")
    pause(world, sub, from_on=D("2027-05-10"), until_on=D("2027-05-13"), makes_good=MakesGood.move_renewal)
    now = world.now_is(sub)
    assert (now.status, now.access, now.current_period_end, now.suspended_from) == (
        "active", "full", D("2027-06-04"), None,
    )  # fmt: skip
    with tenant(world.shop.id):
        told = Change.objects.filter(subject_id=sub.pk, verb__in=("suspended", "resumed")).order_by("id")
        assert [(row.verb, row.effective_at.isoformat()) for row in told] == [
            ("suspended", "2027-05-09T22:00:00+00:00"),
            ("resumed", "2027-05-12T22:00:00+00:00"),
        ]
    world.until("2027-06-05")
    assert world.now_is(sub).current_period_start == D("2027-06-04")


def test_nobody_runs_anything_for_35_days(world):
    sub = monthly(world)
    pause(world, sub, from_on=D("2027-05-29"), until_on=D("2027-06-16"), stops_billing=True)
    world.late("2027-07-03")
    assert world.statement(sub) == dedent("""\
        2027-05-01  salon        05-01..06-01           31.00
        2027-07-03  salon        06-16..07-01           15.50
        2027-07-03  salon        07-01..08-01           31.00
        """)


def test_resumed_the_same_day_nothing_has_happened(world):
    sub = monthly(world)
    world.until("2027-05-21")
    pause(world, sub, stops_billing=True, makes_good=MakesGood.move_renewal)
    back(world, sub)
    now = world.now_is(sub)
    assert (now.status, now.access, now.current_period_end, now.unbilled) == ("active", "full", D("2027-06-01"), [])


def test_a_debt_and_a_wish_suspend_each_for_itself(world):
    sub = monthly(world)
    world.until("2027-05-21")
    pause(world, sub, stops_billing=True)
    assert refused(world, sub) == "already_suspended"
    with tenant(world.shop.id):
        row = world.now_is(sub)
        row.dunning = "suspend"
        picture_row = suspend.snapshots([row], world.shop.merchant)[row.pk]
    assert picture_row.debt_suspends
    from billing.engine.pausing import resumed

    after, _ = resumed(picture_row, D("2027-05-25"))
    assert after.status == "suspended"
    back(world, sub)
    assert refused(world, sub, back) == "not_suspended"


def test_what_cannot_be_is_refused_and_says_why(world):
    sub = monthly(world)
    world.until("2027-05-21")
    assert refused(world, sub, from_on=D("2027-04-30")) == "from_too_early"
    assert refused(world, sub, from_on=D("2031-01-01")) == "date_out_of_range"
    assert refused(world, sub, from_on=D("2027-06-10"), until_on=D("2027-06-10")) == "until_before_from"
    pause(world, sub, from_on=D("2027-06-10"))
    assert refused(world, sub, back) == "not_suspended"
    schedule.undo(merchant_id=world.shop.id, subscription_id=sub.pk, kind="suspend", actor=TESTER)
    with pytest.raises(Conflict):
        schedule.undo(merchant_id=world.shop.id, subscription_id=sub.pk, kind="suspend", actor=TESTER)
    world.until("2027-06-12")
    assert world.now_is(sub).status == "active"


def test_suspended_and_cancelled_it_ends_on_its_date_and_gives_back_what_was_lost(world):
    sub = monthly(world)
    world.until("2027-05-21")
    pause(world, sub, stops_billing=True, makes_good=MakesGood.credit)
    cancel.cancel(merchant_id=world.shop.id, subscription_id=sub.pk, leaving=Leaving(), actor=TESTER)
    world.until("2027-06-02")
    now = world.now_is(sub)
    assert (now.status, now.suspended_from, now.service_ends_on) == ("ended", None, D("2027-06-01"))
    with tenant(world.shop.id):
        assert [note.gross for note in CreditNote.objects.all()] == [11_00]


def test_in_arrears_the_days_without_service_are_not_billed(world):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 31_00, {"billing": "arrears"})))
    world.until("2027-05-11")
    assert refused(world, sub, makes_good=MakesGood.credit) == "billed_in_arrears"
    pause(world, sub, until_on=D("2027-05-21"), stops_billing=True)
    world.until("2027-06-02")
    pause(world, sub, stops_billing=True)
    world.until("2027-07-03")
    cancel.cancel(
        merchant_id=world.shop.id,
        subscription_id=sub.pk,
        leaving=Leaving(when="now", refund=Refunding.none),
        actor=TESTER,
    )
    assert world.statement(sub) == dedent("""\
        2027-06-01  salon        05-01..05-11           10.00
                    salon        05-21..06-01           11.00
        2027-07-01  salon        06-01..06-02            1.03
        2027-07-03  ended: cancelled
        """)
