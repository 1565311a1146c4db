"""What was used: one row a record, as it was told, for ever."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class UsageRecord(TenantModel):
    """So much of a metered feature, used at an instant. Append-only: what is billed is added up from these rows."""

    subscription = TenantForeignKey("subscribers.Subscription")
    feature = TenantForeignKey("merchants.Feature")
    quantity = models.DecimalField(max_digits=18, decimal_places=6, default=1)
    value_digest = models.CharField(
        max_length=32, blank=True, help_text="Of what is counted once (unique): never the text itself"
    )
    used_at = models.DateTimeField()
    used_on = models.DateField(help_text="The local date of used_at in the merchant's zone: it says which period")
    key = models.CharField(max_length=200, help_text="The merchant's own: each record counts once")
    created_by = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "key"], name="a_usage_record_counts_once"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="usage_is_not_negative"),
        ]
        indexes = [
            models.Index(fields=["merchant", "subscription", "used_on"], name="usage_of_a_period"),
            models.Index(fields=["merchant", "subscription", "-id"], name="usage_of_a_subscription"),
        ]
