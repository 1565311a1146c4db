"""What workers do for documents: one line each, ids in, safe to run twice."""

from __future__ import annotations

import logging

from celery import shared_task

from invoices.services import printing
from merchants.clock import instant
from merchants.tenancy.across import across_tenants

MOST = 50
log = logging.getLogger(__name__)


@shared_task
def print_missing() -> None:
    """Print every document that waits for it."""
    for merchant_id, file_id in across_tenants("unprinted_documents", instant(), MOST):
        printing.print_file(merchant_id=merchant_id, file_id=file_id)
