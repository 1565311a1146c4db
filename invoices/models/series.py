"""Series of numbers: one row that every finaliser locks last."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class NumberSeries(TenantModel):
    """Where the next number of a kind of document of a legal entity comes from: gapless, in date order, and chained.

    `head` is the chain's last link; a cut tail shows by it. A format that changes counts for new numbers only: those
    before it stay in `earlier`, each with the last number that it wrote.
    """

    class Kind(models.TextChoices):
        INVOICE = "invoice"
        CREDIT_NOTE = "credit_note"

    legal_entity = TenantForeignKey("merchants.LegalEntity")
    kind = models.CharField(max_length=11, choices=Kind)
    site = TenantForeignKey("merchants.Site", null=True)
    year = models.SmallIntegerField(null=True, help_text="Where each year counts from 1")
    test_clock = TenantForeignKey("merchants.TestClock", null=True)
    format = models.CharField(max_length=60, help_text="{year}-{number:06d}")
    earlier = models.JSONField(default=list, db_default=[], help_text="[{format, until}]: formats before this one")
    next_number = models.BigIntegerField(default=1)
    last_on = models.DateField(null=True, help_text="The date of the last document; the next is not earlier")
    head = models.CharField(max_length=64, blank=True, default="", db_default="", help_text="The last chain_hash")
    chained_from = models.BigIntegerField(
        default=1, db_default=1, help_text="The first number in the chain; those before it are older than the chain"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "legal_entity", "kind", "site", "year", "test_clock"],
                nulls_distinct=False,
                name="a_kind_of_document_has_one_series",
            ),
            models.CheckConstraint(condition=Q(next_number__gte=1), name="numbers_start_at_one"),
            models.CheckConstraint(condition=Q(head__regex="^([0-9a-f]{64})?$"), name="a_head_is_a_digest"),
            models.CheckConstraint(condition=Q(chained_from__gte=1), name="a_chain_starts_in_its_series"),
        ]
