"""Invoices: drafts until they get a number, frozen by the database from then on."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from merchants.tenancy.models import TenantForeignKey, TenantModel

SETTLEMENT = ("status", "amount_paid", "amount_credited", "amount_from_balance", "paid_at", "collect_at", "updated_at")
"""The only columns of a numbered invoice that may still change: how it was settled, never what it says."""


class Invoice(TenantModel):
    """An invoice. Amounts in minor units of `currency`; the parties and every text are copies."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        OPEN = "open"
        PAID = "paid"
        UNCOLLECTIBLE = "uncollectible"
        CANCELLED = "cancelled"

    legal_entity = TenantForeignKey("merchants.LegalEntity")
    payer = TenantForeignKey("subscribers.Subscriber")
    subscription = TenantForeignKey("subscribers.Subscription", null=True, db_index=True)
    series = TenantForeignKey("invoices.NumberSeries", null=True)
    site = TenantForeignKey("merchants.Site", null=True)
    test_clock = TenantForeignKey("merchants.TestClock", null=True)
    number = models.CharField(max_length=35, null=True)
    sequence = models.BigIntegerField(null=True, help_text="Its place in the series")
    status = models.CharField(max_length=13, choices=Status, default=Status.DRAFT)
    currency = models.CharField(max_length=3)
    tax_behavior = models.CharField(max_length=9)
    locale = models.CharField(max_length=5)
    issued_on = models.DateField(null=True)
    due_on = models.DateField(null=True)
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True)
    issuer = models.JSONField(help_text="The legal entity as it was")
    customer = models.JSONField(help_text="The payer as they were")
    mentions = models.JSONField(default=list, help_text="Legal lines, in the document's language")
    coming = models.JSONField(default=dict, help_text="What comes next: {on, amount}")
    net = models.BigIntegerField()
    tax = models.BigIntegerField()
    gross = models.BigIntegerField()
    amount_paid = models.BigIntegerField(default=0)
    amount_credited = models.BigIntegerField(default=0)
    amount_from_balance = models.BigIntegerField(default=0)
    content_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the canonical content")
    customer_salt = models.CharField(max_length=32, blank=True, default="", db_default="", help_text="Random")
    customer_hash = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="SHA-256 of salt and customer; in the content"
    )
    chain_hash = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="Its link in the series' chain"
    )
    created_at = models.DateTimeField()
    finalized_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    collect_at = models.DateTimeField(null=True, help_text="When money is asked for by itself; empty: not by itself")
    run_id = models.UUIDField(null=True, help_text="The billing run that made it, if one did")
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "series", "sequence"], name="a_number_is_given_once"),
            models.UniqueConstraint(
                fields=["merchant", "legal_entity", "number", "test_clock"],
                nulls_distinct=False,
                condition=Q(number__isnull=False),
                name="an_invoice_number_is_unique",
            ),
            models.CheckConstraint(condition=Q(gross=F("net") + F("tax")), name="an_invoice_adds_up"),
            models.CheckConstraint(condition=Q(gross__gte=0), name="no_invoice_is_below_zero"),
            models.CheckConstraint(
                condition=Q(amount_paid__gte=0, amount_credited__gte=0, amount_from_balance__gte=0)
                & Q(amount_credited__lte=F("gross")),
                name="credits_never_exceed_the_invoice",
            ),
            models.CheckConstraint(
                condition=Q(status="draft", number=None, series=None, sequence=None, issued_on=None, finalized_at=None)
                | (
                    ~Q(status="draft")
                    & Q(number__isnull=False, series__isnull=False, sequence__isnull=False)
                    & Q(issued_on__isnull=False, finalized_at__isnull=False)
                ),
                name="a_document_is_numbered_when_finalised",
            ),
            models.CheckConstraint(
                condition=~Q(status="paid")
                | Q(gross__lte=F("amount_paid") + F("amount_from_balance") + F("amount_credited")),
                name="a_paid_invoice_is_paid",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "payer", "-issued_on", "-id"], name="invoices_of_a_payer"),
            models.Index(fields=["merchant", "-id"], name="invoices_newest"),
            models.Index(fields=["merchant", "payer"], condition=Q(status="open"), name="invoices_open"),
            models.Index(fields=["merchant", "number"], name="invoices_by_number"),
            models.Index(fields=["merchant", "status", "-id"], name="invoices_by_status"),
            models.Index(
                fields=["collect_at"],
                condition=Q(collect_at__isnull=False, test_clock=None),
                name="invoices_to_collect",
            ),
            models.Index(
                fields=["merchant", "test_clock", "collect_at"],
                condition=Q(collect_at__isnull=False, test_clock__isnull=False),
                name="invoices_to_collect_on_clocks",
            ),
            models.Index(fields=["merchant", "run_id"], condition=Q(run_id__isnull=False), name="invoices_of_a_run"),
        ]

    @property
    def amount_due(self) -> int:
        """What is still to pay, in minor units; never below zero."""
        return max(0, self.gross - self.amount_paid - self.amount_from_balance - self.amount_credited)


class InvoiceLine(TenantModel):
    """One line: what, for which days, and how its amount came about. `amount` is in the document's own terms."""

    invoice = TenantForeignKey("invoices.Invoice", related_name="lines")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, help_text="stage, option, setup, one_off, usage, charge")
    title = models.JSONField(help_text="By language")
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True)
    quantity = models.DecimalField(max_digits=18, decimal_places=6, default=1)
    unit_price = models.CharField(max_length=40, help_text="Decimal, in the document's own terms")
    amount = models.BigIntegerField(help_text="Before discount")
    discount = models.BigIntegerField(default=0, help_text="Taken off, at most the amount")
    net = models.BigIntegerField()
    tax_code = models.CharField(max_length=40)
    tax_percent = models.DecimalField(max_digits=6, decimal_places=3)
    rule = models.CharField(max_length=40)
    inputs = models.JSONField()
    formula = models.TextField()
    subscription_id = models.UUIDField(null=True)
    subscription_option_id = models.UUIDField(null=True)
    fact = models.CharField(max_length=120, null=True, help_text="What it bills, said once for ever")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["merchant", "invoice", "position"], name="an_invoice_line_has_one_place"),
            models.UniqueConstraint(fields=["merchant", "fact"], name="a_period_is_billed_once"),
            models.CheckConstraint(
                condition=Q(discount__gte=0, discount__lte=F("amount")), name="no_line_goes_below_zero"
            ),
        ]
        indexes = [
            models.Index(
                fields=["subscription_id", "period_end"],
                condition=Q(subscription_id__isnull=False),
                name="lines_of_a_subscription",
            ),
        ]


class InvoiceTax(TenantModel):
    """VAT of one rate, computed once on the document's sum of that rate (EN 16931)."""

    invoice = TenantForeignKey("invoices.Invoice", related_name="taxes")
    tax_percent = models.DecimalField(max_digits=6, decimal_places=3)
    category = models.CharField(max_length=2, default="S", help_text="EN 16931 VAT category")
    base = models.BigIntegerField()
    tax = models.BigIntegerField()
    mention = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "invoice", "tax_percent", "category"], name="an_invoice_has_one_tax_line_per_rate"
            )
        ]
