"""What workers do for documents: one line each, ids in, safe to run twice."""

from __future__ import annotations

from celery import shared_task

from merchants.clock import instant
from merchants.tenancy.across import across_tenants

MOST = 50


@shared_task(soft_time_limit=240, time_limit=300)
def print_missing() -> None:
    """Print every document that waits for it."""
    found = across_tenants("unprinted_documents", instant(), MOST)
    if found:
        from invoices.services import printing  # WeasyPrint takes seconds to import: only where something is printed

        for merchant_id, file_id in found:
            printing.print_file(merchant_id=merchant_id, file_id=file_id)
