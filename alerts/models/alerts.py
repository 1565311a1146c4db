"""Alerts: something that a human at the merchant's should act on."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class Alert(TenantModel):
    """One thing to act on, raised once per fact, until someone resolves it or its cause goes away."""

    class Severity(models.TextChoices):
        BAD = "bad"
        WARN = "warn"

    kind = models.CharField(max_length=40)
    severity = models.CharField(max_length=4, choices=Severity)
    fact = models.CharField(max_length=160, help_text="What it is about, said once")
    subscriber = TenantForeignKey("subscribers.Subscriber", null=True)
    event = TenantForeignKey("merchants.Event", null=True)
    details = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "fact"], name="an_alert_is_raised_once")]
        indexes = [models.Index(fields=["merchant", "-id"], condition=Q(resolved_at=None), name="alerts_open")]
