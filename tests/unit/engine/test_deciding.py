"""The one next step, where several things meet on its day: a stage that was over while billing stood still, wishes on
the day on which a period ends, an end with usage."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from billing.engine.decide import catch_up, decide
from billing.engine.step import Step, StepKind
from merchants.metered import Aggregation, UsageTerm
from subscribers.lifecycle import Status, Suspension
from subscribers.periods import Period
from subscribers.snapshots import ChargeSnapshot, Scheduled, SubscriptionSnapshot, UsageSpan, Used
from tests.unit.pictures import DAY, arrears, begun, offer, option, stage

D = date.fromisoformat
CALLS = UUID(int=7)
VISIT = ChargeSnapshot(id="cha_1", title={"en": "Visit"}, amount=5_00, unit_price="5.00", tax_code="electronic")


def lines(step: Step) -> list[tuple[str, str, int]]:
    return [
        (line.title["en"], str(line.period and f"{line.period.start}..{line.period.end}"), line.charged)
        for draft in step.drafts
        for line in draft.lines
    ]


def paused(sold: Any, until: str | None, *, stops: bool = True, **more: Any) -> SubscriptionSnapshot:
    """Begun on 1 January, suspended since the 10th."""
    pause = Suspension(from_on=D("2026-01-10"), until_on=D(until) if until else None, begun=True, stops_billing=stops)
    return replace(begun(sold, "2026-01-01"), status=Status.suspended, suspension=pause, **more)


TWO = offer(stage(10_00, times=1), stage(31_00))


def test_a_stage_that_was_over_while_billing_stood_still_gives_way_on_resuming():
    step = decide(paused(TWO, "2026-03-10"), D("2026-03-10"))
    assert (step.kind, step.why, step.on) == (StepKind.resume, "suspension_over", D("2026-03-10"))
    after = step.after
    assert (after.stage_position, after.stage_started_on, after.period_index) == (1, D("2026-03-10"), 0)
    assert (after.status, after.suspension) == (Status.active, None)
    assert after.current_period == Period(D("2026-03-10"), D("2026-04-01"))
    assert after.unbilled == (Period(D("2026-02-01"), D("2026-03-10")),)
    assert lines(step) == [("Hifi", "2026-03-10..2026-04-01", 22_00)]  # 31.00 × 22/31


def test_a_debt_goes_on_suspending_who_enters_the_next_stage():
    step = decide(paused(TWO, "2026-03-10", debt_suspends=True), D("2026-03-10"))
    assert (step.after.stage_position, step.after.status) == (1, Status.suspended)


def test_a_fixed_term_that_was_over_while_billing_stood_still_ends():
    step = decide(paused(offer(stage(10_00, times=1)), "2026-03-10"), D("2026-03-10"))
    assert (step.kind, step.why, step.after.status, step.drafted) == (StepKind.end, "term_reached", Status.ended, None)


def test_before_its_period_is_over_a_stage_stands_and_nothing_is_billed():
    step = decide(paused(TWO, "2026-01-20"), D("2026-01-20"))
    assert (step.kind, step.after.stage_position, step.after.status, step.drafted) == (
        StepKind.resume, 0, Status.active, None,
    )  # fmt: skip
    assert step.after.current_period == Period(D("2026-01-01"), D("2026-02-01"))


def test_where_billing_went_on_resuming_bills_nothing():
    went_on = paused(TWO, "2026-01-20", stops=False)
    assert decide(went_on, D("2026-01-20")).drafted is None


def test_what_has_not_begun_waits_for_its_day():
    waits = replace(begun(TWO, "2026-01-10"), status=Status.scheduled)
    step = decide(waits, D("2026-01-09"))
    assert (step.kind, step.on, step.why, step.after) == (StepKind.wait, D("2026-01-10"), "not_started", waits)


def test_a_free_stage_in_days_that_begins_late_counts_from_the_present():
    sold, at = offer(stage(0, DAY, 14), stage(9_00)), datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
    fresh = replace(begun(sold, "2026-01-31"), status=Status.scheduled, free_until=None, current_period=None)
    step = decide(fresh, D("2026-01-31"), at=at)
    assert (step.kind, step.after.free_until) == (StepKind.activate, datetime(2026, 2, 14, 8, 30, tzinfo=UTC))
    early = replace(step.after, period_index=14, current_period=Period(D("2026-02-13"), D("2026-02-14")))
    assert decide(early, D("2026-02-14"), at=datetime(2026, 2, 14, 8, 0, tzinfo=UTC)).why == "free_until"
    assert list(catch_up(early, D("2026-02-14"), at=datetime(2026, 2, 14, 8, 0, tzinfo=UTC))) == []


def test_too_far_behind_it_is_parked_on_the_day_that_is_due():
    *_, last = catch_up(begun(offer(stage(1_00)), "2026-01-01"), D("2026-12-31"), most=3)
    assert (last.kind, last.on, last.why) == (StepKind.park, D("2026-05-01"), "too_many_steps_behind")


def wished(kind: str, **payload: Any) -> Scheduled:
    return Scheduled(id="sch_1", kind=kind, effective_on=D("2026-02-01"), payload=payload)


def test_a_wish_at_the_end_of_a_period_in_arrears_drafts_what_was_had_and_leaves_charges_to_the_next_document():
    sold = replace(begun(offer(arrears(10_00)), "2026-01-01"), charges=(VISIT,))
    step = decide(replace(sold, scheduled=(wished("set_quantity", quantity=5),)), D("2026-02-01"))
    assert (step.kind, step.on) == (StepKind.apply, D("2026-02-01"))
    assert lines(step) == [("Hifi", "2026-01-01..2026-02-01", 10_00)]
    assert (step.after.charges, step.after.closed_through, step.after.scheduled) == ((VISIT,), D("2026-02-01"), ())


def test_a_wish_within_a_period_closes_nothing():
    sold = begun(offer(arrears(10_00)), "2026-01-15")
    step = decide(replace(sold, scheduled=(wished("set_quantity", quantity=5),)), D("2026-02-01"))
    assert (step.kind, step.drafted, step.metered, step.after.closed_through) == (StepKind.apply, None, None, None)


def used(snapshot: SubscriptionSnapshot, until: str | None, calls: int) -> SubscriptionSnapshot:
    record = Used(
        feature=str(CALLS),
        reference="calls",
        title={"en": "calls"},
        aggregation=Aggregation.sum,
        quantity=Decimal(calls),
    )
    span = UsageSpan(start=D("2026-01-01"), until=D(until) if until else None, used=(record,))
    return replace(snapshot, usage=(span,))


METERED = offer(stage(10_00, usage=(UsageTerm(feature=CALLS, model="per_unit", unit_price="0.10"),)))


def test_a_wish_at_the_end_of_a_metered_period_bills_its_usage_first_and_once():
    sold = used(begun(METERED, "2026-01-01"), "2026-02-01", 70)
    step = decide(replace(sold, scheduled=(wished("set_quantity", quantity=5),)), D("2026-02-01"))
    assert step.metered is not None and step.metered.period == Period(D("2026-01-01"), D("2026-02-01"))
    assert [(title, amount) for title, _, amount in lines(step)] == [("Hifi, calls", 7_00)]
    assert step.after.closed_through == D("2026-02-01")
    renewed = decide(replace(step.after, quantity=5), D("2026-02-01"))
    assert [amount for *_, amount in lines(renewed)] == [50_00] and renewed.metered is None


def test_an_end_bills_what_was_used_until_then_and_ends_the_options_that_still_run():
    extra, gone = option("extra", 2_00), option("gone", 3_00, ends_on=D("2026-01-10"))
    today, once = option("today", 3_00, ends_on=D("2026-01-20")), option("once", None, one_off_amount=4_00)
    sold = used(begun(METERED, "2026-01-01"), None, 70)
    leaves = replace(
        sold, options=(extra, gone, today, once), service_ends_on=D("2026-01-20"), billing_ends_on=D("2026-01-20")
    )
    step = decide(leaves, D("2026-01-20"))
    assert (step.kind, step.why, step.after.status) == (StepKind.end, "cancelled", Status.ended)
    assert step.metered is not None and step.metered.until is None
    assert step.metered.period == Period(D("2026-01-01"), D("2026-01-20"))
    assert ("Hifi, calls", 7_00) in [(title, amount) for title, _, amount in lines(step)]
    assert step.ended_options == ("sop_extra", "sop_today")


@pytest.mark.parametrize("status", [Status.incomplete, Status.scheduled])
def test_what_never_began_ends_without_a_bill_but_for_what_waits(status):
    never = replace(begun(offer(stage(10_00)), "2026-01-10"), status=status, current_period=None, cycle_from=None)
    never = replace(never, service_ends_on=D("2026-01-10"), billing_ends_on=D("2026-01-10"))
    if status is Status.incomplete:
        assert decide(never, D("2026-01-10")).kind is StepKind.wait
        return
    assert decide(never, D("2026-01-10")).drafted is None
    extra = option("extra", 2_00)
    waits = decide(replace(never, charges=(VISIT,), options=(extra,)), D("2026-01-10"))
    assert lines(waits) == [("Visit", "None", 5_00)] and waits.after.charges == ()
    assert waits.after.options == (extra,)
    withdrawn = decide(replace(never, charges=(VISIT,), owes_nothing=True), D("2026-01-10"))
    assert (withdrawn.drafted, withdrawn.after.charges) == (None, ())
