"""The relay: publishes what the journal holds. One merchant at a time, in batches, each batch one transaction.

In that transaction events get the merchant's numbers, and what they make is written: deliveries to endpoints, letters,
alerts. Nothing leaves the house here; workers are nudged after COMMIT. Two relays at once have one effect: an advisory
lock per merchant lasts until COMMIT, and the database knows each number, delivery, letter and fact once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import DatabaseError, connection

from alerts import routes
from alerts.models import Alert, Delivery, Message, WebhookEndpoint
from alerts.occurrences import Occurrence
from alerts.order import in_order
from alerts.routes import To
from alerts.services import raising
from alerts.services.circumstances import occurrences
from alerts.services.nudge import nudge
from alerts.wanted import goes_to
from merchants.clock import instant
from merchants.models import Event, Merchant
from merchants.now import Now
from merchants.tenancy import bulk
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber

logger = logging.getLogger(__name__)

BATCH = 500
"""Events in one transaction."""

MERCHANTS = 1_000
"""Merchants looked at in one pass; those left over come with the next."""

BATCHES = 40
"""Batches of one merchant in one pass, so that one with a huge run does not keep the others waiting for ever."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """What one batch did: how many events, and who has work now."""

    events: int = 0
    endpoints: frozenset[UUID] = field(default_factory=frozenset)
    letters: int = 0
    alerts: int = 0


def relay_all() -> int:
    """Publish whatever any merchant has unpublished; the number of events. Nudges workers as batches are committed.

    Merchants take turns, a batch each, so that one with a large run does not keep the others waiting.
    """
    total = 0
    waiting = [merchant_id for merchant_id, _ in across_tenants("unpublished_events", MERCHANTS)]
    for _ in range(BATCHES):
        if not waiting:
            break
        still = []
        for merchant_id in waiting:
            try:
                done = publish(merchant_id)
            except DatabaseError:
                logger.exception("The relay of merchant %s failed; its events wait for the next beat.", merchant_id)
                continue
            total += done.events
            for endpoint_id in done.endpoints:
                nudge("deliver", merchant_id, endpoint_id)
            if done.letters:
                nudge("send", merchant_id)
            if done.events:
                still.append(merchant_id)
        waiting = still
    return total


def publish(merchant_id: UUID, *, most: int = BATCH) -> Published:
    """Publish up to `most` events of a merchant (and those that must go before them), in one transaction.

    Does nothing where another relay is at work on the same merchant: that one, or the next beat, takes what is left.
    The number of statements does not depend on the number of events.
    """
    with tenant(merchant_id):
        if not take_turn(merchant_id):
            return Published()
        events = in_order(_unpublished(most))
        if not events:
            return Published()
        at = instant()
        _number(merchant_id, events)
        seen = occurrences(events)
        endpoints = _write_deliveries(events, seen, at=at)
        letters = _write_letters(merchant_id, events, seen, at=at)
        alerts = _write_alerts(merchant_id, events, seen)
        return Published(events=len(events), endpoints=endpoints, letters=letters, alerts=alerts)


def take_turn(merchant_id: UUID) -> bool:
    """Whether we are the merchant's only relay until COMMIT."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended('alerts.relay ' || %s, 0))", [str(merchant_id)]
        )
        return bool(cursor.fetchone()[0])


def _unpublished(most: int) -> list[Event]:
    """The oldest by id, and with them whatever stands before them in the same lives though its id is younger.

    An earlier event of a life is committed when a later one is: both were numbered under the subscriber's lock.
    """
    first = list(Event.objects.filter(published_at=None).order_by("id")[:most])
    last: dict[UUID, int] = {}
    for event in first:
        if event.subscriber_id is not None and event.subscriber_sequence is not None:
            last[event.subscriber_id] = max(event.subscriber_sequence, last.get(event.subscriber_id, 0))
    if len(first) < most or not last:
        return first
    others = Event.objects.filter(published_at=None, subscriber_id__in=last, id__gt=first[-1].pk)
    return first + [
        event
        for event in others
        if event.subscriber_id and event.subscriber_sequence and event.subscriber_sequence < last[event.subscriber_id]
    ]


def _number(merchant_id: UUID, events: Sequence[Event]) -> None:
    """Give the merchant's next numbers, in order. The journal refuses to be numbered twice."""
    published_at = instant()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE merchants_merchant SET event_sequence = event_sequence + %s WHERE id = %s RETURNING event_sequence",
            [len(events), str(merchant_id)],
        )
        last = cursor.fetchone()[0]
        numbers = list(range(last - len(events) + 1, last + 1))
        cursor.execute(
            "UPDATE merchants_event e SET sequence = given.number, published_at = %s"
            " FROM unnest(%s::uuid[], %s::bigint[]) AS given (id, number)"
            " WHERE e.merchant_id = %s AND e.id = given.id",
            [published_at, [str(event.pk) for event in events], numbers, str(merchant_id)],
        )
    for event, number in zip(events, numbers, strict=True):
        event.sequence, event.published_at = number, published_at


def _write_deliveries(events: Sequence[Event], seen: Iterable[Occurrence], *, at: datetime) -> frozenset[UUID]:
    endpoints = list(
        WebhookEndpoint.objects.filter(deleted_at=None, disabled_at=None).order_by("id").values_list("id", "events")
    )
    rows = [
        Delivery(
            endpoint_id=endpoint_id,
            event_id=event.pk,
            subscriber_id=event.subscriber_id,
            sequence=event.sequence or 0,
            next_try_at=at,
            created_at=at,
        )
        for event, occurrence in zip(events, seen, strict=True)
        for endpoint_id, wanted in endpoints
        if goes_to(occurrence, endpoint_id=endpoint_id, wanted=wanted)
    ]
    bulk.insert(rows)
    return frozenset(row.endpoint_id for row in rows)


def _write_letters(merchant_id: UUID, events: Sequence[Event], seen: Iterable[Occurrence], *, at: datetime) -> int:
    wanted = [(event, letter) for event, one in zip(events, seen, strict=True) for letter in routes.letters(one)]
    if not wanted:
        return 0
    people = {letter.subscriber_id for _, letter in wanted if letter.subscriber_id is not None}
    spoken = dict(Subscriber.objects.filter(id__in=people).values_list("id", "locale")) if people else {}
    own = Merchant.objects.filter(id=merchant_id).values_list("locale", flat=True).get()
    Message.objects.bulk_create(
        Message(
            kind=letter.kind,
            event_id=event.pk,
            subscriber_id=letter.subscriber_id,
            invoice_id=letter.invoice_id,
            to_merchant=letter.to is To.merchant,
            locale=(letter.subscriber_id and spoken.get(letter.subscriber_id)) or own,
            next_try_at=at,
            created_at=at,
        )
        for event, letter in wanted
    )
    return len(wanted)


def _write_alerts(merchant_id: UUID, events: Sequence[Event], seen: Iterable[Occurrence]) -> int:
    """Settle and raise in the order of the events: what is settled later in the batch is not raised at all."""
    raised: dict[str, Alert] = {}
    settled: list[str] = []
    for event, occurrence in zip(events, seen, strict=True):
        if gone := routes.settled(occurrence):
            settled.extend(gone)
            raised = {fact: alert for fact, alert in raised.items() if not fact.startswith(gone)}
        for notice in routes.notices(occurrence):
            raised.setdefault(
                notice.fact,
                Alert(
                    kind=notice.kind,
                    severity=notice.severity.value,
                    fact=notice.fact,
                    subscriber_id=occurrence.subscriber_id,
                    event_id=event.pk,
                    details=dict(notice.details),
                    created_at=event.created_at,
                ),
            )
    if not settled and not raised:
        return 0
    zone = Merchant.objects.filter(id=merchant_id).values_list("timezone", flat=True).get()
    now = Now(at=instant(), zone=zone)
    raising.settle(settled, now=now)
    return len(raising.raise_all(raised.values(), now=now))
