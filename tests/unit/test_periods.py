"""The calendar (domain 1, 2; reliability §2.3: the bugs of others, each a row)."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merchants.refusals import Invalid
from subscribers.periods import (
    Alignment,
    Anchor,
    Interval,
    Part,
    Period,
    Unit,
    anchor_for,
    boundary,
    check_day,
    containing,
    first_boundary,
    next_part,
    parts,
    proration,
)
from tests.unit.pictures import DAY, MONTH, QUARTER, WEEK, YEAR

D = date.fromisoformat


def walk(start, interval, alignment=Alignment.anniversary, *, count=4, calendar_anchor=None, billing_day=None):
    anchor = anchor_for(
        interval, D(start), alignment=alignment, calendar_anchor=calendar_anchor, billing_day=billing_day
    )
    made = list(islice(parts(anchor, interval, D(start), alignment=alignment), count))
    return [part.period.start.isoformat() for part in made] + [made[-1].period.end.isoformat()], made


@pytest.mark.parametrize(
    ("start", "interval", "dates"),
    [
        ("2026-01-31", MONTH, "2026-01-31 2026-02-28 2026-03-31 2026-04-30 2026-05-31"),
        ("2028-01-31", MONTH, "2028-01-31 2028-02-29 2028-03-31 2028-04-30 2028-05-31"),
        ("2026-01-30", MONTH, "2026-01-30 2026-02-28 2026-03-30 2026-04-30 2026-05-30"),
        ("2026-11-30", QUARTER, "2026-11-30 2027-02-28 2027-05-30 2027-08-30 2027-11-30"),
        ("2026-08-31", QUARTER, "2026-08-31 2026-11-30 2027-02-28 2027-05-31 2027-08-31"),
        ("2028-02-29", YEAR, "2028-02-29 2029-02-28 2030-02-28 2031-02-28 2032-02-29"),
        ("2026-02-28", MONTH, "2026-02-28 2026-03-28 2026-04-28 2026-05-28 2026-06-28"),
        ("2026-12-31", Interval(Unit.month, 2), "2026-12-31 2027-02-28 2027-04-30 2027-06-30 2027-08-31"),
        ("2026-05-14", Interval(Unit.month, 18), "2026-05-14 2027-11-14 2029-05-14 2030-11-14 2032-05-14"),
        ("2026-03-28", Interval(Unit.day, 14), "2026-03-28 2026-04-11 2026-04-25 2026-05-09 2026-05-23"),
        ("2026-03-26", WEEK, "2026-03-26 2026-04-02 2026-04-09 2026-04-16 2026-04-23"),
        ("2028-02-29", Interval(Unit.year, 4), "2028-02-29 2032-02-29 2036-02-29 2040-02-29 2044-02-29"),
        ("2096-02-29", Interval(Unit.year, 4), "2096-02-29 2100-02-28 2104-02-29 2108-02-29 2112-02-29"),
    ],
)
def test_anniversaries(start, interval, dates):
    found, made = walk(start, interval)
    assert found == dates.split()
    assert all(part.is_whole for part in made)


@pytest.mark.parametrize(
    ("start", "interval", "anchor", "dates", "whole_of_first"),
    [
        ("2026-05-14", MONTH, None, "2026-05-14 2026-06-01 2026-07-01", 31),
        ("2026-05-01", MONTH, None, "2026-05-01 2026-06-01 2026-07-01", 31),
        ("2026-02-15", QUARTER, None, "2026-02-15 2026-04-01 2026-07-01", 90),
        ("2026-11-15", QUARTER, None, "2026-11-15 2027-01-01 2027-04-01", 92),
        ("2026-03-02", YEAR, None, "2026-03-02 2027-01-01 2028-01-01", 365),
        ("2026-03-02", YEAR, Anchor(day=1, month=9), "2026-03-02 2026-09-01 2027-09-01", 365),
        ("2026-03-02", Interval(Unit.month, 6), Anchor(day=1, month=9), "2026-03-02 2026-09-01 2027-03-01", 184),
        ("2026-02-15", MONTH, Anchor(day=31), "2026-02-15 2026-02-28 2026-03-31", 28),
        ("2026-11-15", Interval(Unit.month, 5), None, "2026-11-15 2027-01-01 2027-06-01", 153),
        ("2026-05-14", Interval(Unit.month, 24), None, "2026-05-14 2027-01-01 2029-01-01", 730),
    ],
)
def test_calendar_alignment_counts_months_from_january(start, interval, anchor, dates, whole_of_first):
    found, made = walk(start, interval, Alignment.calendar, count=2, calendar_anchor=anchor)
    assert found == dates.split()
    assert made[0].whole.days == whole_of_first
    assert made[1].is_whole


@pytest.mark.parametrize(
    ("start", "interval", "day", "dates"),
    [
        ("2026-02-15", QUARTER, 10, "2026-02-15 2026-03-10 2026-06-10"),
        ("2026-02-10", QUARTER, 10, "2026-02-10 2026-05-10 2026-08-10"),
        ("2026-02-15", YEAR, 10, "2026-02-15 2027-02-10 2028-02-10"),
        ("2026-02-05", YEAR, 10, "2026-02-05 2026-02-10 2027-02-10"),
        ("2026-02-15", MONTH, 31, "2026-02-15 2026-02-28 2026-03-31"),
        ("2026-02-28", MONTH, 31, "2026-02-28 2026-03-31 2026-04-30"),
        ("2026-04-30", MONTH, 31, "2026-04-30 2026-05-31 2026-06-30"),
        ("2026-12-20", MONTH, 5, "2026-12-20 2027-01-05 2027-02-05"),
    ],
)
def test_a_billing_day_of_its_own(start, interval, day, dates):
    assert walk(start, interval, Alignment.billing_day, count=2, billing_day=day)[0] == dates.split()


def test_days_and_weeks_are_never_aligned():
    for interval in (DAY, WEEK, Interval(Unit.week, 2)):
        found, made = walk("2026-05-14", interval, Alignment.calendar, count=1)
        assert found[0] == "2026-05-14"
        assert made[0].is_whole


def test_yearly_first_period_may_be_longer_than_eleven_months_and_keeps_its_whole():
    part = next_part(Anchor(day=10), YEAR, D("2027-02-10"), D("2026-02-15"))
    assert (part.period.days, part.whole.days) == (360, 365)


def test_refusals_and_impossible_values():
    for day in (date(1, 1, 1), date(9999, 12, 31), None, "2026-01-01"):
        with pytest.raises(Invalid) as caught:
            check_day(day, field="start_on")
        assert caught.value.code == "date_out_of_range"
    for wrong in ({}, {"day": 0}, {"day": 32}, {"day": 1, "weekday": 1}, {"weekday": 7}, {"day": 1, "month": 13}):
        with pytest.raises(ValueError, match=r"."):
            Anchor(**wrong)
    with pytest.raises(ValueError, match="cannot begin"):
        Period(D("2026-05-01"), D("2026-05-01"))
    with pytest.raises(ValueError, match="within"):
        Part(Period(D("2026-05-01"), D("2026-06-02")), Period(D("2026-05-01"), D("2026-06-01")))
    with pytest.raises(ValueError, match="days"):
        proration(100, 32, 31)


# Properties ----------------------------------------------------------------------------------------------------------

DATES = st.dates(date(1999, 1, 1), date(2098, 12, 31))
INTERVALS = st.one_of(
    st.builds(Interval, st.just(Unit.day), st.integers(1, 90)),
    st.builds(Interval, st.just(Unit.week), st.integers(1, 9)),
    st.builds(Interval, st.just(Unit.month), st.integers(1, 26)),
    st.builds(Interval, st.just(Unit.year), st.integers(1, 4)),
)
CALENDAR_ANCHORS = st.one_of(
    st.none(), st.builds(Anchor, day=st.integers(1, 31), month=st.one_of(st.none(), st.integers(1, 12)))
)


@given(DATES, INTERVALS, st.sampled_from(Alignment), CALENDAR_ANCHORS, st.integers(1, 31))
def test_periods_partition_time(start, interval, alignment, calendar_anchor, billing_day):
    anchor = anchor_for(interval, start, alignment=alignment, calendar_anchor=calendar_anchor, billing_day=billing_day)
    made = list(islice(parts(anchor, interval, start, alignment=alignment), 8))
    assert made[0].period.start == start
    for one, other in pairwise(made):
        assert one.period.end == other.period.start
        assert other.is_whole
    first = first_boundary(anchor, interval, start, alignment=alignment)
    assert made[0].is_whole == (first == start)
    for part in made:
        assert part.whole.start <= part.period.start < part.period.end == part.whole.end
        assert next_part(anchor, interval, first, part.period.start) == part
        for day in (part.period.start, part.period.last_day):
            assert containing(anchor, interval, first, day)[1] == part.whole
    if interval.months is not None:
        assert anchor is not None
        for part in made[1:]:
            assert part.period.start == anchor.on(part.period.start.year, part.period.start.month)


@given(st.dates(date(1999, 1, 1), date(2060, 12, 31)), INTERVALS, st.integers(0, 60), st.integers(1, 31))
def test_boundaries_are_counted_from_the_anchor_and_never_drift(start, interval, n, billing_day):
    anchor = anchor_for(interval, start, alignment=Alignment.billing_day, billing_day=billing_day)
    first = first_boundary(anchor, interval, start, alignment=Alignment.billing_day)
    step = first
    for _ in range(n):
        step = boundary(anchor, interval, step, 1)
    assert boundary(anchor, interval, first, n) == step
    if interval.days is not None:
        assert step == first + timedelta(days=n * interval.days)


@given(DATES, st.sampled_from([MONTH, QUARTER, YEAR]), st.integers(0, 10**7), st.data())
def test_parts_of_a_period_cost_as_much_as_the_whole_before_rounding(start, interval, amount, data):
    whole = next(
        parts(
            anchor_for(interval, start, alignment=Alignment.anniversary),
            interval,
            start,
            alignment=Alignment.anniversary,
        )
    ).period
    cut = data.draw(st.integers(0, whole.days))
    assert proration(amount, cut, whole.days) + proration(amount, whole.days - cut, whole.days) == amount
