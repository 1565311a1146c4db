"""Whole lives at random: stages, calendars and zones from UTC−10 to +14 (reliability §5: I1, I2, I5, I6, I12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import islice, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.engine.decide import catch_up, decide
from billing.engine.due import next_action_at
from billing.engine.opening import open_subscription
from billing.engine.quoting import quote
from billing.engine.schedule import walk
from billing.engine.step import StepKind
from invoices.drafts import LineKind
from invoices.totals import totals
from merchants.money import round_half_away
from merchants.now import local_date
from subscribers.lifecycle import MOVES, Status
from subscribers.periods import Alignment, Anchor, Interval, Unit
from subscribers.snapshots import Billing, Duration, TaxBehavior
from tests.unit.pictures import euros_off, offer, option, percent, purchase, stage

ZONES = ["Pacific/Honolulu", "America/Sao_Paulo", "UTC", "Europe/Paris", "Africa/Cairo", "Pacific/Kiritimati"]
INTERVALS = [
    Interval(Unit.day, 5),
    Interval(Unit.week, 2),
    Interval(Unit.month),
    Interval(Unit.month, 3),
    Interval(Unit.month, 5),
    Interval(Unit.year),
]


@st.composite
def stages(draw):
    many = draw(st.integers(1, 3))
    drawn = []
    for at in range(many):
        times = draw(st.one_of(st.none(), st.integers(1, 4))) if at == many - 1 else draw(st.integers(1, 4))
        amount = draw(st.one_of(st.just(0), st.integers(1, 100_000)))
        billing = draw(st.sampled_from(Billing))
        drawn.append(stage(amount, draw(st.sampled_from(INTERVALS)), times, billing=billing))
    return drawn


@st.composite
def purchases(draw):
    alignment = draw(st.sampled_from([Alignment.anniversary, Alignment.calendar]))
    sold = offer(
        *draw(stages()),
        alignment=alignment,
        calendar_anchor=draw(st.one_of(st.none(), st.builds(Anchor, day=st.integers(1, 31)))),
        setup_amount=draw(st.sampled_from([0, 1500])),
        tax_behavior=draw(st.sampled_from(TaxBehavior)),
    )
    prices = {interval.key: draw(st.integers(0, 5000)) for interval in INTERVALS}
    options = [
        replace(option("a"), prices=prices, term=draw(st.one_of(st.none(), st.integers(1, 3)))),
        option("b", one_off_amount=draw(st.integers(0, 5000)), tax_code="book"),
    ]
    coupons = [
        percent("33.333", Duration.repeating, periods=draw(st.integers(1, 3))),
        euros_off(draw(st.integers(1, 5000)), draw(st.sampled_from([Duration.once, Duration.forever]))),
    ]
    return purchase(
        sold,
        quantity=draw(st.integers(1, 3)),
        options=tuple(draw(st.lists(st.sampled_from(options), unique_by=lambda one: one.id))),
        coupons=tuple(draw(st.lists(st.sampled_from(coupons), unique_by=lambda one: one.id))),
        billing_day=draw(st.one_of(st.none(), st.integers(1, 31))),
        zone=draw(st.sampled_from(ZONES)),
    )


LIVES = settings(max_examples=15)
STARTS = st.dates(date(2024, 1, 1), date(2029, 12, 31))


def live(bought, start, most=40):
    """The life of a purchase: the snapshots, and every document to be, in order."""
    opened = open_subscription(bought, id="sub_1", payer="cus_1", beneficiary="cus_1", today=start)
    steps = list(islice(walk(opened.after), most))
    return opened, steps, [draft for draft in (opened.invoice, *(step.drafted for step in steps)) if draft]


@LIVES
@given(purchases(), STARTS)
def test_periods_of_a_life_partition_its_time(bought, start):
    opened, steps, drafts = live(bought, start)
    spans = sorted(
        (line.period.start, line.period.end) for draft in drafts for line in draft.lines if line.kind is LineKind.stage
    )
    assert spans[0][0] == start or bought.offer.stages[0].billing is Billing.arrears
    assert all(one[1] == other[0] for one, other in pairwise(spans))
    ended = bool(steps) and steps[-1].kind is StepKind.end
    if ended:
        assert spans[0][0] == start
        assert spans[-1][1] == steps[-1].on
    facts = [line.fact for draft in drafts for line in draft.lines]
    assert len(facts) == len(set(facts))
    periods = [snapshot.current_period for snapshot in (opened.after, *(step.after for step in steps))]
    assert all(one.end == other.start or one == other for one, other in pairwise(periods))


@LIVES
@given(purchases(), STARTS)
def test_documents_of_a_life_add_up(bought, start):
    drafts = live(bought, start)[2]
    used = dict.fromkeys((coupon.id for coupon in bought.coupons), 0)
    for draft in drafts:
        summed = totals(draft.lines, draft.tax_behavior)
        assert summed.net + summed.tax == summed.gross
        assert sum(summed.line_nets) == summed.net
        assert summed.gross >= 0
        for line in draft.lines:
            assert (line.rule, line.formula) != ("", "")
            inputs = line.inputs
            share = Fraction(inputs.get("days", 1), inputs.get("whole_days", 1))
            assert line.amount == round_half_away(inputs["unit_amount"] * inputs["quantity"] * share)
            assert 0 <= line.charged <= line.amount
            assert all(isinstance(amount, int) for amount in (line.amount, line.charged, line.discount))
        for coupon in draft.coupons_counted:
            used[coupon] += 1
    for coupon in bought.coupons:
        assert used[coupon.id] <= (coupon.most_periods if coupon.most_periods is not None else 0)
    first = [line for draft in drafts for line in draft.lines if line.kind in (LineKind.setup, LineKind.one_off)]
    assert all(line in drafts[0].lines for line in first)


@LIVES
@given(purchases(), STARTS)
def test_stages_last_as_often_as_said(bought, start):
    opened, steps, _ = live(bought, start)
    whole: dict[int, int] = {}
    for snapshot in (opened.after, *(step.after for step in steps if step.kind is not StepKind.end)):
        part = snapshot.current_part
        assert part is not None
        whole[snapshot.stage_position] = whole.get(snapshot.stage_position, 0) + part.is_whole
    last = max(whole)
    for position, count in whole.items():
        recurrences = bought.offer.stages[position].recurrences
        if position < last or (steps and steps[-1].kind is StepKind.end):
            assert count == recurrences
        elif recurrences is not None:
            assert count <= recurrences


@LIVES
@given(purchases(), STARTS, st.integers(1, 400))
def test_a_run_a_day_and_one_late_run_give_the_same(bought, start, days):
    opened = open_subscription(bought, id="s", payer="c", beneficiary="c", today=start).after
    late = [*catch_up(opened, start + timedelta(days=days), most=1000)]
    daily, snapshot, ask = [], opened, start
    for _ in range(days):
        ask += timedelta(days=1)
        for step in catch_up(snapshot, ask):
            daily.append(step)
            snapshot = step.after
    assert daily == late
    assert decide(snapshot, ask).kind is StepKind.wait


@LIVES
@given(purchases(), STARTS)
def test_due_instants_only_go_forward_and_lie_on_their_local_date(bought, start):
    opened, steps, _ = live(bought, start, most=15)
    snapshot = opened.after
    for step in steps:
        due = next_action_at(snapshot)
        assert due is not None
        assert local_date(due, snapshot.zone) == step.on
        after = next_action_at(step.after)
        assert after is None or after > due
        assert step.after.status is snapshot.status or step.after.status in MOVES[snapshot.status]
        snapshot = step.after
    if snapshot.status is Status.ended:
        assert next_action_at(snapshot) is None


@LIVES
@given(purchases(), STARTS)
def test_a_quote_foretells_the_life(bought, start):
    quoted = quote(bought, today=start)
    opened, _, _ = live(bought, start, most=0)
    assert quoted.opened == replace(opened.after, id="quote", payer="quote", beneficiary="quote")
    foretold = []
    for charge in quoted.later:
        foretold += [charge.gross] * min(charge.times or 24, 24)
    lived = [
        totals(step.drafted.lines, step.drafted.tax_behavior).gross
        for step in islice(walk(opened.after), 24)
        if step.drafted
    ]
    assert foretold[: len(lived)] == lived
    assert (quoted.later == ()) == (not lived)
    assert all(charge.times is not None for charge in quoted.later[:-1])


@LIVES
@given(purchases(), STARTS, st.integers(0, 700))
def test_a_cancelled_life_bills_no_day_after_its_end(bought, start, days):
    opened = open_subscription(bought, id="s", payer="c", beneficiary="c", today=start).after
    snapshot = opened
    for step in catch_up(opened, start + timedelta(days=days), most=1000):
        snapshot = step.after
    if snapshot.status is Status.ended or snapshot.current_period is None:
        return
    end = snapshot.current_period.end
    cancelled = replace(snapshot, service_ends_on=end, billing_ends_on=end)
    steps = [*catch_up(cancelled, end + timedelta(days=800), most=1000)]
    assert [(step.kind, step.on) for step in steps] == [(StepKind.end, end)]
    stage_lines = [line for draft in steps[0].drafts for line in draft.lines if line.kind is LineKind.stage]
    assert all(line.period.end == end for line in stage_lines)
    expected = snapshot.stage.billing is Billing.arrears and snapshot.stage.amount > 0
    assert len(stage_lines) == expected
