"""Subscribers, and their personal values kept apart so that they can be erased from a history that stays."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models

from merchants.tenancy.models import TenantForeignKey, TenantModel

PERSONAL = (
    "name", "email", "phone", "company", "line1", "line2", "postal_code", "city", "birth_on", "reference", "siren",
    "vat_number", "vat_check", "metadata",
)  # fmt: skip
"""The columns whose values stand in changes and events only as ids of PersonalValue rows. A merchant's reference is one
of them: many use the e-mail address."""
STRUCTURED = ("vat_check", "metadata")
"""Those whose value is JSON."""


def kept_text(value: Any) -> str:
    """A personal value as its row keeps it; JSON as text.

    >>> kept_text("Lucie"), kept_text({"crm": "12"})
    ('Lucie', '{"crm": "12"}')
    """
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def value_of(field: str, text: str) -> Any:
    """A personal value from its row.

    >>> value_of("name", "Lucie"), value_of("metadata", '{"crm": "12"}')
    ('Lucie', {'crm': '12'})
    """
    return json.loads(text) if field in STRUCTURED else text


class Subscriber(TenantModel):
    """A customer, known by the merchant's own reference. By default payer and beneficiary are the same."""

    reference = models.CharField(max_length=120)
    name = models.CharField(max_length=160, blank=True)
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    birth_on = models.DateField(null=True)
    company = models.CharField(max_length=160, blank=True)
    siren = models.CharField(max_length=9, blank=True)
    vat_number = models.CharField(max_length=20, blank=True)
    vat_check = models.JSONField(
        default=dict, db_default={}, help_text="The register's last answer: number, verdict, at, consultation"
    )
    line1 = models.CharField(max_length=160, blank=True)
    line2 = models.CharField(max_length=160, blank=True)
    postal_code = models.CharField(max_length=16, blank=True)
    city = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=2, blank=True)
    locale = models.CharField(max_length=5, default="fr")
    payer = TenantForeignKey("subscribers.Subscriber", null=True, help_text="Who pays for this person; empty: themself")
    site = TenantForeignKey("merchants.Site", null=True)
    test_clock = TenantForeignKey("merchants.TestClock", null=True)
    metadata = models.JSONField(default=dict)
    channel = models.CharField(max_length=12, help_text="Where they were enrolled")
    search = models.TextField(blank=True, help_text="Bookkeeping: what people type, folded")
    provider_customers = models.JSONField(
        default=dict, help_text="Bookkeeping: provider account id → customer id there"
    )
    event_sequence = models.BigIntegerField(default=0, help_text="Bookkeeping: the last event number of this life")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(help_text="Bookkeeping")
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "reference"], name="a_subscriber_reference_is_unique")
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="subscribers_newest"),
            models.Index(fields=["merchant", "email"], name="subscribers_by_email"),
            GinIndex(fields=["search"], name="subscribers_search", opclasses=["gin_trgm_ops"]),
            models.Index(
                fields=["merchant", "test_clock", "id"],
                condition=models.Q(test_clock__isnull=False),
                name="subscribers_on_a_clock",
            ),
        ]


class PersonalValue(TenantModel):
    """One personal value that a change or an event names by id. The only rows of a history that erasure deletes."""

    subscriber = TenantForeignKey("subscribers.Subscriber", db_index=True)
    field = models.CharField(max_length=40)
    value = models.TextField()
    created_at = models.DateTimeField()
