"""The history: one row a change, append-only. A commit that changes a life without one is refused by the database."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from merchants.tenancy.models import TenantForeignKey, TenantModel, TransactionId


class Change(TenantModel):
    """One entry of the history (mouvement): what changed, when it counts, when it was written, who, how, why."""

    subject_kind = models.CharField(max_length=24, help_text="subscriber, subscription, option, grant…")
    subject_id = models.UUIDField()
    subscriber = TenantForeignKey("subscribers.Subscriber", help_text="Whose life it is (the beneficiary)")
    subscription_id = models.UUIDField(null=True)
    verb = models.CharField(max_length=40, help_text="created, activated, cancelled, renewed…")
    before = models.JSONField(help_text="Field patch: what stood before")
    after = models.JSONField(help_text="Field patch: what stands now; personal values as {personal: id}")
    effective_at = models.DateTimeField(help_text="When it counts")
    recorded_at = models.DateTimeField(help_text="When it was written, in business time")
    written_at = models.DateTimeField(db_default=Now(), help_text="When it was written, by the database")
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64)
    actor_label = models.CharField(max_length=120)
    channel = models.CharField(max_length=12)
    reason = models.CharField(max_length=400, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    txid = TransactionId(db_default=models.Func(function="pg_current_xact_id"))

    class Meta:
        indexes = [
            models.Index(fields=["subject_id", "txid"], name="changes_of_a_transaction"),
            models.Index(fields=["merchant", "subscriber", "-recorded_at", "-id"], name="changes_of_a_subscriber"),
            models.Index(fields=["merchant", "-id"], name="changes_newest"),
        ]
