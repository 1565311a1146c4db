"""E-mails: an outbox. A message is a row before it is sent, and its Message-ID is the row's id."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class Message(TenantModel):
    """One e-mail to a subscriber or to the merchant. Links are minted when it is sent, never stored."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"
        DROPPED = "dropped"

    kind = models.CharField(max_length=40, help_text="Which letter: invoice_paid, payment_failed…")
    event = TenantForeignKey("merchants.Event", null=True)
    subscriber = TenantForeignKey("subscribers.Subscriber", null=True)
    invoice = TenantForeignKey("invoices.Invoice", null=True)
    to_merchant = models.BooleanField(default=False)
    locale = models.CharField(max_length=5)
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    subject = models.CharField(max_length=200, blank=True, help_text="As sent")
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, help_text="Real time")
    last_error = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    day = models.DateField(null=True, help_text="Of the staff's digest: the merchant's local date")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "kind", "event"], condition=Q(event__isnull=False), name="a_letter_is_written_once"
            ),
            models.UniqueConstraint(
                fields=["merchant", "kind", "day"],
                condition=Q(day__isnull=False),
                name="a_digest_is_written_once_a_day",
            ),
            models.UniqueConstraint(
                fields=["merchant"],
                condition=Q(kind="alerts_now", status="waiting"),
                name="one_letter_of_failures_waits",
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "next_try_at"], condition=Q(status="waiting"), name="messages_due_by_merchant"
            ),
            models.Index(fields=["merchant", "subscriber", "-id"], name="messages_of_a_subscriber"),
        ]
