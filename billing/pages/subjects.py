"""What addresses of billing's pages name, found or a 404."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, QuerySet

from invoices.models import Invoice
from merchants import ids
from merchants.refusals import NotFound
from subscribers.models import Subscriber, Subscription
from subscribers.selectors import people

M = TypeVar("M", bound=Model)


def subscription_of(shown: str) -> Subscription:
    """A subscription with its offer version and people. Raises NotFound."""
    rows = Subscription.objects.select_related("offer_version__offer", "subscriber", "payer")
    return _one(rows, "sub", shown)


def subscriber_of(shown: str) -> Subscriber:
    """A subscriber who is shown. Raises NotFound."""
    return _one(people.visible(), "cus", shown)


def invoice_of(shown: str) -> Invoice:
    """A numbered invoice with who pays it. Raises NotFound."""
    return _one(Invoice.objects.select_related("payer").exclude(status=Invoice.Status.DRAFT), "inv", shown)


def _one(rows: QuerySet[M], prefix: str, shown: str) -> M:
    key = ids.read(prefix, shown)
    row = rows.filter(pk=key).first() if key else None
    if row is None:
        raise NotFound
    return row
