"""In which order events are published.

Ids are made before COMMIT: a later id may be committed first. What must hold is the order within one subscriber's life,
which its own numbers tell (domain 24); between lives the ids' order is good enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar
from uuid import UUID


class Placed(Protocol):
    """What has an id and perhaps a place in a life."""

    @property
    def pk(self) -> UUID:
        """Made before COMMIT, in the order of time."""

    @property
    def subscriber_id(self) -> UUID | None:
        """Whose life."""

    @property
    def subscriber_sequence(self) -> int | None:
        """Its number there."""


E = TypeVar("E", bound=Placed)


def in_order(events: Iterable[E]) -> Sequence[E]:
    """By id, except that the places of one life are filled in the order of its numbers.

    >>> from collections import namedtuple
    >>> Row = namedtuple("Row", "pk subscriber_id subscriber_sequence")
    >>> [row.pk for row in in_order([Row(1, "a", 2), Row(2, None, None), Row(4, "a", 1), Row(3, "b", 9)])]
    [4, 2, 3, 1]
    """
    by_id = sorted(events, key=lambda event: event.pk)
    lives: dict[UUID, list[E]] = defaultdict(list)
    for event in by_id:
        if event.subscriber_id is not None and event.subscriber_sequence is not None:
            lives[event.subscriber_id].append(event)
    following = {
        who: iter(sorted(life, key=lambda event: event.subscriber_sequence or 0)) for who, life in lives.items()
    }
    return [
        next(following[event.subscriber_id])
        if event.subscriber_id is not None and event.subscriber_sequence is not None
        else event
        for event in by_id
    ]
