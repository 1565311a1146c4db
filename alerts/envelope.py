"""What a receiver gets: the event as JSON (api.md, Events), with personal values filled in where it leaves us.

In the journal a personal value stands as `{"personal": id}`, so that erasure need only delete the value's own row. They
are filled in at each try: what was erased meanwhile is `null`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from merchants.ids import show


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event as published. `created_at` is business time; `sequence` the merchant's number."""

    id: UUID
    kind: str
    created_at: datetime
    sequence: int | None
    subscriber_sequence: int | None
    data: Any
    request_id: str
    channel: str

    @property
    def public_id(self) -> str:
        """The id that receivers see, in the body and as `webhook-id`."""
        return show("evt", self.id)


def _is_personal(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"personal"}


def _id_in(value: Mapping[str, Any]) -> UUID | None:
    try:
        return UUID(str(value["personal"]))
    except ValueError:
        return None


def personal_ids(data: Any) -> Iterable[UUID]:
    """The ids of the personal values in some data.

    >>> list(personal_ids({"object": {"name": {"personal": "00000000-0000-0000-0000-000000000007"}, "city": None}}))
    [UUID('00000000-0000-0000-0000-000000000007')]
    """
    if _is_personal(data):
        if (found := _id_in(data)) is not None:
            yield found
    elif isinstance(data, Mapping):
        for part in data.values():
            yield from personal_ids(part)
    elif isinstance(data, list):
        for part in data:
            yield from personal_ids(part)


def filled(data: Any, values: Mapping[UUID, Any]) -> Any:
    """The same data with personal values in their places; erased ones are None.

    >>> filled([{"personal": "00000000-0000-0000-0000-000000000007"}, {"personal": None}, 3], {UUID(int=7): "Julie"})
    ['Julie', None, 3]
    """
    if _is_personal(data):
        found = _id_in(data)
        return None if found is None else values.get(found)
    if isinstance(data, Mapping):
        return {name: filled(part, values) for name, part in data.items()}
    if isinstance(data, list):
        return [filled(part, values) for part in data]
    return data


def instant_text(at: datetime) -> str:
    """An instant as the API writes it: UTC, whole seconds.

    >>> instant_text(datetime(2026, 11, 22, 9, 30, 0, 250_000, tzinfo=UTC))
    '2026-11-22T09:30:00Z'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shape(event: Told, values: Mapping[UUID, Any]) -> dict[str, Any]:
    """The event as an object of the API."""
    return {
        "id": event.public_id,
        "type": event.kind,
        "created_at": instant_text(event.created_at),
        "sequence": event.sequence,
        "subscriber_sequence": event.subscriber_sequence,
        "data": filled(event.data, values),
        "request_id": event.request_id or None,
        "channel": event.channel,
    }


def body(event: Told, values: Mapping[UUID, Any]) -> bytes:
    """The bytes that are signed and sent."""
    return json.dumps(shape(event, values), ensure_ascii=False, separators=(",", ":")).encode()
