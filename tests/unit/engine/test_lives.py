"""Lives of subscriptions through `decide`: each step once, in order, with its own dates (domain 1–3, 7, 8, 13, 14)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from textwrap import dedent

import pytest

from billing.engine.decide import MOST_STEPS, catch_up, decide
from billing.engine.due import next_action_at
from billing.engine.opening import open_subscription
from billing.engine.schedule import walk
from billing.engine.step import StepKind
from invoices.totals import totals
from subscribers.lifecycle import Status
from subscribers.periods import Alignment, Interval, Unit
from subscribers.snapshots import Duration, Scheduled
from tests.unit.pictures import (
    DAY,
    QUARTER,
    WEEK,
    YEAR,
    arrears,
    begun,
    euros_off,
    offer,
    option,
    percent,
    purchase,
    stage,
)
from tests.unit.statements import statement

D = date.fromisoformat


def test_nothing_is_due_before_the_boundary_and_asking_twice_changes_nothing():
    sub = begun(offer(stage(1000)), "2026-01-31")
    step = decide(sub, D("2026-02-27"))
    assert (step.kind, step.why, step.on, step.drafts, step.after) == (
        StepKind.wait,
        "not_due",
        D("2026-02-28"),
        (),
        sub,
    )
    assert list(catch_up(sub, D("2026-02-27"))) == []
    assert decide(sub, D("2026-02-28")) == decide(sub, D("2026-03-15"))
    done = decide(sub, D("2026-02-28")).after
    assert decide(done, D("2026-02-28")).kind is StepKind.wait


def test_a_late_run_makes_every_missed_period_once_with_its_own_dates():
    sub = begun(offer(stage(0, times=1), stage(699, times=2), stage(1299)), "2026-01-31")
    assert statement(sub, "2026-06-30") == dedent("""\
        2026-02-28 next_stage
            stage 02-28..03-31 6.99
        2026-03-31 renew
            stage 03-31..04-30 6.99
        2026-04-30 next_stage
            stage 04-30..05-31 12.99
        2026-05-31 renew
            stage 05-31..06-30 12.99
        2026-06-30 renew
            stage 06-30..07-31 12.99
        """)
    in_one, one_by_one = [*catch_up(sub, D("2026-06-30"))][-1].after, sub
    day = D("2026-01-31")
    while day <= D("2026-06-30"):
        for step in catch_up(one_by_one, day):
            one_by_one = step.after
        day += timedelta(days=1)
    assert in_one == one_by_one
    assert in_one.status is Status.active


def test_a_leap_day_year_after_year():
    sub = begun(offer(stage(1000, YEAR)), "2028-02-29")
    assert [step.on.isoformat() for step in catch_up(sub, D("2032-03-01"))] == [
        "2029-02-28",
        "2030-02-28",
        "2031-02-28",
        "2032-02-29",
    ]


def test_arrears_with_options_close_and_open_on_one_document():
    sub = begun(offer(arrears(1000, times=2), stage(1500)), "2026-05-14", options=(option(),))
    assert statement(sub, "2026-08-14") == dedent("""\
        2026-06-14 renew
            stage 05-14..06-14 10.00
            option 06-14..07-14 2.00
        2026-07-14 next_stage
            stage 06-14..07-14 10.00
            stage 07-14..08-14 15.00
            option 07-14..08-14 2.00
        2026-08-14 renew
            stage 08-14..09-14 15.00
            option 08-14..09-14 2.00
        """)


def test_a_coupons_last_period_is_not_given_twice_from_arrears_to_advance():
    coupon = percent("50", Duration.repeating, periods=1)
    sub = begun(offer(arrears(1000, times=1), stage(1500)), "2026-05-14", coupons=(coupon,))
    step = decide(sub, D("2026-06-14"))
    assert [line.charged for line in step.drafts[0].lines] == [500, 1500]
    assert step.drafts[0].coupons_counted == ("cpn_50",)
    assert step.after.coupons[0].periods_used == 1
    two = begun(offer(arrears(1000, times=1), stage(1500)), "2026-05-14", coupons=(replace(coupon, periods=2),))
    step = decide(two, D("2026-06-14"))
    assert [line.charged for line in step.drafts[0].lines] == [500, 750]
    assert step.drafts[0].coupons_counted == ("cpn_50", "cpn_50")


def test_option_terms_count_whole_periods_and_end_with_the_last():
    sub = begun(
        offer(stage(3100), alignment=Alignment.calendar),
        "2026-05-14",
        options=(option(price=310, term=2), option("record", one_off_amount=2400)),
    )
    assert [one.periods_used for one in sub.options] == [0, 1]
    assert statement(sub, "2026-08-01") == dedent("""\
        2026-06-01 renew
            stage 06-01..07-01 31.00
            option 06-01..07-01 3.10
        2026-07-01 renew
            stage 07-01..08-01 31.00
            option 07-01..08-01 3.10
        2026-08-01 renew
            stage 08-01..09-01 31.00
        """)
    assert [step.ended_options for step in catch_up(sub, D("2026-08-01"))] == [(), (), ("sop_device",)]


def test_an_option_given_until_a_date_stands_at_zero_for_those_days():
    gift = option("live", 400, complimentary=True, reason="outage", ends_on=D("2026-06-24"))
    sub = begun(offer(stage(1000)), "2026-05-14", options=(gift,))
    line = decide(sub, D("2026-06-14")).drafts[0].lines[1]
    assert (line.amount, line.period.start, line.period.end) == (0, D("2026-06-14"), D("2026-06-24"))
    assert line.inputs["instead_of"] == 133  # 4.00 × 10/30
    assert len(decide(decide(sub, D("2026-06-14")).after, D("2026-07-14")).drafts[0].lines) == 1


def test_an_option_without_a_price_for_the_next_stage_ends_and_is_named():
    sub = begun(offer(stage(1000, times=1), stage(2700, QUARTER)), "2026-05-14", options=(option(),))
    step = decide(sub, D("2026-06-14"))
    assert step.ended_options == ("sop_device",)
    assert [line.kind.value for line in step.drafts[0].lines] == ["stage"]
    assert step.after.options[0].ends_on == D("2026-06-14")


def test_coupons_run_out_in_a_life():
    coupons = (euros_off(300, Duration.repeating, periods=2), percent("50", Duration.once))
    sub = begun(offer(stage(1000)), "2026-05-14", coupons=coupons)
    charged = [step.drafts[0].charged for step in catch_up(sub, D("2026-08-14"))]
    assert charged == [700, 1000, 1000]  # the first, 3.50, was the opening


def test_nothing_but_zero_makes_no_invoice_unless_the_offer_says_so():
    free = begun(offer(stage(0)), "2026-05-14")
    step = decide(free, D("2026-06-14"))
    assert (step.kind, step.drafts) == (StepKind.renew, ())
    assert step.drafted is not None
    told = begun(offer(stage(0), zero_invoices=True), "2026-05-14")
    assert len(decide(told, D("2026-06-14")).drafts) == 1


def test_a_scheduled_start():
    bought = purchase(offer(stage(1000), setup_amount=500), start_on=D("2026-06-01"))
    opened = open_subscription(bought, id="s", payer="c", beneficiary="c", today=D("2026-05-14"))
    assert opened.invoice is None
    assert next_action_at(opened.after) == datetime(2026, 5, 31, 22, tzinfo=UTC)
    assert decide(opened.after, D("2026-05-31")).why == "not_started"
    step = decide(opened.after, D("2026-06-01"))
    assert (step.kind, step.after.status) == (StepKind.activate, Status.active)
    assert [line.amount for line in step.drafts[0].lines] == [500, 1000]
    never = replace(opened.after, service_ends_on=D("2026-05-20"), billing_ends_on=D("2026-05-20"))
    assert [(s.kind, s.on, s.drafts) for s in catch_up(never, D("2026-12-31"))] == [(StepKind.end, D("2026-05-20"), ())]


def test_scheduled_changes_come_before_the_next_period_and_after_the_arrears():
    wish = Scheduled(id="sch_1", kind="set_quantity", effective_on=D("2026-06-14"), payload={"quantity": 2})

    def apply(step):
        assert [change.id for change in step.changes] == ["sch_1"]
        return replace(step.after, quantity=2)

    advance = replace(begun(offer(stage(1000)), "2026-05-14"), scheduled=(wish,))
    steps = [*catch_up(advance, D("2026-06-14"), apply=apply)]
    assert [(step.kind, [d.charged for d in step.drafts]) for step in steps] == [
        (StepKind.apply, []),
        (StepKind.renew, [2000]),
    ]
    behind = replace(begun(offer(arrears(1000)), "2026-05-14", options=(option(),)), scheduled=(wish,))
    steps = [*catch_up(behind, D("2026-07-14"), apply=apply)]
    assert [(step.kind, [[line.amount for line in d.lines] for d in step.drafts]) for step in steps] == [
        (StepKind.apply, [[1000]]),  # the month that was had, at the old quantity
        (StepKind.renew, [[200]]),
        (StepKind.renew, [[2000, 200]]),
    ]
    assert [step.kind for step in catch_up(advance, D("2026-12-31"))] == [StepKind.apply]


@pytest.mark.parametrize("status", [Status.incomplete, Status.ended])
def test_nothing_happens_to_what_has_not_begun_or_is_over(status):
    sub = replace(begun(offer(stage(1000)), "2026-05-14"), status=status)
    assert decide(sub, D("2027-01-01")).kind is StepKind.wait
    assert next_action_at(sub) is None


def test_catching_up_is_bounded_and_parks():
    sub = begun(offer(stage(100, DAY)), "2026-01-01")
    steps = [*catch_up(sub, D("2027-01-01"))]
    assert len(steps) == MOST_STEPS + 1
    assert (steps[-1].kind, steps[-1].why, steps[-1].drafts) == (StepKind.park, "too_many_steps_behind", ())
    assert steps[-1].after == steps[-2].after
    assert len([*catch_up(sub, sub.start_on + timedelta(days=MOST_STEPS))]) == MOST_STEPS


def test_the_instants_of_due_work_in_zones_where_clocks_change():
    for zone, start, due in [
        ("Europe/Paris", "2026-02-28", datetime(2026, 3, 27, 23, tzinfo=UTC)),
        ("Europe/Paris", "2026-02-28", datetime(2026, 3, 27, 23, tzinfo=UTC)),
        ("Africa/Cairo", "2024-03-26", datetime(2024, 4, 25, 22, tzinfo=UTC)),  # that day has no midnight
        ("Pacific/Kiritimati", "2026-01-31", datetime(2026, 2, 27, 10, tzinfo=UTC)),
        ("Pacific/Honolulu", "2026-01-31", datetime(2026, 2, 28, 10, tzinfo=UTC)),
    ]:
        assert next_action_at(begun(offer(stage(1000)), start, zone=zone)) == due


def test_a_free_stage_in_days_is_over_at_its_time_of_day():
    sold = offer(stage(0, Interval(Unit.day, 7), 2), stage(999))
    at = datetime(2026, 5, 14, 19, 30, tzinfo=UTC)
    sub = open_subscription(purchase(sold), id="s", payer="c", beneficiary="c", today=D("2026-05-14"), at=at).after
    assert sub.free_until == datetime(2026, 5, 28, 19, 30, tzinfo=UTC)
    assert next_action_at(sub) == datetime(2026, 5, 20, 22, tzinfo=UTC)  # its first week ends at midnight
    second = decide(sub, D("2026-05-21")).after
    assert next_action_at(second) == sub.free_until
    early = decide(second, D("2026-05-28"), at=datetime(2026, 5, 28, 12, tzinfo=UTC))
    assert (early.kind, early.why) == (StepKind.wait, "free_until")
    step = decide(second, D("2026-05-28"), at=sub.free_until)
    assert (step.kind, step.after.free_until, step.after.status) == (StepKind.next_stage, None, Status.active)
    assert (step.after.anchor.day, step.after.current_period.end) == (28, D("2026-06-28"))


def test_weeks_then_months_anchor_where_the_weeks_end():
    sub = begun(offer(stage(500, WEEK, 2), stage(2000)), "2026-01-17")
    assert [step.on.isoformat() for step in catch_up(sub, D("2026-04-30"))] == [
        "2026-01-24",
        "2026-01-31",
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
    ]


def test_every_fact_is_said_once_in_a_life():
    sub = begun(offer(stage(0, times=1), arrears(500, times=2), stage(900)), "2026-01-31", options=(option(),))
    facts = [line.fact for step in walk(sub, most=30) for line in step.drafted.lines]
    assert len(facts) == len(set(facts)) > 50
    assert "stage:sub_1:2026-02-28:arrears" in facts


def test_the_walk_ahead_is_the_life():
    sub = begun(offer(stage(0, times=1), stage(500, times=2), stage(900)), "2026-01-31", options=(option(term=3),))
    assert [*walk(sub, until=D("2026-12-31"))] == [*catch_up(sub, D("2026-12-31"))]
    # 28 February to 31 December: 2 × 5.00, 9 × 9.00, and the option twice more.
    asked = [totals(one.drafted.lines, one.drafted.tax_behavior).gross for one in walk(sub, until=D("2026-12-31"))]
    assert (len(asked), sum(asked)) == (11, 1000 + 8100 + 400)
