"""How a payer pays: cards and mandates kept at the provider, and manual means."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class PaymentMethod(TenantModel):
    """A card or SEPA mandate kept at the provider. Never a card number: only what the provider shows of it."""

    class Kind(models.TextChoices):
        CARD = "card"
        SEPA_DEBIT = "sepa_debit"

    subscriber = TenantForeignKey("subscribers.Subscriber", db_index=True)
    gateway = models.CharField(max_length=12)
    account = TenantForeignKey("merchants.ProviderAccount")
    kind = models.CharField(max_length=10, choices=Kind)
    provider_ref = models.CharField(max_length=255)
    customer_ref = models.CharField(max_length=255, blank=True)
    brand = models.CharField(max_length=30, blank=True)
    last4 = models.CharField(max_length=4, blank=True)
    exp_month = models.PositiveSmallIntegerField(null=True)
    exp_year = models.PositiveSmallIntegerField(null=True)
    country = models.CharField(max_length=2, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    detached_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "account", "provider_ref"], name="a_payment_method_is_known_once"
            ),
            models.UniqueConstraint(
                fields=["merchant", "subscriber"],
                condition=Q(is_default=True, detached_at=None),
                name="a_payer_has_one_default_method",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "last4"], condition=Q(detached_at=None), name="payment_methods_by_last4"),
            models.Index(
                fields=["merchant", "exp_year", "exp_month"],
                condition=Q(detached_at=None, is_default=True),
                name="payment_methods_expiring",
            ),
        ]


class Mandate(TenantModel):
    """A SEPA mandate: unique reference, who signed which text, when and where. Until the provider has the account its
    number lies here encrypted; from then on (`lodged_at`) only the provider has it, and `payment_method` is charged."""

    subscriber = TenantForeignKey("subscribers.Subscriber", db_index=True)
    payment_method = TenantForeignKey("subscribers.PaymentMethod", null=True)
    reference = models.CharField(max_length=35, help_text="UMR")
    creditor_identifier = models.CharField(max_length=35)
    accepted_at = models.DateTimeField()
    accepted_from = models.GenericIPAddressField(null=True)
    text_version = models.CharField(max_length=20)
    holder = models.CharField(max_length=160, blank=True, default="", db_default="")
    iban = models.BinaryField(default=b"", db_default=b"", help_text="Encrypted; empty once it is lodged or refused")
    last4 = models.CharField(max_length=4, blank=True, default="", db_default="")
    bank = models.CharField(max_length=160, blank=True, default="", db_default="")
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    site = TenantForeignKey("merchants.Site", null=True)
    device = TenantForeignKey("merchants.Device", null=True)
    provider_reference = models.CharField(
        max_length=255, blank=True, default="", db_default="", help_text="What the provider names it on statements"
    )
    lodged_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    refused_code = models.CharField(max_length=60, blank=True, default="", db_default="")
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_try_at = models.DateTimeField(null=True, help_text="Real time: when the provider is asked again")
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "reference"], name="a_mandate_reference_is_unique"),
            models.CheckConstraint(
                condition=Q(lodged_at=None) | Q(lodged_at__isnull=False, payment_method__isnull=False, iban=b""),
                name="a_lodged_mandate_has_its_means",
            ),
            models.CheckConstraint(
                condition=Q(refused_at=None) | (Q(lodged_at=None, iban=b"") & ~Q(refused_code="")),
                name="a_refused_mandate_says_why",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(next_try_at__isnull=False), name="mandates_to_lodge")
        ]
