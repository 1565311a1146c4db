"""A subscription that ran elsewhere, taken over: where it stands, and what is billed when from then on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from billing.engine.committing import committed_until
from billing.engine.due import next_due_on
from billing.engine.lives import next_charge
from billing.engine.schedule import walk
from billing.engine.taking_over import Former, taken_over
from invoices.totals import totals
from merchants.refusals import Invalid
from subscribers.periods import Alignment, Anchor
from subscribers.snapshots import Commitment, PurchaseSnapshot
from tests.unit.pictures import FRENCH, MONTH, YEAR, arrears, offer, stage

TODAY = date(2026, 11, 24)


def take(sold, start: str, until: str, today: date = TODAY):
    purchase = PurchaseSnapshot(offer=sold, tax=FRENCH, zone="Europe/Paris", start_on=date.fromisoformat(start))
    former = Former(start_on=date.fromisoformat(start), paid_until=date.fromisoformat(until))
    return taken_over(purchase, former, id="sub_1", payer="cus_1", beneficiary="cus_1", today=today)


def bills(taken, count: int = 4) -> list[tuple[str, int]]:
    """The next documents: when, and how much."""
    found = [
        (step.on.isoformat(), totals(draft.lines, draft.tax_behavior).gross)
        for step in walk(taken, until=date(2030, 1, 1))
        for draft in step.drafts
    ]
    return found[:count]


def test_paid_until_a_day_of_its_calendar():
    taken = take(offer(stage(29_90)), "2024-03-10", "2026-12-10")
    assert (taken.status, taken.current_period.start.isoformat(), taken.period_index) == ("active", "2026-11-10", 33)
    assert next_due_on(taken) == date(2026, 12, 10)
    assert bills(taken, 3) == [("2026-12-10", 29_90), ("2027-01-10", 29_90), ("2027-02-10", 29_90)]


@pytest.mark.parametrize(
    ("until", "dates"),
    [
        ("2026-11-30", ["2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28"]),  # the 31st stays one
        ("2026-12-05", ["2026-12-05", "2027-01-05", "2027-02-05", "2027-03-05"]),  # it was moved: so is its calendar
        ("2026-11-28", ["2026-11-28", "2026-12-28", "2027-01-28", "2027-02-28"]),
    ],
)
def test_the_31st_stays_one_and_what_was_moved_stays_moved(until, dates):
    assert [day for day, _ in bills(take(offer(stage(29_90)), "2025-01-31", until))] == dates


def test_the_price_of_the_first_months_ends_when_it_should():
    sold = offer(stage(9_90, times=3), stage(29_90))
    assert bills(take(sold, "2026-10-10", "2026-12-10"), 3) == [
        ("2026-12-10", 9_90), ("2027-01-10", 29_90), ("2027-02-10", 29_90),
    ]  # fmt: skip
    assert bills(take(sold, "2026-09-10", "2026-12-10"), 1) == [("2026-12-10", 29_90)]
    moved = take(sold, "2026-10-10", "2026-12-14")  # four days were given there: still one month at 9.90 to come
    assert bills(moved, 2) == [("2026-12-14", 9_90), ("2027-01-14", 29_90)]


def test_a_free_beginning_is_a_trial_until_it_is_over():
    sold = offer(stage(0, times=1), stage(29_90))
    taken = take(sold, "2026-11-10", "2026-12-10")
    assert taken.status == "trialing" and taken.free_until is None
    assert bills(taken, 2) == [("2026-12-10", 29_90), ("2027-01-10", 29_90)]


def test_a_commitment_ends_when_it_would_have():
    sold = replace(offer(stage(29_90)), commitment=Commitment(intervals=12))
    assert committed_until(take(sold, "2026-03-10", "2026-12-10")) == date(2027, 3, 10)
    assert committed_until(take(sold, "2024-03-10", "2026-12-10")) == date(2025, 3, 10)
    assert committed_until(take(sold, "2026-03-10", "2026-12-12")) == date(2027, 3, 12)  # moved along


def test_years_and_calendars():
    assert bills(take(offer(stage(299_00, YEAR)), "2024-02-29", "2027-02-28"), 2) == [
        ("2027-02-28", 299_00), ("2028-02-29", 299_00),
    ]  # fmt: skip
    sold = replace(offer(stage(30_00)), alignment=Alignment.calendar, calendar_anchor=Anchor(day=1))
    taken = take(sold, "2026-11-14", "2026-12-01")
    assert taken.period_index == 0 and bills(taken, 2) == [("2026-12-01", 30_00), ("2027-01-01", 30_00)]


def test_in_arrears_nothing_of_before_is_billed():
    taken = take(offer(arrears(30_00, MONTH)), "2026-01-10", "2026-12-10")
    assert bills(taken, 2) == [("2027-01-10", 30_00), ("2027-02-10", 30_00)]
    assert bills(take(offer(arrears(30_00, MONTH)), "2026-01-10", "2026-12-01"), 1) == [("2027-01-01", 30_00)]


def test_what_has_not_begun_is_scheduled_and_pays_its_setup_fee():
    sold = replace(offer(stage(29_90)), setup_amount=10_00)
    taken = take(sold, "2026-12-01", "2026-12-01")
    assert taken.status == "scheduled" and taken.unbilled == ()
    assert bills(taken, 2) == [("2026-12-01", 39_90), ("2027-01-01", 29_90)]
    assert bills(take(sold, "2026-01-01", "2026-12-01"), 1) == [("2026-12-01", 29_90)]


def test_a_term_that_is_over_when_it_is_paid_out_just_ends():
    sold = offer(stage(29_90, times=12))
    taken = take(sold, "2025-12-10", "2026-12-10")
    assert next_charge(taken) is None and [step.kind for step in walk(taken)] == ["end"]


@pytest.mark.parametrize(
    ("start", "until", "field", "code"),
    [
        ("2026-12-01", "2026-11-30", "paid_until", "paid_before_start"),
        ("2026-12-01", "2027-01-01", "paid_until", "paid_ahead"),
        ("2024-01-01", "2026-08-23", "paid_until", "paid_too_long_ago"),
        ("2024-01-01", "2030-01-01", "paid_until", "paid_too_far_ahead"),
        ("2025-01-10", "2026-12-10", "start_on", "term_over"),
    ],
)
def test_what_cannot_be_taken_over(start, until, field, code):
    with pytest.raises(Invalid) as found:
        take(offer(stage(29_90, times=12)), start, until)
    assert (found.value.errors[0].field, found.value.code) == (field, code)


def test_92_days_unpaid_are_the_most():
    assert bills(take(offer(stage(29_90)), "2024-08-24", "2026-08-24"), 3) == [
        ("2026-08-24", 29_90), ("2026-09-24", 29_90), ("2026-10-24", 29_90),
    ]  # fmt: skip
