"""What a part of a period costs, and what of it is still ahead (domain 5). Exact until rounded once."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from merchants.money import check_amount, round_ratio
from subscribers.periods import Part, Period


def price_of(unit_amount: int, quantity: int, part: Part | None) -> int:
    """Unit amount × quantity for a part of a period, in minor units, rounded half away from zero once.

    No part: something that is billed once. Raises `Invalid` where the amount is out of bounds.

    >>> whole = Period(date(2026, 5, 1), date(2026, 6, 1))
    >>> price_of(2990, 1, Part(Period(date(2026, 5, 14), date(2026, 6, 1)), whole)), price_of(2990, 3, None)
    (1736, 8970)
    """
    whole = unit_amount * quantity
    if part is None or part.is_whole:
        return check_amount(whole)
    return check_amount(round_ratio(whole * part.period.days, part.whole.days))


def unused(period: Period, day: date) -> Fraction:
    """What is still ahead; the day itself belongs to what comes after it. Leaving on the 11th of a 30-day month gives
    back two thirds.

    >>> unused(Period(date(2026, 4, 1), date(2026, 5, 1)), date(2026, 4, 11))
    Fraction(2, 3)
    """
    return Fraction((period.end - min(max(day, period.start), period.end)).days, period.days)
