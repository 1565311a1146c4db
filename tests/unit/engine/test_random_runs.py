"""Runs at random instants, in zones from UTC−10 to UTC+14: what a run makes does not depend on when it comes
(reliability §5: I1, I10; F16, F17)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.engine.decide import catch_up, decide
from billing.engine.due import next_action_at
from billing.engine.opening import open_subscription
from billing.engine.schedule import walk
from billing.engine.spans import costs_nothing, stage_spans
from billing.engine.step import StepKind
from invoices.drafts import LineKind
from merchants.now import local_date, local_midnight
from subscribers.periods import Alignment, Interval, Period, Unit, anchor_for, parts
from tests.unit.engine.test_random_lives import INTERVALS, LIVES, STARTS, ZONES, purchases
from tests.unit.pictures import begun, offer, stage

RUNS = settings(max_examples=25)


def opened(bought, start, at=None):
    return open_subscription(bought, id="s", payer="c", beneficiary="c", today=start, at=at).after


def documents(steps):
    """What documents say, whoever made them when: the day that they count from, facts, periods, amounts."""
    return [
        (step.on, line.fact, line.period, line.amount, line.charged, line.formula)
        for step in steps
        for draft in step.drafts
        for line in draft.lines
    ]


@RUNS
@given(purchases(), STARTS, st.lists(st.tuples(st.integers(1, 90), st.integers(0, 86_399)), min_size=1, max_size=8))
def test_runs_on_any_days_at_any_time_of_day_make_what_daily_runs_make(bought, start, gaps):
    """A free stage in days ends at a time of day: a run that comes earlier that day leaves it, the next one has it."""
    zone = ZoneInfo(bought.zone)
    begins = datetime.combine(start, time(15, 30), zone).astimezone(UTC)
    first = opened(bought, start, begins)
    last_day = start + timedelta(days=sum(days for days, _ in gaps))
    end = datetime.combine(last_day, time(23, 59, 59), zone).astimezone(UTC)

    rare, snapshot, day = [], first, start
    for days, second in gaps:
        day += timedelta(days=days)
        at = (datetime.combine(day, time(), zone) + timedelta(seconds=second)).astimezone(UTC)
        at = min(max(at, begins), end)
        for step in catch_up(snapshot, local_date(at, bought.zone), at=at, most=2000):
            rare.append(step)
            snapshot = step.after
    for step in catch_up(snapshot, last_day, at=end, most=2000):
        rare.append(step)
        snapshot = step.after

    daily, standing, day = [], first, start
    while day < last_day:
        day += timedelta(days=1)
        at = datetime.combine(day, time(23, 59, 59), zone).astimezone(UTC)
        for step in catch_up(standing, day, at=at):
            daily.append(step)
            standing = step.after
    assert documents(rare) == documents(daily)
    assert snapshot == standing
    assert [step.kind for step in rare] == [step.kind for step in daily]


@RUNS
@given(purchases(), STARTS)
def test_nothing_is_due_a_second_before_its_instant_and_all_is_at_it(bought, start):
    snapshot = opened(bought, start)
    for step in islice(walk(snapshot), 12):
        due = next_action_at(snapshot)
        assert due is not None
        before = due - timedelta(seconds=1)
        assert decide(snapshot, local_date(before, bought.zone), at=before).kind is StepKind.wait
        assert decide(snapshot, local_date(due, bought.zone), at=due) == step
        snapshot = step.after


@RUNS
@given(
    st.sampled_from(ZONES), st.sampled_from(INTERVALS), STARTS, st.sampled_from(Alignment), st.integers(1, 31),
    st.lists(st.integers(0, 200 * 86_400), min_size=1, max_size=10),
)  # fmt: skip
def test_each_instant_lies_in_one_period_whatever_the_clocks_do(zone, interval, start, alignment, day, seconds):
    anchor = anchor_for(interval, start, alignment=alignment, billing_day=day)
    made = list(islice(parts(anchor, interval, start, alignment=alignment), 60))
    spans = [(local_midnight(p.period.start, zone), local_midnight(p.period.end, zone)) for p in made]
    assert all(begin < end for begin, end in spans)
    assert all(one[1] == other[0] for one, other in pairwise(spans))
    for second in seconds:
        instant = spans[0][0] + timedelta(seconds=second)
        if instant < spans[-1][1]:
            (at,) = [n for n, (begin, end) in enumerate(spans) if begin <= instant < end]
            assert local_date(instant, zone) in made[at].period


@LIVES
@given(purchases(), STARTS)
def test_stages_found_by_the_calendar_are_those_that_were_lived(bought, start):
    snapshot = opened(bought, start)
    steps = list(islice(walk(snapshot), 60))
    lived = [start, *(step.on for step in steps if step.kind is StepKind.next_stage)]
    ended = [step.on for step in steps if step.kind is StepKind.end]
    spans = list(stage_spans(bought.offer, start, alignment=bought.alignment, billing_day=bought.billing_day))
    assert lived == [span.start for span in spans[: len(lived)]]
    assert all(one.end == other.start for one, other in pairwise(spans))
    if ended:
        assert len(lived) == len(spans)
        assert ended == [spans[-1].end]


@LIVES
@given(purchases(), STARTS)
def test_what_no_document_bills_costs_nothing(bought, start):
    """The check of the books agrees with the engine: each hole between billed days is in free stages, or comes to 0."""
    first = open_subscription(bought, id="s", payer="c", beneficiary="c", today=start)
    steps = list(islice(walk(first.after), 40))
    drafts = [
        draft
        for draft in (first.invoice, *(step.drafted for step in steps))
        if draft is not None and draft.makes_invoice
    ]
    billed = sorted(
        (line.period.start, line.period.end)
        for draft in drafts
        for line in draft.lines
        if line.kind is LineKind.stage and line.period
    )
    spans = list(stage_spans(bought.offer, start, alignment=bought.alignment, billing_day=bought.billing_day))
    for (_, end), (begin, _) in pairwise([(start, start), *billed]):
        if end < begin:
            assert costs_nothing(spans, Period(end, begin), quantity=bought.quantity)
    for begin, end in billed:
        price = costs_nothing(spans, Period(begin, end), quantity=bought.quantity)
        amounts = [
            line.amount
            for draft in drafts
            for line in draft.lines
            if line.kind is LineKind.stage and line.period == Period(begin, end)
        ]
        assert price == (amounts == [0])


@pytest.mark.parametrize("zone", ZONES)
def test_a_year_of_days_in_a_zone_has_a_midnight_each(zone):
    sub = begun(offer(stage(100, Interval(Unit.day))), "2026-01-01", zone=zone)
    due = [next_action_at(step.after) for step in islice(walk(sub), 366)]
    assert all(one < other for one, other in pairwise(due))
    assert [local_date(at, zone) for at in due] == [date(2026, 1, 3) + timedelta(days=n) for n in range(366)]
