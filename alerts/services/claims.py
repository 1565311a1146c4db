"""Taking webhooks to send: an endpoint is one worker's at a time, a delivery is claimed before the call.

A claim is a row whose next try lies in the future: a worker that dies with it loses it when that moment comes. Nothing
is locked while a call is under way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from alerts.envelope import Told, body, personal_ids
from alerts.models import WebhookEndpoint
from alerts.patience import PATIENT_FAILURES
from merchants.models import Event
from merchants.secrets import decrypt
from merchants.tenancy.scope import current
from subscribers.models import PersonalValue
from subscribers.models.people import value_of

LEASE = timedelta(seconds=90)
"""How long a claim holds: longer than the slowest batch of calls takes."""

TOGETHER = 8
"""Calls to one endpoint at the same time; never two of one subscriber."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One delivery that is ours to try until the lease lapses. `tries` counts this one and fences off late records."""

    id: UUID
    tries: int
    message_id: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Deliveries to one endpoint to be called together. `probe`: the endpoint fails, one is tried."""

    url: str
    secrets: tuple[str, ...]
    claims: tuple[Claim, ...]
    probe: bool


def take_endpoint(endpoint_id: UUID, *, at: datetime) -> datetime | None:
    """Make an endpoint this worker's until the instant answered; None where it rests, is busy, switched off or gone."""
    until = at + LEASE
    free = Q(rests_until=None) | Q(rests_until__lte=at)
    taken = WebhookEndpoint.objects.filter(free, id=endpoint_id, deleted_at=None, disabled_at=None).update(
        rests_until=until
    )
    return until if taken else None


def release_endpoint(endpoint_id: UUID, *, until: datetime) -> None:
    """Give an endpoint back, unless it was given a rest meanwhile."""
    WebhookEndpoint.objects.filter(id=endpoint_id, rests_until=until).update(rests_until=None)


def claim(endpoint_id: UUID, *, at: datetime) -> Batch | None:
    """The next deliveries of an endpoint, claimed; None where none is due. Four statements, however many.

    A delivery waits while an earlier one of the same subscriber waits. One that was given up blocks nobody. Of an
    endpoint that has failed several times in a row only one is claimed.
    """
    endpoint = WebhookEndpoint.objects.filter(id=endpoint_id, deleted_at=None, disabled_at=None).first()
    if endpoint is None:
        return None
    probe = endpoint.failures >= PATIENT_FAILURES
    rows = _claimed(endpoint_id, at=at, most=1 if probe else TOGETHER)
    if not rows:
        return None
    events = {event.pk: told(event) for event in Event.objects.filter(id__in=[event_id for _, event_id, _ in rows])}
    values = personal_values(list(events.values()))
    claims = (
        Claim(
            id=id_,
            tries=tries,
            message_id=events[event_id].public_id,
            body=body(events[event_id], values),
        )
        for id_, event_id, tries in rows
    )
    return Batch(url=endpoint.url, secrets=secrets_of(endpoint, at=at), claims=tuple(claims), probe=probe)


def _claimed(endpoint_id: UUID, *, at: datetime, most: int) -> list[tuple[UUID, UUID, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            # Materialised: a subquery in FROM may be run again for each row, and each run would claim others.
            "WITH claimed AS MATERIALIZED (SELECT due.id FROM alerts_delivery due"
            "  WHERE due.merchant_id = %(merchant)s AND due.endpoint_id = %(endpoint)s"
            "  AND due.status = 'waiting' AND due.next_try_at <= %(at)s"
            "  AND NOT EXISTS (SELECT FROM alerts_delivery earlier"
            "   WHERE earlier.merchant_id = due.merchant_id AND earlier.endpoint_id = due.endpoint_id"
            "   AND earlier.subscriber_id = due.subscriber_id AND earlier.status = 'waiting'"
            "   AND earlier.sequence < due.sequence)"
            "  ORDER BY due.sequence LIMIT %(most)s FOR UPDATE SKIP LOCKED)"
            " UPDATE alerts_delivery d SET tries = d.tries + 1, next_try_at = %(lapses)s, last_tried_at = %(at)s"
            " FROM claimed WHERE d.id = claimed.id RETURNING d.id, d.event_id, d.tries, d.sequence",
            {
                "at": at,
                "lapses": at + LEASE,
                "merchant": str(current()),
                "endpoint": str(endpoint_id),
                "most": most,
            },
        )
        rows = sorted(cursor.fetchall(), key=lambda row: row[3])
        return [(id_, event_id, tries) for id_, event_id, tries, _ in rows]


def secrets_of(endpoint: WebhookEndpoint, *, at: datetime) -> tuple[str, ...]:
    """The secrets that sign now: the present one, and the one before it until that lapses."""
    secrets = [decrypt(endpoint.secret)]
    until = endpoint.previous_secret_until
    if endpoint.previous_secret is not None and until is not None and until > at:
        secrets.append(decrypt(endpoint.previous_secret))
    return tuple(secrets)


def told(event: Event) -> Told:
    """An event as the envelope wants it."""
    return Told(
        id=event.pk,
        kind=event.kind,
        created_at=event.created_at,
        sequence=event.sequence,
        subscriber_sequence=event.subscriber_sequence,
        data=event.data,
        request_id=event.request_id,
        channel=event.channel,
    )


def personal_values(events: Sequence[Told]) -> dict[UUID, Any]:
    """The personal values that some events name and that still stand."""
    wanted = {id_ for event in events for id_ in personal_ids(event.data)}
    rows = PersonalValue.objects.filter(id__in=wanted).values_list("id", "field", "value") if wanted else ()
    return {id_: value_of(field, text) for id_, field, text in rows}
