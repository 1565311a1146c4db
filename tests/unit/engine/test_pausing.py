"""Pausing and moved renewals, whatever the days: no day is billed twice or lost from sight, and grids stay grids
(domain 15)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from billing.engine.lives import live
from billing.engine.opening import open_subscription
from billing.engine.pausing import added_parts, days_lost, moved, not_billed, reopened, resumed, without
from billing.engine.step import StepKind
from billing.engine.wishes import Catalogue
from subscribers.lifecycle import MakesGood, Status, Suspension
from subscribers.periods import Period, boundary
from subscribers.snapshots import SubscriptionSnapshot
from tests.unit.pictures import DAY, begun, offer, purchase, stage

DAYS = some.dates(date(2026, 1, 1), date(2027, 12, 31))


def days_of(spans) -> list[date]:
    return [span.start + timedelta(days=at) for span in spans for at in range(span.days)]


@some.composite
def spans(draw) -> Period:
    start = draw(DAYS)
    return Period(start, start + timedelta(days=draw(some.integers(1, 120))))


@some.composite
def suspended(draw, *, stops: bool | None = None, makes_good: MakesGood | None = None) -> SubscriptionSnapshot:
    """A month's subscription in its first period, and a suspension that begins in it."""
    life = begun(offer(stage(3100)), draw(DAYS).isoformat())
    first = life.start_on + timedelta(days=draw(some.integers(0, 27)))
    wish = Suspension(
        from_on=first,
        begun=True,
        stops_billing=draw(some.booleans()) if stops is None else stops,
        makes_good=makes_good or draw(some.sampled_from(list(MakesGood))),
    )
    return replace(life, suspension=wish, status=Status.suspended)


@given(whole=spans(), holes=some.lists(spans(), max_size=4))
def test_what_is_left_and_what_is_cut_out_are_the_whole_and_never_the_same_day(whole, holes):
    left = days_of(without(whole, holes))
    assert left == sorted(set(left))
    assert set(left) == set(days_of([whole])) - set(days_of(holes))


@given(life=suspended(), length=some.integers(0, 200))
def test_a_longer_suspension_never_loses_fewer_days_and_never_more_than_its_own(life, length):
    first = life.suspension.from_on
    lost = [days_lost(life, first + timedelta(days=at)) for at in (0, length, length + 1)]
    assert lost[0] == 0
    assert 0 <= lost[1] <= length
    assert lost[2] - lost[1] in (0, 1)


@given(life=suspended(stops=True), length=some.integers(1, 200))
def test_where_billing_stops_each_day_of_it_was_paid_and_lost_or_is_not_billed(life, length):
    until = life.suspension.from_on + timedelta(days=length)
    assert days_lost(life, until) + sum(span.days for span in not_billed(life, until)) == length
    assert all(span.start >= life.current_period.end for span in not_billed(life, until))


@given(life=suspended(stops=False), length=some.integers(1, 200))
def test_where_billing_goes_on_no_day_is_unbilled(life, length):
    assert not_billed(life, life.suspension.from_on + timedelta(days=length)) == ()


@given(life=suspended(stops=True, makes_good=MakesGood.none), after=some.integers(0, 200))
def test_resumed_it_is_in_the_rest_of_an_aligned_period_and_the_grid_stands(life, after):
    day = life.current_period.end + timedelta(days=after)
    again, part = resumed(life, day)
    assert (again.suspension, again.status) == (None, Status.active)
    if part is None:
        assert after == 0, "the running period was over, so another one begins"
        return
    assert part.period.start == day and again.current_period == part.period
    assert again.anchor == life.anchor, "who pauses keeps the day"
    assert part.period.end == part.whole.end
    assert part.whole.start <= day < part.whole.end
    n = again.period_index
    assert boundary(again.anchor, again.stage.interval, again.cycle_from, n) == part.period.end


@given(life=suspended(stops=True, makes_good=MakesGood.move_renewal), after=some.integers(0, 200))
def test_a_renewal_moved_for_days_lost_comes_exactly_as_many_days_later(life, after):
    period = life.current_period
    day = period.end + timedelta(days=after)
    lost = days_lost(life, day)
    again, part = resumed(life, day)
    assert lost == (period.end - life.suspension.from_on).days
    assert part is None, "nothing is billed for them"
    assert again.current_period.end == day + timedelta(days=lost)
    unbilled = days_of(again.unbilled)
    assert unbilled == sorted(set(unbilled)), "no day is declared twice"
    assert set(unbilled) == set(days_of([Period(period.end, day + timedelta(days=lost))]))


@given(life=suspended(stops=True, makes_good=MakesGood.none), later=some.integers(1, 400))
def test_a_moved_renewal_ends_the_period_that_day_and_is_boundary_number_so_many(life, later):
    life = replace(life, suspension=None, status=Status.active)
    day = life.current_period.end + timedelta(days=later)
    after = moved(life, day)
    assert after.current_period == Period(life.current_period.start, day)
    assert boundary(after.anchor, after.stage.interval, after.cycle_from, after.period_index) == day
    parts = added_parts(life, day)
    assert days_of([part.period for part in parts]) == days_of([Period(life.current_period.end, day)])
    assert all(part.whole.start <= part.period.start and part.period.end <= part.whole.end for part in parts)


@given(life=suspended(stops=True), after=some.integers(1, 200))
def test_reopened_it_is_where_it_would_be_without_a_pause(life, after):
    """The period that it comes back into is one of the grid that would have gone on."""
    day = life.current_period.end + timedelta(days=after)
    _again, part = reopened(life, day)
    grid = (boundary(life.anchor, life.stage.interval, life.start_on, n) for n in range(10))
    assert part.whole.start in set(grid)


def test_a_free_stage_in_days_that_stood_still_ends_so_much_later_at_its_own_time_of_day():
    at = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
    bought = purchase(offer(stage(0, DAY, 14), stage(9_00)))
    today = date(2026, 1, 31)
    opened = open_subscription(bought, id="s", payer="p", beneficiary="p", today=today, at=at).after
    assert opened.free_until == datetime(2026, 2, 14, 8, 0, tzinfo=UTC)
    pause = Suspension(
        from_on=date(2026, 2, 2), until_on=date(2026, 3, 30), stops_billing=True, makes_good=MakesGood.none
    )
    *_, back = live(replace(opened, suspension=pause), date(2026, 3, 30), catalogue=Catalogue())
    assert back.after.free_until is not None  # 12 days were left, and summer time has begun
    assert back.after.free_until == datetime(2026, 4, 11, 7, 0, tzinfo=UTC)
    later = live(back.after, date(2026, 4, 30), at=datetime(2026, 4, 30, 12, 0, tzinfo=UTC), catalogue=Catalogue())
    assert next(one.step.on for one in later if one.step.kind is StepKind.next_stage) == date(2026, 4, 11)
