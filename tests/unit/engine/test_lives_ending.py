"""How lives end through `decide`: cancelled, paused, by their term, with what is still to be billed (domain 8, 14)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from textwrap import dedent

from billing.engine.decide import catch_up, decide
from billing.engine.due import next_action_at
from billing.engine.step import StepKind
from subscribers.lifecycle import Status, Suspension
from tests.unit.pictures import (
    arrears,
    begun,
    offer,
    option,
    stage,
)
from tests.unit.statements import statement

D = date.fromisoformat


def test_a_fixed_term_ends_by_itself():
    sub = begun(offer(stage(1000, times=2)), "2026-01-31")
    last = [*catch_up(sub, D("2027-01-01"))][-1]
    assert (last.kind, last.on, last.why, last.drafts) == (StepKind.end, D("2026-03-31"), "term_reached", ())
    assert (last.after.status, last.after.end_reason) == (Status.ended, "term_reached")
    assert (last.after.service_ends_on, last.after.billing_ends_on) == (D("2026-03-31"), D("2026-03-31"))
    assert last.next_action_at is None
    assert decide(last.after, D("2030-01-01")).kind is StepKind.wait


def cancelled(sub, service, billing=None, **more):
    return replace(sub, service_ends_on=D(service), billing_ends_on=D(billing or service), **more)


def test_cancelled_at_period_end_keeps_everything_until_then():
    sub = cancelled(begun(offer(stage(1000)), "2026-01-31", options=(option(),)), "2026-02-28")
    assert decide(sub, D("2026-02-27")).kind is StepKind.wait
    steps = [*catch_up(sub, D("2026-12-31"))]
    assert [(step.kind, step.on, step.drafts) for step in steps] == [(StepKind.end, D("2026-02-28"), ())]
    assert steps[0].ended_options == ("sop_device",)
    assert steps[0].after.end_reason == "cancelled"


def test_an_end_known_before_billing_shortens_the_period():
    sub = cancelled(begun(offer(stage(3000)), "2026-03-01", options=(option(price=310),)), "2026-04-11")
    assert statement(sub, "2026-12-31") == dedent("""\
        2026-04-01 renew
            stage 04-01..04-11 30.00 × 10/30 = 10.00
            option 04-01..04-11 3.10 × 10/30 = 1.03
        2026-04-11 end
        """)


def test_undoing_a_cancellation_after_a_shortened_period_bills_the_rest_and_counts_it_once():
    sub = cancelled(begun(offer(stage(3000, times=3), stage(9000)), "2026-03-01"), "2026-04-11")
    cut = decide(sub, D("2026-04-01")).after
    again = replace(cut, service_ends_on=None, billing_ends_on=None)
    assert statement(again, "2026-06-01") == dedent("""\
        2026-04-11 renew
            stage 04-11..05-01 30.00 × 20/30 = 20.00
        2026-05-01 renew
            stage 05-01..06-01 30.00
        2026-06-01 next_stage
            stage 06-01..07-01 90.00
        """)


def test_service_may_go_on_unbilled_and_billing_without_service():
    free_tail = cancelled(begun(offer(stage(1000)), "2026-01-31"), "2026-05-10", "2026-02-28")
    assert statement(free_tail, "2026-12-31") == "2026-05-10 end\n"
    committed = cancelled(begun(offer(stage(1000)), "2026-01-31"), "2026-02-05", "2026-04-30")
    assert statement(committed, "2026-12-31") == dedent("""\
        2026-02-28 renew
            stage 02-28..03-31 10.00
        2026-03-31 renew
            stage 03-31..04-30 10.00
        2026-04-30 end
        """)


def test_arrears_close_on_the_day_billing_ends():
    sub = begun(offer(arrears(3000)), "2026-04-01")
    assert statement(cancelled(sub, "2026-04-11"), "2026-12-31") == dedent("""\
        2026-04-11 end
            stage 04-01..04-11 30.00 × 10/30 = 10.00
        """)
    tail = cancelled(sub, "2026-06-01", "2026-04-11")
    assert statement(tail, "2026-12-31") == dedent("""\
        2026-04-11 close
            stage 04-01..04-11 30.00 × 10/30 = 10.00
        2026-06-01 end
        """)
    assert decide(tail, D("2026-04-11")).after.current_period is None


def test_paused_billing_makes_no_period_and_still_ends():
    stopped = Suspension(from_on=D("2026-05-14"), begun=True, stops_billing=True)
    paused = replace(begun(offer(stage(1000)), "2026-05-14"), status=Status.suspended, suspension=stopped)
    assert next_action_at(paused) is None
    assert decide(paused, D("2027-05-14")).kind is StepKind.wait
    assert statement(cancelled(paused, "2026-08-01"), "2026-12-31") == "2026-08-01 end\n"
    billed = replace(begun(offer(stage(1000)), "2026-05-14"), status=Status.suspended)
    assert decide(billed, D("2026-06-14")).after.status is Status.suspended
