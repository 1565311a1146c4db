"""The provider inbox: what a provider told us, kept before it is acted on."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class ProviderEvent(TenantModel):
    """One notice of a provider. Answered 2xx once this row is committed; acted on by a worker, as often as needed."""

    account = TenantForeignKey("merchants.ProviderAccount")
    event_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=120)
    object_ref = models.CharField(max_length=255, blank=True)
    payment_key = models.CharField(max_length=64, blank=True)
    raw = models.JSONField()
    received_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(help_text="Real time")
    settled_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "account", "event_id"], name="a_notice_is_kept_once")
        ]
        indexes = [models.Index(fields=["next_try_at"], condition=Q(settled_at=None), name="notices_to_read")]
