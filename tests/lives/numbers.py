"""The numbers of a life, told again by seed and place."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

FIRST = date(2024, 1, 1)
DAYS = 2190
MOST_EVENTS = 40
Event = tuple[int, int, int]


def drawn(seed: int, number: int) -> tuple[Event, date, list[Event]]:
    """A purchase, the day that it is made, and up to forty events."""
    draw = Random(f"{seed} {number}")
    event = lambda: (draw.randrange(1000), draw.randrange(1000), draw.randrange(1000))  # noqa: E731
    return event(), FIRST + timedelta(days=draw.randrange(DAYS)), [event() for _ in range(draw.randint(5, MOST_EVENTS))]
