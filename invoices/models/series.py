"""Series of numbers: one row that every finaliser locks last."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class NumberSeries(TenantModel):
    """Where the next number of a kind of document of a legal entity comes from: gapless, and in date order."""

    class Kind(models.TextChoices):
        INVOICE = "invoice"
        CREDIT_NOTE = "credit_note"

    legal_entity = TenantForeignKey("merchants.LegalEntity")
    kind = models.CharField(max_length=11, choices=Kind)
    site = TenantForeignKey("merchants.Site", null=True)
    test_clock = TenantForeignKey("merchants.TestClock", null=True)
    format = models.CharField(max_length=40, help_text="{year}-{number:06d}")
    next_number = models.BigIntegerField(default=1)
    last_on = models.DateField(null=True, help_text="The date of the last document; the next is not earlier")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "legal_entity", "kind", "site", "test_clock"],
                nulls_distinct=False,
                name="a_kind_of_document_has_one_series",
            ),
            models.CheckConstraint(condition=Q(next_number__gte=1), name="numbers_start_at_one"),
        ]
