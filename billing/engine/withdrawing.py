"""Until when a consumer may withdraw (directive 2011/83/EU, art. 9; code de la consommation, art. L221-18 and L221-19).

Fourteen days from the day after the contract was concluded; the last one counts whole, and where it is a Saturday, a
Sunday or a public holiday the next working day is the last (regulation 1182/71, art. 3). Public holidays are those of
France (code du travail, art. L3133-1); elsewhere only week-ends extend. Pure.
"""

from __future__ import annotations

from datetime import date, timedelta

DAYS = 14
FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
"""Month and day of the French public holidays that do not move."""
MOVING = (1, 39, 50)
"""Days after Easter Sunday: Easter Monday, Ascension, Whit Monday."""


def easter(year: int) -> date:
    """Easter Sunday of a year of the Gregorian calendar (Meeus, Jones and Butcher).

    >>> easter(2024), easter(2025), easter(2038)
    (datetime.date(2024, 3, 31), datetime.date(2025, 4, 20), datetime.date(2038, 4, 25))
    """
    golden, (century, rest) = year % 19, divmod(year, 100)
    leaps, skipped = divmod(century, 4)
    shift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leaps - shift + 15) % 30
    quarter, left = divmod(rest, 4)
    sunday = (32 + 2 * skipped + 2 * quarter - epact - left) % 7
    late = (golden + 11 * epact + 22 * sunday) // 451
    month, day = divmod(epact + sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def holidays(year: int, country: str) -> frozenset[date]:
    """The public holidays of a year; of a country other than France, none is known here.

    >>> len(holidays(2027, "FR")), date(2027, 5, 17) in holidays(2027, "FR"), holidays(2027, "BE")
    (11, True, frozenset())
    """
    if country != "FR":
        return frozenset()
    moving = (easter(year) + timedelta(days=after) for after in MOVING)
    return frozenset({*(date(year, month, day) for month, day in FIXED), *moving})


def is_working_day(day: date, country: str) -> bool:
    """Neither Saturday, Sunday nor public holiday.

    >>> is_working_day(date(2027, 5, 14), "FR"), is_working_day(date(2027, 5, 17), "FR")
    (True, False)
    """
    return day.weekday() < 5 and day not in holidays(day.year, country)


def last_day_to_withdraw(concluded: date, country: str) -> date:
    """The last day on which a contract concluded on that day may be withdrawn from.

    >>> last_day_to_withdraw(date(2027, 5, 3), "FR")          # 17 May is Whit Monday
    datetime.date(2027, 5, 18)
    >>> last_day_to_withdraw(date(2027, 5, 4), "FR")
    datetime.date(2027, 5, 18)
    """
    day = concluded + timedelta(days=DAYS)
    while not is_working_day(day, country):
        day += timedelta(days=1)
    return day
