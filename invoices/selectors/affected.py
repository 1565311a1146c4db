"""Whom an invoice is about: its payer, the subscriptions on its lines, and their beneficiaries.

Asked before every lock on money, so in one statement each, written by hand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from django.db import connection

from merchants.tenancy.scope import current

ON = """
SELECT i.id AS invoice_id, i.subscription_id FROM invoices_invoice i
WHERE i.merchant_id = %(merchant)s AND i.id = ANY(%(ids)s::uuid[]) AND i.subscription_id IS NOT NULL
UNION SELECT l.invoice_id, l.subscription_id FROM invoices_invoiceline l
WHERE l.merchant_id = %(merchant)s AND l.invoice_id = ANY(%(ids)s::uuid[]) AND l.subscription_id IS NOT NULL"""
PEOPLE = f"""
SELECT i.payer_id FROM invoices_invoice i WHERE i.merchant_id = %(merchant)s AND i.id = ANY(%(ids)s::uuid[])
UNION SELECT s.subscriber_id FROM subscribers_subscription s
WHERE s.merchant_id = %(merchant)s AND s.id IN (SELECT subscription_id FROM ({ON}) AS found)"""  # noqa: S608 - constants

TOGETHER = """
SELECT o.id FROM invoices_invoice i JOIN invoices_invoice o
    ON o.merchant_id = i.merchant_id AND o.payer_id = i.payer_id AND o.status = 'open'
WHERE i.merchant_id = %(merchant)s AND i.id = ANY(%(ids)s::uuid[]) AND EXISTS (SELECT 1 FROM invoices_balanceentry b
    WHERE b.merchant_id = i.merchant_id AND b.payer_id = i.payer_id)"""


def subscriptions_on(invoice_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """The subscriptions that stand on each invoice, by invoice: on its lines, and named by itself."""
    found: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for invoice_id, subscription_id in _asked(ON, invoice_ids):
        found[invoice_id].add(subscription_id)
    return dict(found)


def people_of(invoice_ids: Collection[UUID]) -> set[UUID]:
    """Everybody whose life these invoices may write in: payers and beneficiaries. Whoever settles an invoice locks them
    first, in one go (`belonging.lock`): locked one after the other, two acts could wait for each other for ever."""
    return {id_ for (id_,) in _asked(PEOPLE, invoice_ids)}


def people_of_debts(invoice_ids: Collection[UUID]) -> set[UUID]:
    """As `people_of`, and everybody whom the payers' other open invoices are about where a payer has had a balance: it
    pays the oldest first, so who collects one invoice may settle another."""
    return people_of({*invoice_ids, *(id_ for (id_,) in _asked(TOGETHER, invoice_ids))})


def _asked(question: str, invoice_ids: Collection[UUID]) -> list[tuple[UUID, ...]]:
    """Needs the tenant's scope."""
    if not invoice_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(question, {"merchant": current(), "ids": list(invoice_ids)})
        found: list[tuple[UUID, ...]] = cursor.fetchall()
        return found
