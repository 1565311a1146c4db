"""Billing runs: one pass over all that is due, as an object that can be looked at while it works."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class BillingRun(TenantModel):
    """One pass over a merchant's due subscriptions, or a test clock's. Counters are written with each batch, so that
    they never say more than what is committed."""

    class Kind(models.TextChoices):
        BEAT = "beat"
        MANUAL = "manual"
        CLOCK = "clock"

    class Status(models.TextChoices):
        RUNNING = "running"
        DONE = "done"

    kind = models.CharField(max_length=6, choices=Kind)
    status = models.CharField(max_length=7, choices=Status, default=Status.RUNNING)
    test_clock = TenantForeignKey("merchants.TestClock", null=True)
    due_at = models.DateTimeField(help_text="What was due at this instant is taken")
    expected = models.PositiveIntegerField(default=0, help_text="Subscriptions due when it began")
    taken = models.PositiveIntegerField(default=0, help_text="Subscriptions brought up to date")
    periods = models.PositiveIntegerField(default=0, help_text="Periods that began")
    invoices = models.PositiveIntegerField(default=0)
    ended = models.PositiveIntegerField(default=0)
    parked = models.PositiveIntegerField(default=0)
    totals = models.JSONField(default=dict, help_text="Currency → sum of the invoices, with tax, in minor units")
    started_by = models.CharField(max_length=120, blank=True)
    started_at = models.DateTimeField()
    beaten_at = models.DateTimeField(help_text="Real time: when a worker last finished a batch")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "test_clock"],
                condition=Q(status="running"),
                nulls_distinct=False,
                name="one_run_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(status="running") | Q(finished_at__isnull=False), name="a_run_that_is_done_says_when"
            ),
        ]
        indexes = [models.Index(fields=["merchant", "-id"], name="runs_newest")]


class ParkedInRun(TenantModel):
    """A subscription that a run could not bring up to date, and why. It is left alone until a person lets it go on."""

    run = TenantForeignKey("billing.BillingRun", db_index=True, related_name="parkings")
    subscription = TenantForeignKey("subscribers.Subscription", db_index=True)
    code = models.CharField(max_length=60)
    reason = models.TextField(help_text="In English, for logs and the API")
    msgid = models.TextField(blank=True, default="", db_default="", help_text="The reason as an English msgid…")
    params = models.JSONField(
        default=dict, db_default={}, help_text="… and its values, so that each reader has it said"
    )
    parked_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "subscription"], condition=Q(released_at=None), name="a_subscription_is_parked_once"
            )
        ]


class Charge(TenantModel):
    """An amount that waits for a subscription's next document: a one-off, or a line of a change (`held`)."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        BILLED = "billed"
        REVOKED = "revoked"

    subscription = TenantForeignKey("subscribers.Subscription")
    title = models.JSONField(help_text="By language")
    quantity = models.DecimalField(max_digits=18, decimal_places=6, default=1)
    unit_price = models.CharField(max_length=40, help_text="Decimal string in major units, in the offer's own terms")
    amount = models.BigIntegerField(help_text="Quantity × unit price, rounded once, in minor units")
    currency = models.CharField(max_length=3)
    tax_code = models.CharField(max_length=40)
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    invoice = TenantForeignKey("invoices.Invoice", null=True)
    held = models.JSONField(null=True, help_text="The line of a change as it will stand on the document")
    metadata = models.JSONField(default=dict)
    created_by = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="a_charge_is_not_negative"),
            models.CheckConstraint(
                condition=Q(status="billed", invoice__isnull=False) | (~Q(status="billed") & Q(invoice=None)),
                name="a_billed_charge_names_its_invoice",
            ),
            models.CheckConstraint(
                condition=Q(status="waiting", settled_at=None) | (~Q(status="waiting") & Q(settled_at__isnull=False)),
                name="a_settled_charge_says_when",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "subscription"], condition=Q(status="waiting"), name="charges_waiting"),
            models.Index(fields=["merchant", "-id"], name="charges_newest"),
        ]
