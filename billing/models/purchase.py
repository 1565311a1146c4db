"""A purchase before it is paid for: a quote and a checkout session. Neither is a fiscal document."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class Quote(TenantModel):
    """Frozen lines, start date and total of a purchase not yet paid. The provider is asked for exactly `total`."""

    subscription = TenantForeignKey("subscribers.Subscription", db_index=True)
    legal_entity = TenantForeignKey("merchants.LegalEntity")
    offer_version = TenantForeignKey("merchants.OfferVersion")
    currency = models.CharField(max_length=3)
    quantity = models.PositiveIntegerField(default=1)
    options = models.JSONField(default=list, help_text="[{option_version, quantity}]")
    coupons = models.JSONField(default=list, help_text="Coupon ids, in the order attached")
    start_on = models.DateField()
    draft = models.JSONField(help_text="The first invoice's draft lines, with rule, inputs and formula")
    later = models.JSONField(help_text="What will be charged when")
    net = models.BigIntegerField()
    tax = models.BigIntegerField()
    total = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(total__gte=0), name="a_quote_is_not_negative")]


class CheckoutSession(TenantModel):
    """One purchase under way, or one change that waits for its payment (`asked`): a quote, and the URL of the hosted
    payment form."""

    class Status(models.TextChoices):
        OPEN = "open"
        COMPLETE = "complete"
        EXPIRED = "expired"

    subscriber = TenantForeignKey("subscribers.Subscriber", db_index=True)
    subscription = TenantForeignKey("subscribers.Subscription", db_index=True)
    quote = TenantForeignKey("billing.Quote")
    invoice = TenantForeignKey("invoices.Invoice", null=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    allow_codes = models.BooleanField(default=False)
    locale = models.CharField(max_length=5)
    success_url = models.URLField(max_length=1000)
    failure_url = models.URLField(max_length=1000, blank=True)
    cancel_url = models.URLField(max_length=1000, blank=True)
    channel = models.CharField(max_length=12)
    metadata = models.JSONField(default=dict)
    asked = models.JSONField(null=True, help_text="The change of the subscription that is made once this is paid")
    coupons_held = models.JSONField(default=list, help_text="Coupons whose use is counted for the payment under way")
    consented_at = models.DateTimeField(null=True)
    consented_from = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="complete") | Q(completed_at__isnull=False), name="a_complete_session_says_when"
            ),
            models.UniqueConstraint(
                fields=["merchant", "subscription"],
                condition=Q(status="open", asked__isnull=False),
                name="one_change_at_a_time_waits_for_its_payment",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(status="open"), name="checkouts_open"),
            models.Index(fields=["merchant", "-id"], name="checkouts_newest"),
        ]
