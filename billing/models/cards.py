"""A subscriber who gives another card without buying anything: one page at the provider, and what came of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class NewCard(TenantModel):
    """One page at the provider on which a payer gives a card, without paying. The id is the provider's key.

    The row is committed before the provider is asked, as a payment's is; it never moves money.
    """

    class Status(models.TextChoices):
        OPEN = "open"
        SAVED = "saved"
        CLOSED = "closed"

    payer = TenantForeignKey("subscribers.Subscriber")
    account = TenantForeignKey("merchants.ProviderAccount")
    test_clock = TenantForeignKey("merchants.TestClock", null=True)
    status = models.CharField(max_length=6, choices=Status, default=Status.OPEN)
    provider_session = models.CharField(max_length=255, blank=True)
    url = models.TextField(blank=True)
    payment_method = TenantForeignKey("subscribers.PaymentMethod", null=True)
    code = models.CharField(max_length=60, blank=True, help_text="The last refusal, in our words")
    created_at = models.DateTimeField()
    asked_at = models.DateTimeField(help_text="Real time: when the provider was asked for the page")
    closes_at = models.DateTimeField(help_text="Real time: when the provider closes it")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "payer"], condition=Q(status="open"), name="a_payer_has_one_card_page"
            ),
            models.CheckConstraint(
                condition=Q(status="open", settled_at=None) | (~Q(status="open") & Q(settled_at__isnull=False)),
                name="a_card_page_that_is_over_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(status="saved") | Q(payment_method__isnull=False), name="a_saved_card_is_named"
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "account", "provider_session"], name="card_pages_by_provider"),
            models.Index(fields=["merchant", "payer", "-id"], name="card_pages_of_a_payer"),
        ]
