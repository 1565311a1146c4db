"""What workers do for documents: one line each, ids in, safe to run twice."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from invoices.services import clearing, till_days
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


@shared_task(soft_time_limit=240, time_limit=300)
def clear_old() -> None:
    """Take the customer off documents whose years of retention are over."""
    clearing.clear_due()


@shared_task(soft_time_limit=240, time_limit=300)
def close_tills() -> None:
    """Close the days, months and years of tills that are over."""
    till_days.close_due()


@shared_task(soft_time_limit=60, time_limit=90)
def print_lost(merchant_id: str, file_id: str) -> None:
    """Print again one document whose file the store has lost."""
    from invoices.services import printing

    printing.print_lost(merchant_id=UUID(merchant_id), file_id=UUID(file_id))
