"""What subscribers sign at a counter: a contract, a mandate; as it was signed, for ever."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class SignedPaper(TenantModel):
    """One paper with its signature. `content` is every word that stood on it, in the language in which it was read;
    `content_hash` holds words, signature, moment, place and device together. The account of a mandate is no part of the
    words: it lies in `secret`, encrypted."""

    class Kind(models.TextChoices):
        CONTRACT = "contract"
        MANDATE = "mandate"

    kind = models.CharField(max_length=10, choices=Kind)
    subscriber = TenantForeignKey("subscribers.Subscriber")
    subscription = TenantForeignKey("subscribers.Subscription", null=True)
    mandate = TenantForeignKey("subscribers.Mandate", null=True)
    locale = models.CharField(max_length=5)
    content = models.JSONField()
    secret = models.BinaryField(default=b"", db_default=b"", help_text="Encrypted: the account of a mandate")
    signature = models.JSONField(help_text="{strokes: …} as drawn, or {typed: name}")
    content_hash = models.CharField(max_length=64)
    site = TenantForeignKey("merchants.Site", null=True)
    device = TenantForeignKey("merchants.Device", null=True)
    member = TenantForeignKey("merchants.Membership", null=True, help_text="Who was at the counter")
    signed_at = models.DateTimeField(help_text="Real time")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="contract", subscription__isnull=False, mandate=None)
                | Q(kind="mandate", mandate__isnull=False),
                name="a_paper_is_of_what_was_signed",
            ),
            models.UniqueConstraint(
                fields=["merchant", "mandate"], condition=Q(mandate__isnull=False), name="a_mandate_is_signed_once"
            ),
        ]
        indexes = [models.Index(fields=["merchant", "subscriber", "-id"], name="papers_of_a_subscriber")]
