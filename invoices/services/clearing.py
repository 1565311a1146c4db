"""Clearing the customer from documents that need be kept no longer: customer and salt go, and the printed files. The
customer's digest stays, so that content and chain are still proved (`docs/decisions/hash-chain.md`).

Documents are cleared in the order of their series: the cleared ones are its beginning, and where it ends is found by
halves, however many there are. Those from before the chain hold their customer in the content itself and stay.
"""

from __future__ import annotations

import logging
from datetime import date
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db.models import Q

from invoices.models import ChartOfAccounts, CreditNote, DocumentFile, Invoice, NumberSeries
from invoices.retention import kept_until
from merchants.models import Merchant
from merchants.selectors.clocks import now_for
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant

AT_ONCE = 500
"""Documents of one series that are cleared in one transaction; the rest at the next nudge."""
MERCHANTS = 500
log = logging.getLogger(__name__)


def clear_due() -> int:
    """Clear what is due, merchant by merchant. Answers how many documents."""
    done, following = 0, UUID(int=0)
    while page := across_tenants("merchants", following, MERCHANTS):
        for merchant_id, _ in page:
            try:
                with tenant(merchant_id):
                    today = now_for(Merchant.objects.get(id=merchant_id)).today
                done += clear(merchant_id=merchant_id, today=today)
            except Exception:
                log.exception("Merchant %s: old documents could not be cleared; tried again later", merchant_id)
        following = page[-1].id
    return done


def clear(*, merchant_id: UUID, today: date) -> int:
    """Clear what one merchant need keep no longer, a batch of each series. Answers how many documents. The files go
    first: where the store does not answer (OSError), nothing is written, and the next turn begins again."""
    with tenant(merchant_id):
        found = [
            (series.kind, due)
            for series in NumberSeries.objects.filter(test_clock=None).order_by("id")
            if (due := _due(series, today))
        ]
    for kind, ids in found:
        key, model = ("invoice_id", Invoice) if kind == NumberSeries.Kind.INVOICE else ("credit_note_id", CreditNote)
        of_them = Q(**{f"{key}__in": ids})
        with tenant(merchant_id):
            paths = list(DocumentFile.objects.filter(of_them).exclude(path="").values_list("path", flat=True))
        for path in paths:
            default_storage.delete(path)
        with tenant(merchant_id):
            rows: Any = model.objects.filter(id__in=ids)
            rows.update(customer={}, customer_salt="")
            DocumentFile.objects.filter(of_them).delete()
    return sum(len(ids) for _, ids in found)


def _due(series: NumberSeries, today: date) -> list[UUID]:
    rows: Any = (Invoice if series.kind == NumberSeries.Kind.INVOICE else CreditNote).objects.filter(series=series)
    low, high = series.chained_from, series.next_number
    while low < high:
        middle = (low + high) // 2
        if rows.filter(sequence=middle).values_list("customer_salt", flat=True).first():
            high = middle
        else:
            low = middle + 1
    chart = ChartOfAccounts.objects.filter(legal_entity_id=series.legal_entity_id).first()
    month = chart.closing_month if chart else 12
    block = rows.filter(sequence__gte=low).order_by("sequence").values_list("id", "issued_on")[:AT_ONCE]
    return [id_ for id_, issued_on in block if kept_until(issued_on, closing_month=month) < today]
