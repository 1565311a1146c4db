"""What workers do for the conductor: one line each, ids in, safe to run twice. Beat only nudges."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from billing import inbox, runs
from billing.flows import reconcile


@shared_task
def reconcile_payments() -> None:
    """Settle every payment and refund that is due to be looked at."""
    runs.settle_due()


@shared_task
def lapse_checkouts() -> None:
    """End every purchase that was not paid in time."""
    runs.lapse_due()


@shared_task
def read_inbox() -> None:
    """Act on every notice of a provider that waits."""
    runs.read_due()


@shared_task
def read_notice(merchant_id: str, notice_id: str) -> None:
    """Act on one notice."""
    inbox.read(merchant_id=UUID(merchant_id), notice_id=UUID(notice_id))


@shared_task
def refund(merchant_id: str, refund_id: str) -> None:
    """Give back one sum that is owed."""
    reconcile.refund(merchant_id=UUID(merchant_id), refund_id=UUID(refund_id))


@shared_task
def foresee_due() -> None:
    """Tell what is coming, where a merchant's local day has begun."""
    runs.foresee_due()
