"""Webhook endpoints: made, changed, switched off, deleted; secrets rolled; deliveries sent again; a test sent."""

from __future__ import annotations

import secrets as random_secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from alerts import reach, signatures
from alerts.models import Delivery, WebhookEndpoint
from alerts.services.nudge import nudge
from alerts.wanted import TESTED
from merchants import journal
from merchants.actors import Actor
from merchants.clock import instant
from merchants.models import Event, Merchant
from merchants.now import Now
from merchants.refusals import Conflict, FieldError, Invalid, gettext_noop
from merchants.secrets import encrypt
from merchants.tenancy.scope import current

MOST = 20
"""Endpoints of one merchant."""

OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=7)

KINDS: Sequence[str] = (
    *("subscriber.created", "subscriber.updated", "subscriber.erased", "subscriber.feature_changed"),
    *("checkout_session.completed", "checkout_session.expired"),
    *("subscription.created", "subscription.activated", "subscription.updated", "subscription.offer_changed"),
    "subscription.price_change_announced",
    *("gesture.given", "gesture.undone"),
    *("subscription.option_added", "subscription.option_removed", "subscription.cancellation_scheduled"),
    *("subscription.cancellation_undone", "subscription.suspended", "subscription.resumed", "subscription.renewed"),
    *("subscription.ending", "subscription.ended", "subscription.trial_ending", "subscription.commitment_ending"),
    *("subscription.parked", "access.changed", "invoice.sent", "payment.refund_failed"),
    *("invoice.finalized", "invoice.paid", "invoice.payment_failed", "invoice.overdue", "invoice.uncollectible"),
    *("invoice.cancelled", "dunning.started", "dunning.step_taken", "dunning.ended", "credit_note.created"),
    *("payment.succeeded", "payment.failed", "payment.requires_action", "payment.refunded", "payment.disputed"),
    *("payment.reversed", "payment.receipt_sent"),
    *("payment_method.attached", "payment_method.updated", "payment_method.detached", "payment_method.expiring"),
    *("payment_method.expired", "alert.raised", "message.sent"),
    *("mandate.signed", "mandate.refused", "mandate.revoked"),
    *("merchant.updated", "legal_entity.created", "legal_entity.updated", "tax_rate.created", "site.created"),
    *("site.updated", "feature.created", "feature.updated", "offer.created", "offer.updated", "option.created"),
    *("option.updated", "coupon.created", "coupon.updated", "test_clock.created"),
    *("test_clock.advancing", "test_clock.ready", "test_clock.released", "test_clock.deleted"),
    *("device.registered", "device.paired", "device.unpaired", "member.pin_changed", "till.closed"),
    *("visit.entered", "visit.undone", "member_card.replaced"),
    *("accounting.updated", "ereporting.updated", "ereport.made", "ereport.settled"),
)
"""The kinds that an endpoint may ask for: those of api.md (Events), and the catalogue's."""

FAMILIES: Sequence[str] = tuple(dict.fromkeys(kind.partition(".")[0] + ".*" for kind in KINDS))


def kept() -> QuerySet[WebhookEndpoint]:
    """The merchant's endpoints that are not deleted."""
    found: QuerySet[WebhookEndpoint] = WebhookEndpoint.objects.filter(deleted_at=None)
    return found


def check_url(url: str, *, merchant: Merchant) -> str:
    """The URL where a webhook of this merchant's may go. Raises Invalid on `url`.

    Real merchants' must be https; a sandbox's may be http. Whatever the name resolves to is looked at before each call.
    """
    where = reach.target(url, secure=not merchant.is_sandbox and not settings.WEBHOOKS_TO_LOOPBACK)
    if reach.is_inside(where.host, loopback=settings.WEBHOOKS_TO_LOOPBACK):
        raise Invalid.at("url", "url_private", gettext_noop("This address is not on the public internet."))
    return url


def check_kinds(kinds: Sequence[str]) -> list[str]:
    """The kinds asked for, each once, in our order. Raises Invalid naming each that does not exist."""
    known = {*KINDS, *FAMILIES}
    errors = [
        FieldError(
            field=f"events[{index}]",
            code="event_unknown",
            detail=gettext_noop("There is no event “%(kind)s”."),
            params={"kind": kind},
        )
        for index, kind in enumerate(kinds)
        if kind not in known
    ]
    if errors:
        raise Invalid(code="event_unknown", errors=errors)
    return list(dict.fromkeys(kinds))


def new_secret() -> str:
    """A fresh secret, as it is shown once."""
    return signatures.secret_of(random_secrets.token_bytes(signatures.BYTES))


def create(
    *, url: str, events: Sequence[str] = (), description: str = "", merchant: Merchant, now: Now
) -> tuple[WebhookEndpoint, str]:
    """A new endpoint, and its secret, which is shown now and never again. Raises Invalid, Conflict (too many)."""
    if kept().count() >= MOST:
        raise Conflict(
            gettext_noop("There are %(most)s webhook endpoints, which is the most."),
            code="too_many_endpoints",
            way_out=gettext_noop("Delete one that is no longer needed."),
            params={"most": MOST},
        )
    secret = new_secret()
    endpoint = WebhookEndpoint.objects.create(
        url=check_url(url, merchant=merchant),
        events=check_kinds(events),
        description=description[:200],
        secret=encrypt(secret),
        created_at=now.at,
    )
    return endpoint, secret


def revise(endpoint: WebhookEndpoint, values: Mapping[str, Any], *, merchant: Merchant) -> WebhookEndpoint:
    """Change `url`, `events`, `description` or `enabled`. Raises Invalid.

    Switched off it gets no new event, and what waits is held back; switched on again, that is sent first, in order.
    """
    changed = []
    if "url" in values and values["url"] != endpoint.url:
        endpoint.url = check_url(values["url"], merchant=merchant)
        endpoint.failures, endpoint.failing_since, endpoint.rests_until = 0, None, None
        changed += ["url", "failures", "failing_since", "rests_until"]
    if "events" in values:
        endpoint.events = check_kinds(values["events"])
        changed.append("events")
    if "description" in values:
        endpoint.description = values["description"][:200]
        changed.append("description")
    if "enabled" in values and values["enabled"] != (endpoint.disabled_at is None):
        endpoint.disabled_at = None if values["enabled"] else instant()
        endpoint.failures, endpoint.failing_since, endpoint.rests_until = 0, None, None
        changed += ["disabled_at", "failures", "failing_since", "rests_until"]
        if values["enabled"]:
            _after_commit(endpoint.pk)
    if changed:
        endpoint.save(update_fields=list(dict.fromkeys(changed)))
    return endpoint


def roll(endpoint: WebhookEndpoint, *, overlap: timedelta = OVERLAP) -> str:
    """A new secret, shown once. Until `overlap` has passed (real time) the old one signs too. Raises Invalid."""
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise Invalid.at("overlap_hours", "overlap_out_of_range", gettext_noop("From 0 to 168 hours."))
    secret = new_secret()
    endpoint.previous_secret = endpoint.secret if overlap else None
    endpoint.previous_secret_until = instant() + overlap if overlap else None
    endpoint.secret = encrypt(secret)
    endpoint.save(update_fields=["secret", "previous_secret", "previous_secret_until"])
    return secret


def delete(endpoint: WebhookEndpoint) -> None:
    """Delete an endpoint: its past deliveries stay to be read, what waits is given up."""
    endpoint.deleted_at = instant()
    endpoint.save(update_fields=["deleted_at"])
    Delivery.objects.filter(endpoint=endpoint, status=Delivery.Status.WAITING).update(
        status=Delivery.Status.FAILED, next_try_at=None, last_error="The endpoint was deleted."
    )


def retry(delivery: Delivery) -> Delivery:
    """Send a delivery again now, whatever became of it, with a new budget of tries. Raises Conflict.

    The endpoint's rest ends: who asks has repaired something. The receiver knows a repeat by its `webhook-id`.
    """
    endpoint = _woken(delivery.endpoint_id)
    locked: Delivery = Delivery.objects.select_for_update().get(id=delivery.pk)
    locked.status, locked.tries, locked.next_try_at, locked.delivered_at = Delivery.Status.WAITING, 0, instant(), None
    locked.save(update_fields=["status", "tries", "next_try_at", "delivered_at"])
    _after_commit(endpoint.pk)
    return locked


def replay(endpoint: WebhookEndpoint, *, since: datetime | None = None) -> int:
    """Send again all that was given up (since an instant), in its order; how many. Raises Conflict."""
    endpoint = _woken(endpoint.pk)
    given_up = Delivery.objects.filter(endpoint=endpoint, status=Delivery.Status.FAILED)
    if since is not None:
        given_up = given_up.filter(created_at__gte=since)
    count = int(given_up.update(status=Delivery.Status.WAITING, tries=0, next_try_at=instant()))
    _after_commit(endpoint.pk)
    return count


def _woken(endpoint_id: UUID) -> WebhookEndpoint:
    """The endpoint, locked, its rest ended. Raises Conflict where it is switched off."""
    endpoint: WebhookEndpoint = WebhookEndpoint.objects.select_for_update().get(id=endpoint_id)
    if endpoint.deleted_at or endpoint.disabled_at:
        raise Conflict(
            gettext_noop("This endpoint is switched off."),
            code="endpoint_disabled",
            way_out=gettext_noop("Switch it on, then send again."),
        )
    if endpoint.rests_until is not None and endpoint.failing_since is not None:
        endpoint.rests_until = None
        endpoint.save(update_fields=["rests_until"])
    return endpoint


def test(endpoint: WebhookEndpoint, *, actor: Actor, now: Now) -> Event:
    """Send a test event to this endpoint only. It goes the way of all events, through journal and relay.

    Raises Conflict where the endpoint is switched off.
    """
    if endpoint.disabled_at or endpoint.deleted_at:
        raise Conflict(gettext_noop("This endpoint is switched off."), code="endpoint_disabled")
    shown = {"id": endpoint.public_id, "url": endpoint.url}
    event = journal.record(kind=TESTED, object_id=endpoint.pk, data={"object": shown}, actor=actor, now=now)
    transaction.on_commit(partial(nudge, "relay_events"))
    return event


def _after_commit(endpoint_id: UUID) -> None:
    transaction.on_commit(partial(nudge, "deliver", current(), endpoint_id))
