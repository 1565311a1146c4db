"""Events of a subscriber's life, numbered in that life in the transaction that made them true (domain 24)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from merchants.actors import Actor
from merchants.journal import Fact, record_all
from merchants.models import Event
from merchants.now import Now


@dataclass(frozen=True, kw_only=True)
class Lived:
    """One fact of one subscriber's life. `data` is `{object, previous}`."""

    subscriber_id: UUID
    kind: str
    object_id: UUID | None
    data: Mapping[str, Any] = field(default_factory=dict)


def tell_all(lived: Sequence[Lived], *, actor: Actor, now: Now) -> list[Event]:
    """Write facts in order, numbered per subscriber: two statements, however many. Locks those subscribers' rows."""
    if not lived:
        return []
    counts = sorted(Counter(fact.subscriber_id for fact in lived).items())
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE subscribers_subscriber AS s SET event_sequence = event_sequence + v.n"  # noqa: S608 - placeholders
            " FROM (VALUES "
            + ", ".join(["(%s::uuid, %s::int)"] * len(counts))
            + ") AS v (id, n) WHERE s.id = v.id RETURNING s.id, s.event_sequence - v.n",
            [value for pair in counts for value in pair],
        )
        last: dict[UUID, int] = dict(cursor.fetchall())
    written = []
    for fact in lived:
        last[fact.subscriber_id] += 1
        written.append(
            Fact(
                kind=fact.kind,
                object_id=fact.object_id,
                data=fact.data,
                subscriber_id=fact.subscriber_id,
                subscriber_sequence=last[fact.subscriber_id],
            )
        )
    return record_all(written, actor=actor, now=now)


def tell(
    subscriber_id: UUID, *facts: tuple[str, UUID | None, Mapping[str, Any]], actor: Actor, now: Now
) -> list[Event]:
    """Write `(kind, object id, data)` facts of one subscriber, in order."""
    lived = [Lived(subscriber_id=subscriber_id, kind=kind, object_id=id_, data=data) for kind, id_, data in facts]
    return tell_all(lived, actor=actor, now=now)
