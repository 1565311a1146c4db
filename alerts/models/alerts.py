"""Alerts: something that a human at the merchant's should act on; and how the staff hear of them by e-mail."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class Alert(TenantModel):
    """One thing to act on, raised once per fact, until someone resolves it or its cause goes away."""

    class Severity(models.TextChoices):
        BAD = "bad"
        WARN = "warn"
        INFO = "info"

    kind = models.CharField(max_length=40)
    severity = models.CharField(max_length=4, choices=Severity)
    fact = models.CharField(max_length=160, help_text="What it is about, said once")
    subscriber = TenantForeignKey("subscribers.Subscriber", null=True)
    event = TenantForeignKey("merchants.Event", null=True)
    details = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    mail = models.CharField(
        max_length=7, blank=True, db_default="", help_text="How it is still to be told to the staff: at_once, digest"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "fact"], name="an_alert_is_raised_once")]
        indexes = [
            models.Index(fields=["merchant", "-id"], condition=Q(resolved_at=None), name="alerts_open"),
            models.Index(fields=["merchant", "kind", "-id"], name="alerts_of_a_kind"),
            models.Index(fields=["merchant"], condition=~Q(mail=""), name="alerts_to_mail"),
        ]


class AlertRule(TenantModel):
    """What a merchant chose for one kind of alert. Where there is no row, `alerts.rules.DEFAULTS` hold."""

    kind = models.CharField(max_length=40)
    mail = models.CharField(max_length=7, help_text="at_once, digest or none")
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "kind"], name="a_kind_of_alert_has_one_rule"),
            models.CheckConstraint(condition=Q(mail__in=["at_once", "digest", "none"]), name="a_rule_says_how"),
        ]
