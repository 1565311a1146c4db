"""The last day of a withdrawal, through week-ends and the holidays of France."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
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


EASTERS = [
    "1583-04-10",
    "1598-03-22",
    "1600-04-02",
    "1699-04-19",
    "1700-04-11",
    "1761-03-22",
    "1818-03-22",
    "1886-04-25",
    "1900-04-15",
    "1943-04-25",
    "1954-04-18",
    "1981-04-19",
    "2000-04-23",
    "2008-03-23",
    "2011-04-24",
    "2016-03-27",
    "2019-04-21",
    "2024-03-31",
    "2025-04-20",
    "2026-04-05",
    "2027-03-28",
    "2028-04-16",
    "2030-04-21",
    "2035-03-25",
    "2038-04-25",
    "2049-04-18",
    "2076-04-19",
    "2079-04-23",
    "2100-03-28",
    "2106-04-18",
    "2199-04-14",
    "2200-04-06",
    "2285-03-22",
    "2299-04-16",
    "2300-04-08",
    "2353-03-22",
    "2400-04-16",
    "2499-03-29",
    "2500-04-18",
    "2600-03-23",
    "2700-04-01",
    "2799-04-18",
    "2800-04-02",
    "2900-04-11",
    "3000-04-13",
    "3401-03-22",
    "3700-04-18",
    "4000-04-09",
    "4089-04-10",
]
"""Easter Sundays of tables, the earliest and the latest that there are among them."""


def test_easter_is_what_tables_say():
    assert [easter(int(day[:4])).isoformat() for day in EASTERS] == EASTERS
