"""Tasks of the `alerts` queue: one line each, safe to run twice and at once. Beat runs the first three."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from alerts.services import deliver as webhooks
from alerts.services import mail, relay, staff


@shared_task
def relay_events() -> None:
    """Publish what any merchant's journal holds."""
    relay.relay_all()


@shared_task
def send_due() -> None:
    """Ask workers to send the webhooks and letters that are due: one task an endpoint, one a merchant."""
    webhooks.nudge_due()
    mail.nudge_due()


@shared_task
def write_digests() -> None:
    """Write the morning's digest for the staff of every merchant whose morning has come."""
    staff.write_digests()


@shared_task
def deliver(merchant_id: str, endpoint_id: str) -> None:
    """Deliver to one endpoint what is due."""
    webhooks.deliver(UUID(merchant_id), UUID(endpoint_id))


@shared_task
def send(merchant_id: str) -> None:
    """Send one merchant's letters that are due."""
    mail.send(UUID(merchant_id))
