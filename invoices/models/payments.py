"""Money asked for, received and given back."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel

IN_FLIGHT = ("pending", "requires_action", "processing", "unknown")


class Payment(TenantModel):
    """Money asked for an invoice or a checkout session, and its outcome. The id is the provider's idempotency key. A
    session's payment names the invoice too, once its purchase is complete and has one.

    The row is committed before the provider is called; `unknown` is settled by asking the provider, never by
    charging again. `hosted` means an open page at the provider: not yet in flight for an invoice.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        REQUIRES_ACTION = "requires_action"
        PROCESSING = "processing"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        UNKNOWN = "unknown"

    class Means(models.TextChoices):
        CARD = "card"
        SEPA_DEBIT = "sepa_debit"
        CASH = "cash"
        CHEQUE = "cheque"
        TRANSFER = "transfer"
        TERMINAL = "terminal"

    payer = TenantForeignKey("subscribers.Subscriber")
    invoice = TenantForeignKey("invoices.Invoice", null=True, db_index=True, related_name="payments")
    session_id = models.UUIDField(null=True, help_text="A checkout session; its key is added by billing's migration")
    payment_method = TenantForeignKey("subscribers.PaymentMethod", null=True)
    account = TenantForeignKey("merchants.ProviderAccount")
    gateway = models.CharField(max_length=12)
    means = models.CharField(max_length=10, choices=Means)
    hosted = models.BooleanField(default=False)
    automatic = models.BooleanField(default=False)
    amount = models.BigIntegerField()
    captured = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=15, choices=Status, default=Status.PENDING)
    provider_session = models.CharField(max_length=255, blank=True)
    provider_ref = models.CharField(max_length=255, blank=True)
    action_url = models.TextField(blank=True)
    code = models.CharField(max_length=60, blank=True)
    decline_code = models.CharField(max_length=60, blank=True)
    advice = models.CharField(max_length=10, blank=True)
    message = models.CharField(max_length=400, blank=True)
    received_on = models.DateField(null=True, help_text="Manual means: when the money came")
    site = TenantForeignKey("merchants.Site", null=True)
    note = models.CharField(max_length=400, blank=True)
    reversed_at = models.DateTimeField(null=True, help_text="Manual means: when a reversing entry took it back")
    reversed_by = models.CharField(max_length=120, blank=True, default="", db_default="")
    reversal_reason = models.CharField(max_length=400, blank=True, default="", db_default="")
    test_clock = TenantForeignKey("merchants.TestClock", null=True)
    created_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, help_text="Real time: when the provider was last asked")
    next_look_at = models.DateTimeField(null=True, help_text="Real time: when reconcile asks again")
    looks = models.PositiveSmallIntegerField(default=0)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(invoice__isnull=False) | Q(session_id__isnull=False), name="a_payment_is_for_something"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="a_payment_is_not_negative"),
            models.CheckConstraint(
                condition=Q(captured=0) | Q(status="succeeded", captured__gt=0), name="only_what_succeeded_was_captured"
            ),
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=models.F("captured")),
                name="refunds_never_exceed_the_capture",
            ),
            models.CheckConstraint(
                condition=Q(reversed_at=None)
                | Q(status="succeeded", refunded=0, means__in=("cash", "cheque", "transfer", "terminal")),
                name="only_money_by_hand_is_taken_back",
            ),
            models.UniqueConstraint(
                fields=["merchant", "invoice"],
                condition=Q(status__in=IN_FLIGHT, invoice__isnull=False) & ~Q(status="pending", hosted=True),
                name="an_invoice_has_one_payment_in_flight",
            ),
            models.UniqueConstraint(
                fields=["merchant", "session_id"],
                condition=Q(status__in=IN_FLIGHT, session_id__isnull=False),
                name="a_session_has_one_payment_in_flight",
            ),
            models.UniqueConstraint(
                fields=["merchant", "account", "provider_ref"],
                condition=~Q(provider_ref=""),
                name="a_capture_has_one_payment",
            ),
        ]
        indexes = [
            models.Index(fields=["next_look_at"], condition=Q(status__in=IN_FLIGHT), name="payments_to_settle"),
            models.Index(
                fields=["merchant", "test_clock"],
                condition=Q(status__in=IN_FLIGHT, test_clock__isnull=False),
                name="payments_to_settle_on_clocks",
            ),
            models.Index(fields=["merchant", "session_id"], name="payments_of_a_session"),
            models.Index(fields=["merchant", "payer", "-id"], name="payments_of_a_payer"),
            models.Index(fields=["merchant", "account", "provider_session"], name="payments_by_provider_session"),
            models.Index(fields=["merchant", "-id"], name="payments_newest"),
        ]


class Allocation(TenantModel):
    """How much of a payment went to which invoice; below zero where the payment was taken back."""

    payment = TenantForeignKey("invoices.Payment", db_index=True)
    invoice = TenantForeignKey("invoices.Invoice", db_index=True)
    amount = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="an_allocation_moves_something")]


class Refund(TenantModel):
    """Money given back: on a credit note, an overpayment or the balance. Its id is the provider's idempotency key."""

    class Status(models.TextChoices):
        PENDING = "pending"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        UNKNOWN = "unknown"

    payment = TenantForeignKey("invoices.Payment", db_index=True)
    credit_note = TenantForeignKey("invoices.CreditNote", null=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING)
    reason = models.CharField(max_length=400)
    provider_ref = models.CharField(max_length=255, blank=True)
    message = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField()
    next_look_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="a_refund_gives_something")]
        indexes = [
            models.Index(fields=["next_look_at"], condition=Q(status__in=("pending", "unknown")), name="refunds_owed")
        ]
