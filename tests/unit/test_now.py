"""Business time: local dates and midnights, whatever the clocks do (domain 3; reliability §2.3)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merchants.now import Now, local_date, local_instant, local_midnight

ZONES = [
    "Pacific/Pago_Pago",
    "Pacific/Honolulu",
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",
    "UTC",
    "Europe/Paris",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Kiritimati",
]


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        ("2026-07-01", "Europe/Paris", "2026-06-30T22:00"),
        ("2026-03-29", "Europe/Paris", "2026-03-28T23:00"),  # clocks go on at 02:00
        ("2026-03-30", "Europe/Paris", "2026-03-29T22:00"),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00"),  # no midnight: 00:00 is 01:00
        ("2018-02-18", "America/Sao_Paulo", "2018-02-18T03:00"),  # the hour before midnight comes twice
        ("2024-04-26", "Africa/Cairo", "2024-04-25T22:00"),
        ("2026-11-01", "America/Havana", "2026-11-01T04:00"),  # midnight comes twice: the first
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00"),  # a date that never was: the next one's start
        ("1919-03-31", "America/Toronto", "1919-03-31T04:30"),  # 23:30 became 00:30
        ("2026-01-01", "Pacific/Kiritimati", "2025-12-31T10:00"),
        ("2026-01-01", "Pacific/Pago_Pago", "2026-01-01T11:00"),
    ],
)
def test_midnight_is_the_first_instant_of_the_date(day, zone, instant):
    assert local_midnight(date.fromisoformat(day), zone) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@given(st.dates(date(1990, 1, 1), date(2060, 12, 31)), st.sampled_from(ZONES))
def test_midnight_begins_its_date_and_nothing_before_does(day, zone):
    instant = local_midnight(day, zone)
    assert instant.utcoffset() == timedelta(0)
    skipped = zone == "Pacific/Apia" and day == date(2011, 12, 30)
    assert local_date(instant, zone) == (date(2011, 12, 31) if skipped else day)
    assert local_date(instant - timedelta(seconds=1), zone) < day


@given(st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)), st.sampled_from(ZONES))
def test_today_has_begun_and_not_ended(at, zone):
    today = Now(at=at, zone=zone).today
    assert local_midnight(today, zone) <= at < local_midnight(today + timedelta(days=1), zone)


def test_now_is_aware_and_utc():
    with pytest.raises(ValueError, match="aware UTC"):
        Now(at=datetime(2026, 1, 1), zone="UTC")
    with pytest.raises(ValueError, match="aware UTC"):
        Now(at=datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1))), zone="UTC")
    with pytest.raises(ValueError, match="aware"):
        local_date(datetime(2026, 1, 1), "UTC")


def test_a_time_of_day_on_the_days_clocks_change():
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    assert local_instant(spring, time(2, 30), "Europe/Paris") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert local_instant(autumn, time(2, 30), "Europe/Paris") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert local_instant(autumn, time(2, 30, fold=1), "Europe/Paris") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
