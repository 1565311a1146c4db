"""What came of webhooks: taken, to be tried again or given up; an endpoint's health; what its merchant is told."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection

from alerts import patience
from alerts.models import Alert, Delivery, WebhookEndpoint
from alerts.services import raising
from alerts.services.call import Answer
from alerts.services.claims import Batch
from merchants.models import Merchant
from merchants.now import Now
from merchants.tenancy.scope import current

GONE = 410
"""What a receiver answers that wants no more (Standard Webhooks): the endpoint is switched off."""

TOLD_AFTER = timedelta(hours=1)
"""An endpoint that has failed for so long is an alert."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The new state of one delivery."""

    status: str
    next_try_at: datetime | None
    delivered_at: datetime | None


def record(endpoint_id: UUID, batch: Batch, answers: Sequence[Answer], *, at: datetime) -> bool:
    """Write what came of a batch, in one transaction; whether the endpoint can be called again at once.

    A record that comes after its claim lapsed and another worker tried is dropped: `tries` tells.
    """
    outcomes = [_outcome(claim.tries, answer, at=at) for claim, answer in zip(batch.claims, answers, strict=True)]
    _write(batch, answers, outcomes)
    endpoint = WebhookEndpoint.objects.select_for_update().get(id=endpoint_id)
    given_up = sum(outcome.status == Delivery.Status.FAILED for outcome in outcomes)
    return _judge(endpoint, answers, given_up=given_up, at=at)


def _outcome(tries: int, answer: Answer, *, at: datetime) -> _Outcome:
    if answer.taken:
        return _Outcome(Delivery.Status.DELIVERED, None, at)
    waits = patience.wait(patience.WEBHOOK_WAITS, tries, chance=random.random())  # noqa: S311 - spreads load
    if waits is None:
        return _Outcome(Delivery.Status.FAILED, None, None)
    return _Outcome(Delivery.Status.WAITING, at + waits, None)


def _write(batch: Batch, answers: Sequence[Answer], outcomes: Sequence[_Outcome]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE alerts_delivery d SET status = o.status, next_try_at = o.next_try_at,"
            " delivered_at = o.delivered_at, last_status = o.last_status, last_error = o.last_error,"
            " last_answer = o.last_answer"
            " FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::int[],"
            " %s::text[], %s::text[])"
            " AS o (id, tries, status, next_try_at, delivered_at, last_status, last_error, last_answer)"
            " WHERE d.merchant_id = %s AND d.id = o.id AND d.tries = o.tries AND d.status = 'waiting'",
            [
                [str(claim.id) for claim in batch.claims],
                [claim.tries for claim in batch.claims],
                [str(outcome.status) for outcome in outcomes],
                [outcome.next_try_at for outcome in outcomes],
                [outcome.delivered_at for outcome in outcomes],
                [answer.status for answer in answers],
                [answer.error[:300] for answer in answers],
                [answer.text for answer in answers],
                str(current()),
            ],
        )


def _judge(endpoint: WebhookEndpoint, answers: Sequence[Answer], *, given_up: int, at: datetime) -> bool:
    """Keep the endpoint's health, let it rest, switch it off, raise or settle alerts; whether it is healthy."""
    now = Now(at=at, zone=Merchant.objects.values_list("timezone", flat=True).get(id=current()))
    if any(answer.taken for answer in answers):
        if endpoint.failing_since is not None:
            raising.settle([f"webhook_failing:{endpoint.public_id}:"], now=now)
            endpoint.failures, endpoint.failing_since = 0, None
            endpoint.save(update_fields=["failures", "failing_since"])
        _alert_given_up(endpoint, given_up, now=now)
        return endpoint.disabled_at is None
    endpoint.failures += len(answers)
    endpoint.failing_since = endpoint.failing_since or at
    changed = ["failures", "failing_since"]
    if any(answer.status == GONE for answer in answers):
        endpoint.disabled_at = endpoint.disabled_at or at
        changed.append("disabled_at")
        _alert(endpoint, "endpoint_gone", Alert.Severity.BAD, at.isoformat(), now=now)
    rests = patience.rest(endpoint.failures, chance=random.random())  # noqa: S311 - spreads load
    if rests is not None:
        endpoint.rests_until = at + rests
        changed.append("rests_until")
    endpoint.save(update_fields=changed)
    if at - endpoint.failing_since >= patience.GIVEN_UP_AFTER:
        given_up += _give_up_old(endpoint, at=at)
    if at - endpoint.failing_since >= TOLD_AFTER:
        _alert(endpoint, "webhook_failing", Alert.Severity.WARN, endpoint.failing_since.isoformat(), now=now)
    _alert_given_up(endpoint, given_up, now=now)
    return rests is None and endpoint.disabled_at is None


def _give_up_old(endpoint: WebhookEndpoint, *, at: datetime) -> int:
    """Give up what has waited for three days at an endpoint that has failed for as long: while it rests, each alone is
    hardly ever tried."""
    return Delivery.objects.filter(
        endpoint=endpoint, status=Delivery.Status.WAITING, created_at__lte=at - patience.GIVEN_UP_AFTER
    ).update(status=Delivery.Status.FAILED, next_try_at=None)


def _alert_given_up(endpoint: WebhookEndpoint, given_up: int, *, now: Now) -> None:
    """One alert an endpoint and day, however many deliveries."""
    if given_up:
        _alert(endpoint, "webhook_given_up", Alert.Severity.BAD, now.today.isoformat(), now=now)


def _alert(endpoint: WebhookEndpoint, kind: str, severity: str, occasion: str, *, now: Now) -> None:
    raising.raise_all(
        [
            Alert(
                kind=kind,
                severity=severity,
                fact=f"{kind}:{endpoint.public_id}:{occasion}",
                details={"endpoint": endpoint.public_id, "url": endpoint.url},
                created_at=now.at.astimezone(UTC),
            )
        ],
        now=now,
    )
