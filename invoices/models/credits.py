"""Credit notes: the only correction of a finalised invoice."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class CreditNote(TenantModel):
    """A numbered document that takes back part or all of one invoice. Never changed once made."""

    invoice = TenantForeignKey("invoices.Invoice", db_index=True, related_name="credit_notes")
    legal_entity = TenantForeignKey("merchants.LegalEntity")
    payer = TenantForeignKey("subscribers.Subscriber")
    series = TenantForeignKey("invoices.NumberSeries")
    test_clock = TenantForeignKey("merchants.TestClock", null=True)
    number = models.CharField(max_length=35)
    sequence = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    tax_behavior = models.CharField(max_length=9)
    locale = models.CharField(max_length=5)
    issued_on = models.DateField()
    reason = models.CharField(max_length=400)
    issuer = models.JSONField()
    customer = models.JSONField()
    mentions = models.JSONField(default=list)
    net = models.BigIntegerField()
    tax = models.BigIntegerField()
    gross = models.BigIntegerField()
    to_invoice = models.BigIntegerField(default=0, help_text="What it settled of its own invoice")
    to_balance = models.BigIntegerField(default=0)
    to_refund = models.BigIntegerField(default=0)
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of the canonical content")
    customer_salt = models.CharField(max_length=32, blank=True, default="", db_default="", help_text="Random")
    customer_hash = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="SHA-256 of salt and customer; in the content"
    )
    chain_hash = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="Its link in the series' chain"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "series", "sequence"], name="a_credit_number_is_given_once"),
            models.CheckConstraint(condition=Q(gross=F("net") + F("tax")), name="a_credit_note_adds_up"),
            models.CheckConstraint(condition=Q(gross__gt=0), name="a_credit_note_gives_something"),
            models.CheckConstraint(
                condition=Q(gross=F("to_invoice") + F("to_balance") + F("to_refund")), name="a_credit_goes_somewhere"
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "payer", "-id"], name="credit_notes_of_a_payer"),
            models.Index(fields=["merchant", "number"], name="credit_notes_by_number"),
        ]


class CreditNoteLine(TenantModel):
    """What is taken back of one invoice line, in the invoice's own terms."""

    credit_note = TenantForeignKey("invoices.CreditNote", related_name="lines")
    invoice_line = TenantForeignKey("invoices.InvoiceLine", db_index=True)
    position = models.PositiveIntegerField()
    title = models.JSONField()
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True)
    amount = models.BigIntegerField()
    net = models.BigIntegerField()
    tax_percent = models.DecimalField(max_digits=6, decimal_places=3)
    rule = models.CharField(max_length=40)
    inputs = models.JSONField()
    formula = models.TextField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["merchant", "credit_note", "position"], name="a_credit_line_has_one_place")
        ]


class CreditNoteTax(TenantModel):
    """VAT taken back, per rate."""

    credit_note = TenantForeignKey("invoices.CreditNote", related_name="taxes")
    tax_percent = models.DecimalField(max_digits=6, decimal_places=3)
    category = models.CharField(max_length=2, default="S")
    base = models.BigIntegerField()
    tax = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "credit_note", "tax_percent", "category"], name="a_credit_has_one_tax_line_per_rate"
            )
        ]
