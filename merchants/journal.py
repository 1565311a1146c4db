"""The journal: facts, written in the transaction that made them true. It is the outbox: the relay publishes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from merchants.actors import Actor
from merchants.models import Event
from merchants.now import Now
from merchants.tenancy import bulk
from merchants.tracing import request_id


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing that became true. `data` is `{"object": …, "previous": …}`; no link that opens something, and personal
    values only as `{"personal": id}`. `subscriber_sequence` is the fact's number in that subscriber's life."""

    kind: str
    object_id: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    subscriber_id: UUID | None = None
    subscriber_sequence: int | None = None


def record_all(facts: Iterable[Fact], *, actor: Actor, now: Now) -> list[Event]:
    """Write facts, in one statement. Needs the tenant's scope; the relay gives the merchant's number later."""
    events = [
        bulk.lean(
            Event,
            kind=fact.kind,
            object_id=fact.object_id,
            data=dict(fact.data),
            subscriber_id=fact.subscriber_id,
            subscriber_sequence=fact.subscriber_sequence,
            channel=actor.channel.value,
            actor=actor.label[:120],
            request_id=request_id.get(),
            created_at=now.at,
        )
        for fact in facts
    ]
    bulk.insert(events)
    return events


def record(
    *,
    kind: str,
    actor: Actor,
    now: Now,
    object_id: UUID | None = None,
    data: Mapping[str, Any] | None = None,
    subscriber_id: UUID | None = None,
    subscriber_sequence: int | None = None,
) -> Event:
    """Write one fact."""
    fact = Fact(
        kind=kind,
        object_id=object_id,
        data=data or {},
        subscriber_id=subscriber_id,
        subscriber_sequence=subscriber_sequence,
    )
    return record_all([fact], actor=actor, now=now)[0]
