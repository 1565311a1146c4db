"""Events of a subscriber's life, numbered in that life in the transaction that made them true (domain 24)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection

from merchants.actors import Actor
from merchants.journal import Fact, record_all
from merchants.models import Event
from merchants.now import Now


def numbered(subscriber_id: UUID, count: int) -> range:
    """The next `count` numbers of a subscriber's events. Locks the subscriber's row until COMMIT."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE subscribers_subscriber SET event_sequence = event_sequence + %s WHERE id = %s"
            " RETURNING event_sequence",
            [count, str(subscriber_id)],
        )
        last = cursor.fetchone()[0]
    return range(last - count + 1, last + 1)


def tell(
    subscriber_id: UUID, *facts: tuple[str, UUID | None, Mapping[str, Any]], actor: Actor, now: Now
) -> list[Event]:
    """Write `(kind, object id, data)` facts of one subscriber, in order."""
    numbers = numbered(subscriber_id, len(facts))
    return record_all(
        [
            Fact(kind=kind, object_id=object_id, data=data, subscriber_id=subscriber_id, subscriber_sequence=number)
            for (kind, object_id, data), number in zip(facts, numbers, strict=True)
        ],
        actor=actor,
        now=now,
    )
