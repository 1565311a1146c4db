"""The last day of a withdrawal, through week-ends and the holidays of France."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from dateutil.easter import easter as theirs
from hypothesis import given
from hypothesis import strategies as st

from billing.engine.withdrawing import easter, holidays, is_working_day, last_day_to_withdraw

DAYS = st.dates(date(2020, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("concluded", "last"),
    [
        ("2026-11-23", "2026-12-07"),  # a Monday, and a Monday
        ("2026-11-28", "2026-12-14"),  # a Saturday: the next one's Monday
        ("2026-12-11", "2026-12-28"),  # Christmas, a Friday
        ("2026-12-18", "2027-01-04"),  # New Year's Day, a Friday
        ("2027-03-15", "2027-03-30"),  # Easter Monday
        ("2027-04-22", "2027-05-07"),  # Ascension is a Thursday
        ("2027-04-17", "2027-05-03"),  # 1 May, a Saturday
        ("2024-02-15", "2024-02-29"),
    ],
)
def test_a_last_day_that_is_no_working_day_is_moved_to_the_next(concluded, last):
    assert last_day_to_withdraw(date.fromisoformat(concluded), "FR") == date.fromisoformat(last)


@given(concluded=DAYS)
def test_it_is_never_before_fourteen_days_and_never_more_than_a_long_week_end_after(concluded):
    last = last_day_to_withdraw(concluded, "FR")
    assert is_working_day(last, "FR")
    assert timedelta(days=14) <= last - concluded <= timedelta(days=18)
    assert last_day_to_withdraw(concluded, "BE") <= last


def test_the_holidays_of_a_year():
    assert sorted(day.isoformat()[5:] for day in holidays(2026, "FR")) == [
        "01-01", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15", "11-01", "11-11", "12-25",
    ]  # fmt: skip


def test_easter_is_what_another_computation_of_it_says():
    assert [easter(year) for year in range(1583, 4100)] == [theirs(year) for year in range(1583, 4100)]
