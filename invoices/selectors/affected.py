"""Whom an invoice is about: its payer, the subscriptions on its lines, and their beneficiaries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from invoices.models import Invoice, InvoiceLine
from subscribers.models import Subscription


def subscriptions_on(invoice_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """The subscriptions that stand on each invoice, by invoice: on its lines, and named by itself. Two queries."""
    found: defaultdict[UUID, set[UUID]] = defaultdict(set)
    named = Invoice.objects.filter(id__in=invoice_ids).values_list("id", "subscription_id")
    lines = InvoiceLine.objects.filter(invoice_id__in=invoice_ids, subscription_id__isnull=False)
    for invoice_id, subscription_id in (*named, *lines.values_list("invoice_id", "subscription_id").distinct()):
        if subscription_id is not None:
            found[invoice_id].add(subscription_id)
    return dict(found)


def people_of(invoice_ids: Collection[UUID]) -> set[UUID]:
    """Everybody whose life these invoices may write in: payers and beneficiaries. Whoever settles an invoice locks them
    first, in one go (`belonging.lock`): locked one after the other, two acts could wait for each other for ever."""
    payers = set(Invoice.objects.filter(id__in=invoice_ids).values_list("payer_id", flat=True))
    on_them = set().union(*subscriptions_on(invoice_ids).values())
    return payers | set(Subscription.objects.filter(id__in=on_them).values_list("subscriber_id", flat=True))
