"""The journal: facts published to webhooks (also the outbox), and the API's remembered answers."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from merchants.ids import new_id
from merchants.tenancy.models import TenantModel


class Event(TenantModel):
    """A fact. Append-only; numbered per subscriber when written, per merchant when the relay publishes it."""

    kind = models.CharField(max_length=60)
    subscriber_id = models.UUIDField(null=True, help_text="Whose life it belongs to; no key: the journal lies below")
    subscriber_sequence = models.BigIntegerField(null=True)
    object_id = models.UUIDField(null=True)
    data = models.JSONField(help_text="{object, previous}; personal values as PersonalValue ids")
    channel = models.CharField(max_length=12)
    actor = models.CharField(max_length=120)
    request_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(help_text="Business time")
    written_at = models.DateTimeField(db_default=Now())
    sequence = models.BigIntegerField(null=True, help_text="The merchant's number; given by the relay, once")
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "sequence"], name="an_event_is_published_once"),
            models.UniqueConstraint(
                fields=["merchant", "subscriber_id", "subscriber_sequence"], name="an_event_has_its_place_in_a_life"
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "id"], condition=models.Q(published_at=None), name="events_to_publish"),
            models.Index(fields=["merchant", "subscriber_id", "-created_at", "-id"], name="events_of_a_subscriber"),
            models.Index(fields=["merchant", "object_id"], name="events_of_an_object"),
        ]


class IdempotentReply(TenantModel):
    """The answer that an Idempotency-Key got: given again to whoever asks the same again."""

    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32, help_text="SHA-256 of method, path and body")
    started_at = models.DateTimeField()
    owner = models.UUIDField(default=new_id, help_text="Which request holds it while it runs")
    status = models.PositiveSmallIntegerField(null=True, help_text="Empty: still running")
    body = models.BinaryField(null=True)
    content_type = models.CharField(max_length=80, blank=True)
    location = models.CharField(
        max_length=300, blank=True, default="", db_default="", help_text="The header, where it had one"
    )
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "key"], name="an_idempotency_key_is_used_once")]
        indexes = [models.Index(fields=["started_at"], name="replies_by_age")]
