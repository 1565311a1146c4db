"""What is told before it happens, and on which day: a card's last day, a free stage's end, a subscription's end. Pure.

Each fact has a text of its own, so that it is told once for ever (`billing.Foreseen`). Of several thresholds that have
passed while nobody looked only the nearest counts: the others are never told.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

CARD_DAYS = (30, 15, 7, 1)
"""Days before a card's last day on which its expiry is told."""

TRIAL_DAYS = 3
"""Days before a free first stage ends on which the first charge is told; at once where it is shorter."""

ENDING_DAYS = 7
"""Days before its end on which the end of a subscription is told."""


class Watch(StrEnum):
    """What is watched."""

    card = "card"
    trial = "trial"
    ending = "ending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Something that ends on a known date, `ends_on`, the first day without it. `id` is its public id.

    `known_on` is the day on which its end was made known by other means (a cancellation that was confirmed).
    """

    watch: Watch
    id: str
    ends_on: date
    known_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """One thing to tell: the event's kind, the fact said once, and how many days are left (negative: over)."""

    kind: str
    fact: str
    days_left: int


def card_ends_on(year: int, month: int) -> date:
    """The first day on which a card is no longer valid: it serves through the last day of its month.

    >>> card_ends_on(2028, 2)
    datetime.date(2028, 3, 1)
    """
    return date(year, month, monthrange(year, month)[1]) + timedelta(days=1)


def told_on(watched: Watched, day: date) -> Coming | None:
    """What is to be told of it on a local date, told before or not; None where nothing is.

    A card tells of the nearest of its thresholds, and from the day after its last that it has expired. An end is told
    within its last week, but not where it was made known in that very week.

    >>> card = Watched(watch=Watch.card, id="pm_1", ends_on=date(2026, 4, 1))
    >>> [told_on(card, date(2026, 3, day)).fact for day in (1, 4, 16, 17, 24, 30, 31)]  # doctest: +NORMALIZE_WHITESPACE
    ['card:pm_1:2026-03:30', 'card:pm_1:2026-03:30', 'card:pm_1:2026-03:15', 'card:pm_1:2026-03:15',
     'card:pm_1:2026-03:7', 'card:pm_1:2026-03:1', 'card:pm_1:2026-03:1']
    >>> told_on(card, date(2026, 4, 1)).kind
    'payment_method.expired'
    """
    left = (watched.ends_on - day).days
    if watched.watch is Watch.card:
        return _card(watched, left - 1)
    if left <= 0:
        return None
    if watched.watch is Watch.trial:
        kind, most = "subscription.trial_ending", TRIAL_DAYS
    else:
        kind, most = "subscription.ending", ENDING_DAYS
        if watched.known_on is not None and watched.known_on >= watched.ends_on - timedelta(days=most):
            return None
    if left > most:
        return None
    return Coming(kind=kind, fact=f"{watched.watch}:{watched.id}:{watched.ends_on.isoformat()}", days_left=left)


def _card(watched: Watched, left: int) -> Coming | None:
    """`left`: days from the day to the card's last one, which is 0."""
    about = f"card:{watched.id}:{watched.ends_on - timedelta(days=1):%Y-%m}"
    if left < 0:
        return Coming(kind="payment_method.expired", fact=f"{about}:expired", days_left=left)
    nearest = min((days for days in CARD_DAYS if days >= left), default=None)
    if nearest is None:
        return None
    return Coming(kind="payment_method.expiring", fact=f"{about}:{nearest}", days_left=left)


def turns(watched: Watched) -> Iterator[date]:
    """The days, in order, on which something new is to be told of it.

    >>> card = Watched(watch=Watch.card, id="pm_1", ends_on=date(2026, 4, 1))
    >>> [day.isoformat() for day in turns(card)]
    ['2026-03-01', '2026-03-16', '2026-03-24', '2026-03-30', '2026-04-01']
    """
    if watched.watch is Watch.card:
        yield from (watched.ends_on - timedelta(days=days + 1) for days in CARD_DAYS)
        yield watched.ends_on
    else:
        yield watched.ends_on - timedelta(days=TRIAL_DAYS if watched.watch is Watch.trial else ENDING_DAYS)
