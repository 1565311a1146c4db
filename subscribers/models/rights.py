"""Grants: dated rights of a subscriber to features, each with where it came from."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class Grant(TenantModel):
    """A right to a feature from an instant, perhaps until one. A subscriber may do the best of the live ones."""

    class Source(models.TextChoices):
        OFFER = "offer"
        OPTION = "option"
        GESTURE = "gesture"
        OVERRIDE = "override"

    subscriber = TenantForeignKey("subscribers.Subscriber")
    subscription = TenantForeignKey("subscribers.Subscription", null=True, db_index=True)
    subscription_option = TenantForeignKey("subscribers.SubscriptionOption", null=True)
    feature = TenantForeignKey("merchants.Feature")
    source = models.CharField(max_length=8, choices=Source)
    quota = models.BigIntegerField(null=True, help_text="Of a quota feature; empty: without limit")
    adds = models.BooleanField(default=False)
    level = models.CharField(max_length=60, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=models.F("starts_at")), name="a_right_ends_after_it_starts"
            ),
        ]
        indexes = [models.Index(fields=["merchant", "subscriber", "feature"], name="rights_of_a_subscriber")]
