"""Business time as a value. Nothing here reads a clock: only `merchants.clock` does, and hands a `Now` down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The present instant as one merchant, or one of its test clocks, sees it.

    `at` is an aware UTC datetime; `zone` an IANA name; `test_clock` the clock that answered, or None for real time.

    >>> Now(at=datetime(2026, 1, 31, 23, 30, tzinfo=UTC), zone="Europe/Paris").today
    datetime.date(2026, 2, 1)
    """

    at: datetime
    zone: str
    test_clock: UUID | None = None

    def __post_init__(self) -> None:
        if self.at.utcoffset() != timedelta(0):
            raise ValueError("Now.at is an aware UTC datetime")

    @property
    def today(self) -> date:
        """The calendar date in the merchant's zone."""
        return local_date(self.at, self.zone)


def local_date(instant: datetime, zone: str) -> date:
    """The calendar date on which an aware instant falls, in a zone.

    >>> local_date(datetime(2026, 3, 1, 9, 0, tzinfo=UTC), "Pacific/Honolulu")
    datetime.date(2026, 2, 28)
    """
    if instant.utcoffset() is None:
        raise ValueError("an instant is an aware datetime")
    return instant.astimezone(ZoneInfo(zone)).date()


def local_midnight(day: date, zone: str) -> datetime:
    """The first instant of a local date, in UTC, whatever the clocks did that night (domain 3).

    Where midnight does not exist (clocks jump from 00:00 to 01:00) it is the instant of the jump; where it exists twice
    it is the first; a date that a zone skipped altogether begins when the next one does.

    >>> local_midnight(date(2026, 7, 1), "Europe/Paris").isoformat()
    '2026-06-30T22:00:00+00:00'
    >>> local_midnight(date(2024, 4, 26), "Africa/Cairo").isoformat()    # that day began at 01:00
    '2024-04-25T22:00:00+00:00'
    """
    tz = ZoneInfo(zone)
    midnight = datetime.combine(day, time(0))
    instant = midnight.replace(tzinfo=tz).astimezone(UTC)
    if instant.astimezone(tz).replace(tzinfo=None) == midnight:
        return instant
    # In a gap: the reading with the offset after the jump lies before the jump, `instant` lies at or after it.
    before = midnight.replace(tzinfo=tz, fold=1).astimezone(UTC)
    while instant - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((instant - before).total_seconds()) // 2)
        if middle.astimezone(tz).date() >= day:
            instant = middle
        else:
            before = middle
    return instant


def local_instant(day: date, at: time, zone: str) -> datetime:
    """A local date and time of day as a UTC instant: a time that does not exist is read just after the gap, a double
    one is its first occurrence. Used for free stages counted in days, which end at the local time they began.

    >>> local_instant(date(2026, 3, 29), time(2, 30), "Europe/Paris").isoformat()
    '2026-03-29T01:30:00+00:00'
    """
    return datetime.combine(day, at.replace(tzinfo=None, fold=0)).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
