"""The till of a counter: its sessions, and a register journal that only grows and is chained entry by entry."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class Till(TenantModel):
    """The drawer beside one tablet. `entries`, `head` and `perpetual` follow its register by a trigger, and nothing
    else moves them: a tail that was cut off shows."""

    site = TenantForeignKey("merchants.Site", db_index=True)
    device = TenantForeignKey("merchants.Device")
    legal_entity = TenantForeignKey("merchants.LegalEntity")
    name = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)
    entries = models.BigIntegerField(default=0, db_default=0, help_text="How many the register has")
    head = models.CharField(max_length=64, blank=True, default="", db_default="", help_text="The last entry's link")
    perpetual = models.BigIntegerField(default=0, db_default=0, help_text="All takings ever, minor units")
    day_on = models.DateField(null=True, help_text="The business day that its last entry belongs to")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "device"], name="a_device_has_one_till")]


class TillSession(TenantModel):
    """From the opening float to the counted cash. Closed once, and as it was closed for ever."""

    till = TenantForeignKey("invoices.Till", db_index=True)
    opened_at = models.DateTimeField()
    opened_by = TenantForeignKey("merchants.Membership")
    float_amount = models.BigIntegerField(help_text="Cash in the drawer at the beginning, minor units")
    closed_at = models.DateTimeField(null=True)
    closed_by = TenantForeignKey("merchants.Membership", null=True)
    expected = models.BigIntegerField(null=True, help_text="Cash that should be there")
    counted = models.BigIntegerField(null=True, help_text="Cash that was counted")
    note = models.CharField(max_length=400, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "till"], condition=Q(closed_at=None), name="a_till_is_open_once"
            ),
            models.CheckConstraint(condition=Q(float_amount__gte=0), name="a_float_is_not_negative"),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None, expected=None, counted=None)
                | Q(closed_at__isnull=False, closed_by__isnull=False, expected__isnull=False, counted__gte=0),
                name="a_closed_till_was_counted",
            ),
        ]


class RegisterEntry(TenantModel):
    """One line of a till's register. `content` is all of it, in canonical form hashed with the link before; the columns
    repeat what lists and sums need, and the proof compares them."""

    class Kind(models.TextChoices):
        SESSION_OPENED = "session_opened"
        RECEIVED = "received"
        REVERSED = "reversed"
        CASH_IN = "cash_in"
        CASH_OUT = "cash_out"
        SESSION_CLOSED = "session_closed"
        DAY_CLOSED = "day_closed"
        MONTH_CLOSED = "month_closed"
        YEAR_CLOSED = "year_closed"
        RECEIPT_PRINTED = "receipt_printed"
        SOFTWARE_CHANGED = "software_changed"

    till = TenantForeignKey("invoices.Till")
    session = TenantForeignKey("invoices.TillSession", null=True)
    sequence = models.BigIntegerField()
    kind = models.CharField(max_length=16, choices=Kind)
    means = models.CharField(max_length=10, blank=True)
    amount = models.BigIntegerField(default=0, help_text="What it adds to the takings, minor units, signed")
    cash = models.BigIntegerField(default=0, help_text="What it adds to the drawer, minor units, signed")
    payment = TenantForeignKey("invoices.Payment", null=True)
    member = TenantForeignKey("merchants.Membership", null=True, help_text="None: the service itself")
    day_on = models.DateField()
    content = models.JSONField()
    previous = models.CharField(max_length=64)
    link = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "till", "sequence"], name="a_register_has_no_second_entry"),
            models.UniqueConstraint(
                fields=["merchant", "payment", "kind"],
                condition=Q(kind__in=("received", "reversed")),
                name="a_payment_is_rung_up_once",
            ),
            models.CheckConstraint(
                condition=~Q(
                    kind__in=("session_opened", "received", "reversed", "cash_in", "cash_out", "session_closed")
                )
                | Q(session__isnull=False),
                name="what_moves_money_belongs_to_a_session",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "till", "day_on", "sequence"], name="register_by_day"),
            models.Index(
                fields=["merchant", "session", "sequence"],
                condition=Q(session__isnull=False),
                name="register_of_a_session",
            ),
        ]
