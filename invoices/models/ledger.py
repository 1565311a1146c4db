"""The double-entry ledger that every document and payment posts to, and the payer's balance."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class LedgerEntry(TenantModel):
    """One leg of a posting. Debits positive, credits negative; the legs of a posting sum to zero (deferred guard)."""

    class Account(models.TextChoices):
        RECEIVABLE = "receivable"
        REVENUE = "revenue"
        VAT = "vat"
        PROVIDER = "provider"
        CASH = "cash"
        CHEQUES = "cheques"
        BANK = "bank"
        TERMINAL = "terminal"
        BALANCE = "balance"
        UNALLOCATED = "unallocated"
        WRITE_OFF = "write_off"

    posting_id = models.UUIDField()
    posted_on = models.DateField()
    account = models.CharField(max_length=12, choices=Account)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    tax_percent = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    legal_entity = TenantForeignKey("merchants.LegalEntity")
    subscriber = TenantForeignKey("subscribers.Subscriber", null=True)
    invoice = TenantForeignKey("invoices.Invoice", null=True)
    credit_note = TenantForeignKey("invoices.CreditNote", null=True)
    payment = TenantForeignKey("invoices.Payment", null=True)
    refund = TenantForeignKey("invoices.Refund", null=True)
    balance_entry = TenantForeignKey("invoices.BalanceEntry", null=True)
    test_clock = TenantForeignKey("merchants.TestClock", null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="a_ledger_leg_moves_something")]
        indexes = [
            models.Index(fields=["merchant", "posting_id"], name="ledger_legs_of_a_posting"),
            models.Index(fields=["merchant", "posted_on", "posting_id", "id"], name="ledger_in_order"),
            models.Index(fields=["invoice"], condition=Q(invoice__isnull=False), name="ledger_of_an_invoice"),
            models.Index(
                fields=["credit_note"], condition=Q(credit_note__isnull=False), name="ledger_of_a_credit_note"
            ),
            models.Index(fields=["payment"], condition=Q(payment__isnull=False), name="ledger_of_a_payment"),
        ]


class BalanceEntry(TenantModel):
    """One movement of what we owe a payer (compte). Append-only; the running balance is never below zero."""

    payer = TenantForeignKey("subscribers.Subscriber")
    currency = models.CharField(max_length=3)
    sequence = models.PositiveIntegerField()
    amount = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    kind = models.CharField(max_length=16, help_text="credit_note, overpayment, reversal, used, adjustment, refund")
    reason = models.CharField(max_length=400, blank=True)
    invoice = TenantForeignKey("invoices.Invoice", null=True)
    credit_note = TenantForeignKey("invoices.CreditNote", null=True)
    payment = TenantForeignKey("invoices.Payment", null=True)
    actor = models.CharField(max_length=120)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "payer", "currency", "sequence"], name="a_balance_moves_in_order"
            ),
            models.CheckConstraint(condition=Q(balance_after__gte=0), name="a_balance_is_not_below_zero"),
            models.CheckConstraint(condition=~Q(amount=0), name="a_balance_entry_moves_something"),
        ]
