"""The tenant itself, its payment provider's account, and its test clocks."""

from __future__ import annotations

from django.db import models

from merchants.ids import new_id, show
from merchants.tenancy.models import TenantModel


class Merchant(models.Model):
    """A company that sells subscriptions. Everything else belongs to exactly one. Its `id` is the tenant."""

    class Grouping(models.TextChoices):
        SUBSCRIPTION = "subscription"
        PAYER = "payer"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    sandbox_of = models.UUIDField(null=True, help_text="The live merchant whose practice twin this is")
    timezone = models.CharField(max_length=64, default="Europe/Paris")
    currency = models.CharField(max_length=3, default="EUR")
    locale = models.CharField(max_length=5, default="fr")
    support_email = models.EmailField(max_length=254, blank=True)
    website = models.URLField(max_length=300, blank=True)
    brand_color = models.CharField(max_length=7, default="#035A69", help_text="#RRGGBB")
    logo_svg = models.TextField(blank=True, help_text="Checked: no script, no outside reference")
    success_url = models.URLField(max_length=500, blank=True)
    failure_url = models.URLField(max_length=500, blank=True)
    cancel_url = models.URLField(max_length=500, blank=True)
    terms_url = models.URLField(max_length=500, blank=True)
    privacy_url = models.URLField(max_length=500, blank=True)
    payment_terms_days = models.PositiveSmallIntegerField(default=0)
    grouping = models.CharField(
        max_length=12,
        choices=Grouping,
        default=Grouping.SUBSCRIPTION,
        db_default="subscription",
        help_text="What stands on one invoice",
    )
    share_billing_day = models.BooleanField(
        default=False, db_default=False, help_text="A payer's new subscriptions take the billing day of the first"
    )
    shares_members = models.BooleanField(
        default=False, db_default=False, help_text="Whether each counter knows and serves the members of every site"
    )
    entry_feature = models.UUIDField(null=True, help_text="The feature that opens doors; none: access alone does")
    entry_gap_hours = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Hours between two entries of somebody; 0: none"
    )
    withdrawal_credit = models.CharField(
        max_length=8,
        default="prorated",
        db_default="prorated",
        help_text="What a withdrawal gives back: prorated, full",
    )
    withdrawal_companies = models.BooleanField(
        default=False, db_default=False, help_text="Whether companies may withdraw as consumers do"
    )
    dunning_steps = models.JSONField(
        default=list, db_default=[], help_text="[{after_days, actions}]; empty: the standard steps"
    )
    transition_rules = models.JSONField(
        default=list, db_default=[], help_text="How changes of offer count, first match wins (merchants.transitions)"
    )
    gesture_limits = models.JSONField(
        default=list, db_default=[], help_text="What each role may give (merchants.gesture_limits)"
    )
    event_sequence = models.BigIntegerField(default=0, help_text="The last event number that the relay gave")
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    suspended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sandbox_of"], name="a_merchant_has_one_sandbox"),
            models.CheckConstraint(
                condition=models.Q(brand_color__regex=r"^#[0-9A-Fa-f]{6}$"), name="a_brand_color_is_six_hex_digits"
            ),
            models.CheckConstraint(
                condition=models.Q(currency__regex=r"^[A-Z]{3}$"), name="a_currency_is_three_letters"
            ),
        ]

    @property
    def public_id(self) -> str:
        """The id as the API shows it."""
        return show("mer", self.pk)

    @property
    def is_sandbox(self) -> bool:
        """Whether no real money moves here."""
        return self.sandbox_of is not None


class ProviderAccount(TenantModel):
    """The merchant's account at a payment provider. Secrets are encrypted (`merchants.secrets`)."""

    class Kind(models.TextChoices):
        STRIPE = "stripe"
        SIMULATED = "simulated"
        MANUAL = "manual"

    kind = models.CharField(max_length=12, choices=Kind)
    account = models.CharField(max_length=255, blank=True, help_text="The provider's own account id")
    secret = models.BinaryField(blank=True, default=b"")
    webhook_secret = models.BinaryField(blank=True, default=b"")
    is_default = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    disconnected_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant"], condition=models.Q(is_default=True), name="a_merchant_has_one_default_provider"
            )
        ]


class TestClock(TenantModel):
    """A clock of its own for some subscribers of a sandbox. Only moves forward; its documents have series apart."""

    class Status(models.TextChoices):
        READY = "ready"
        ADVANCING = "advancing"
        RELEASED = "released"

    name = models.CharField(max_length=120, blank=True)
    time = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status, default=Status.READY)
    created_at = models.DateTimeField()
    target = models.DateTimeField(null=True, help_text="Where it is being advanced to")
    error = models.CharField(max_length=400, blank=True, db_default="", help_text="Why the last advance stopped short")
    released_at = models.DateTimeField(null=True, help_text="Release was asked for; done where the status says so")
    held_by = models.UUIDField(null=True, help_text="The worker that advances it: one at a time")
    held_until = models.DateTimeField(null=True, help_text="Real time: after this another worker may go on")
    deleted_at = models.DateTimeField(null=True)
