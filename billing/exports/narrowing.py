"""What narrows an export by an id. Needs the tenant's scope."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from billing.models import BillingRun
from merchants.models import LegalEntity, Offer, Site
from subscribers.selectors import people


def rows_named() -> dict[str, QuerySet[Any]]:
    """The rows that each such filter may name, by the filter's name in the API."""
    return {
        "subscriber": people.visible(),
        "site": Site.objects.all(),
        "offer": Offer.objects.all(),
        "run": BillingRun.objects.all(),
        "legal_entity": LegalEntity.objects.all(),
    }
