"""Discounts and their limits."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from merchants.tenancy.models import TenantForeignKey, TenantModel


class Coupon(TenantModel):
    """A discount: percent or amount; once, for n paid periods, or for ever; with limits."""

    class Duration(models.TextChoices):
        ONCE = "once"
        REPEATING = "repeating"
        FOREVER = "forever"

    reference = models.CharField(max_length=120)
    code = models.CharField(max_length=60, help_text="What people type; compared without case")
    title = models.JSONField(default=dict)
    percent_off = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    amount_off = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    duration = models.CharField(max_length=9, choices=Duration)
    periods = models.PositiveSmallIntegerField(null=True)
    max_uses = models.PositiveIntegerField(null=True)
    max_uses_per_subscriber = models.PositiveIntegerField(null=True)
    uses = models.PositiveIntegerField(default=0)
    valid_until = models.DateTimeField(null=True)
    metadata = models.JSONField(default=dict)
    is_gesture = models.BooleanField(
        default=False, db_default=False, help_text="Made for a gesture: nobody types it, no list shows it"
    )
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "reference"], name="a_coupon_reference_is_unique"),
            models.UniqueConstraint(
                models.F("merchant"),
                Upper("code"),
                condition=Q(archived_at=None),
                name="a_coupon_code_is_unique",
            ),
            models.CheckConstraint(
                condition=Q(percent_off__isnull=True, amount_off__isnull=False, amount_off__gt=0)
                | Q(amount_off__isnull=True, percent_off__isnull=False, percent_off__gt=0, percent_off__lte=100),
                name="a_coupon_is_a_percentage_or_an_amount",
            ),
            models.CheckConstraint(
                condition=~Q(duration="repeating") | Q(periods__isnull=False, periods__gte=1),
                name="a_repeating_coupon_says_how_often",
            ),
            models.CheckConstraint(
                condition=Q(max_uses=None) | Q(uses__lte=models.F("max_uses")), name="a_coupon_is_not_used_too_often"
            ),
        ]


class CouponTarget(TenantModel):
    """An offer or an option that a coupon names. A coupon that names nothing applies to all lines."""

    coupon = TenantForeignKey("merchants.Coupon", related_name="targets")
    offer = TenantForeignKey("merchants.Offer", null=True)
    option = TenantForeignKey("merchants.Option", null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(offer__isnull=True) ^ Q(option__isnull=True), name="a_coupon_names_an_offer_or_an_option"
            )
        ]
