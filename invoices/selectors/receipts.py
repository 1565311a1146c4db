"""What the receipt of a payment says, from rows that never change: who took how much, for what, at which VAT, what was
handed over and given back, and what is still owed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from invoices.models import Allocation, Invoice, InvoiceTax, Payment, RegisterEntry
from merchants.languages import said_in
from merchants.models import Merchant
from merchants.now import local_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One payment as it is handed to who paid. Amounts in minor units of the payment's currency; `over` went to the
    balance, `left` is still owed of the invoice. `entry` is its line in a till's register, where it was rung up."""

    payment: Payment
    merchant: Merchant
    on: date
    invoice: Invoice | None
    lines: Sequence[tuple[str, int]]
    taxes: Sequence[InvoiceTax]
    to_invoice: int
    over: int
    left: int
    tendered: int | None
    change: int | None
    entry: RegisterEntry | None

    @property
    def is_practice(self) -> bool:
        """No real money."""
        return self.merchant.is_sandbox or self.payment.test_clock_id is not None


def receipt_of(payment: Payment, merchant: Merchant, language: str) -> Receipt | None:
    """The receipt of a payment; None where no money came. Six queries. Needs the tenant's scope."""
    if payment.status != Payment.Status.SUCCEEDED or not payment.captured:
        return None
    parts = Allocation.objects.filter(payment=payment, amount__gt=0)
    invoice = payment.invoice
    to_invoice = parts.aggregate(Sum("amount"))["amount__sum"] or 0
    entry = RegisterEntry.objects.filter(payment=payment, kind=RegisterEntry.Kind.RECEIVED).first()
    said = entry.content if entry else {}
    return Receipt(
        payment=payment,
        merchant=merchant,
        on=payment.received_on or local_date(payment.settled_at or payment.created_at, merchant.timezone),
        invoice=invoice,
        lines=_lines(invoice, language),
        taxes=list(InvoiceTax.objects.filter(invoice=invoice).order_by("-tax_percent", "category")) if invoice else [],
        to_invoice=to_invoice,
        over=payment.captured - to_invoice,
        left=invoice.amount_due if invoice and invoice.status != Invoice.Status.CANCELLED else 0,
        tendered=said.get("tendered"),
        change=said.get("change"),
        entry=entry,
    )


def _lines(invoice: Invoice | None, language: str) -> list[tuple[str, int]]:
    if invoice is None:
        return []
    return [(said_in(line.title, language), line.amount - line.discount) for line in invoice.lines.order_by("position")]
