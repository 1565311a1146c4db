"""Sending webhooks: claim, call outside any transaction, record. At least once, in order per subscriber."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from alerts import signatures
from alerts.services import call, claims, outcomes
from alerts.services.call import Answer
from alerts.services.claims import Batch, Claim
from alerts.services.nudge import nudge
from merchants.clock import instant
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant

ENDPOINTS = 1_000
"""Endpoints nudged in one beat."""

TURN_SECONDS = 30.0
"""After so long a worker lets others have their turn, though this endpoint has more."""


def nudge_due() -> int:
    """Ask workers to deliver to every endpoint that has something due; how many there are. One task an endpoint, so
    that none waits for another's answers."""
    due = across_tenants("due_endpoints", instant(), ENDPOINTS)
    for merchant_id, endpoint_id in due:
        nudge("deliver", merchant_id, endpoint_id)
    return len(due)


def deliver(merchant_id: UUID, endpoint_id: UUID) -> int:
    """Deliver what is due to one endpoint, batch after batch; how many calls were made. Safe to run twice or at once.

    Ends when nothing is due, when the endpoint is put to rest, or when its turn is over (then it is nudged again).
    """
    with tenant(merchant_id):
        until = claims.take_endpoint(endpoint_id, at=instant())
    if until is None:
        return 0
    calls, began, more = 0, time.monotonic(), False
    try:
        while True:
            with tenant(merchant_id):
                batch = claims.claim(endpoint_id, at=instant())
            if batch is None:
                break
            answers = call_all(batch)
            calls += len(answers)
            with tenant(merchant_id):
                healthy = outcomes.record(endpoint_id, batch, answers, at=instant())
            if not healthy:
                break
            if time.monotonic() - began > TURN_SECONDS:
                more = True
                break
    finally:
        with tenant(merchant_id):
            claims.release_endpoint(endpoint_id, until=until)
    if more:
        nudge("deliver", merchant_id, endpoint_id)
    return calls


def call_all(batch: Batch) -> list[Answer]:
    """Make the calls of a batch at the same time; their answers in the batch's order. No scope may be open."""
    if len(batch.claims) == 1:
        return [_call(batch, batch.claims[0])]
    with ThreadPoolExecutor(max_workers=len(batch.claims), thread_name_prefix="webhook") as pool:
        return list(pool.map(lambda claim: _call(batch, claim), batch.claims))


def _call(batch: Batch, claim: Claim) -> Answer:
    """Sign with the present real second, and send."""
    timestamp = int(instant().timestamp())
    signed = signatures.headers(batch.secrets, message_id=claim.message_id, timestamp=timestamp, body=claim.body)
    headers = {"content-type": "application/json; charset=utf-8", **signed}
    return call.post(batch.url, body=claim.body, headers=headers)
