"""Webhooks to merchants: where, and each delivery."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class WebhookEndpoint(TenantModel):
    """An address of the merchant's that gets events, signed after the Standard Webhooks specification."""

    url = models.URLField(max_length=500)
    description = models.CharField(max_length=200, blank=True)
    events = ArrayField(models.CharField(max_length=60), default=list, help_text="Kinds; empty: all")
    secret = models.BinaryField(help_text="Encrypted")
    previous_secret = models.BinaryField(null=True, help_text="Encrypted; signs too until it lapses")
    previous_secret_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, help_text="Failed tries in a row, whatever the events")
    failing_since = models.DateTimeField(null=True, help_text="Real time: the first of them")
    rests_until = models.DateTimeField(null=True, help_text="Real time: until then not even a probe")


class Delivery(TenantModel):
    """One event to one endpoint: tried until it is taken, over three days, in order per subscriber."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        DELIVERED = "delivered"
        FAILED = "failed"

    endpoint = TenantForeignKey("alerts.WebhookEndpoint")
    event = TenantForeignKey("merchants.Event")
    subscriber_id = models.UUIDField(null=True)
    sequence = models.BigIntegerField(help_text="The event's number of the merchant")
    status = models.CharField(max_length=9, choices=Status, default=Status.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, help_text="Real time")
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    last_answer = models.TextField(blank=True)
    last_tried_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "endpoint", "event"], name="an_event_goes_to_an_endpoint_once")
        ]
        indexes = [
            models.Index(
                fields=["merchant", "endpoint", "next_try_at"],
                condition=Q(status="waiting"),
                name="deliveries_due_by_endpoint",
            ),
            models.Index(fields=["merchant", "endpoint", "-sequence"], name="deliveries_of_an_endpoint"),
            models.Index(
                fields=["merchant", "endpoint", "subscriber_id", "sequence"],
                condition=Q(status="waiting"),
                name="deliveries_in_order",
            ),
        ]
