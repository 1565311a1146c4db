"""What a credit note would be, before it is one: how much of which line, its VAT, and where the money would go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from django.db.models import Sum

from invoices.crediting import Ask, Credit, CreditableLine, CreditableTax, by_amount, by_lines, credit, whole
from invoices.models import (
    Allocation,
    CreditNote,
    CreditNoteLine,
    CreditNoteTax,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    Payment,
    Refund,
)
from merchants.refusals import Conflict, Invalid, gettext_noop
from subscribers.snapshots import TaxBehavior

To = Literal["balance", "refund"]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to take back: all that is left of the invoice, or an `amount` in its own terms after discount, or `lines` by
    position (an amount each, None: all that is left of it), or `asks` that say their own rule (a change of offer)."""

    amount: int | None = None
    lines: Mapping[int, int | None] | None = None
    asks: Mapping[int, Ask] | None = None


@dataclass(frozen=True, kw_only=True)
class Back:
    """Money that goes back to the payment it came by, in minor units."""

    payment: Payment
    amount: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a credit note would be, and where its gross would go; `cancels` where it credits the last of the invoice."""

    credit: Credit
    lines: tuple[InvoiceLine, ...]
    to_invoice: int
    to_balance: int
    refunds: tuple[Back, ...]
    cancels: bool

    @property
    def to_refund(self) -> int:
        """What goes back to the means of payment."""
        return sum(back.amount for back in self.refunds)


def plan(invoice: Invoice, wanted: Wanted, *, to: To = "balance") -> Plan:
    """What crediting would do. Reads only.

    Raises Conflict (`invoice_not_finalised`, `nothing_to_credit`) or Invalid (`credit_exceeds_invoice`,
    `credit_exceeds_line`, `line_unknown`).
    """
    if invoice.status == Invoice.Status.DRAFT:
        raise Conflict(gettext_noop("A draft is changed, not credited."), code="invoice_not_finalised")
    lines, creditable = creditable_lines(invoice)
    made = credit(creditable, _creditable_taxes(invoice), _asked(wanted, creditable, invoice.currency), terms(invoice))
    earlier = CreditNote.objects.filter(invoice=invoice).aggregate(settled=Sum("to_invoice"))["settled"] or 0
    owed = max(0, invoice.gross - invoice.amount_paid - invoice.amount_from_balance - earlier)
    to_invoice = min(made.gross, owed)
    refunds = _refunds(invoice, made.gross - to_invoice) if to == "refund" else ()
    return Plan(
        credit=made,
        lines=tuple(lines),
        to_invoice=to_invoice,
        to_balance=made.gross - to_invoice - sum(back.amount for back in refunds),
        refunds=refunds,
        cancels=invoice.amount_credited + made.gross == invoice.gross,
    )


def creditable_lines(invoice: Invoice) -> tuple[list[InvoiceLine], list[CreditableLine]]:
    """An invoice's lines in order, and beside each what earlier credits left of it. Two queries."""
    lines = list(InvoiceLine.objects.filter(invoice=invoice).order_by("position"))
    taken = {
        row["invoice_line_id"]: row
        for row in CreditNoteLine.objects.filter(invoice_line_id__in=[line.pk for line in lines])
        .values("invoice_line_id")
        .annotate(amount=Sum("amount"), net=Sum("net"))
    }
    none = {"amount": 0, "net": 0}
    return lines, [
        CreditableLine(
            charged=line.amount - line.discount,
            net=line.net,
            percent=line.tax_percent,
            credited=taken.get(line.pk, none)["amount"],
            credited_net=taken.get(line.pk, none)["net"],
            category=category_of(line),
        )
        for line in lines
    ]


def category_of(line: InvoiceLine) -> str:
    """The VAT category that a line says; empty where it is that of its rate at home."""
    return str((line.inputs.get("tax") or {}).get("category", ""))


def _creditable_taxes(invoice: Invoice) -> list[CreditableTax]:
    taken = {
        (row["tax_percent"], row["category"]): row
        for row in CreditNoteTax.objects.filter(credit_note__invoice=invoice)
        .values("tax_percent", "category")
        .annotate(taken_base=Sum("base"), taken_tax=Sum("tax"))
    }
    none = {"taken_base": 0, "taken_tax": 0}
    return [
        CreditableTax(
            percent=tax.tax_percent,
            category=tax.category,
            base=tax.base,
            tax=tax.tax,
            credited_base=taken.get((tax.tax_percent, tax.category), none)["taken_base"],
            credited_tax=taken.get((tax.tax_percent, tax.category), none)["taken_tax"],
        )
        for tax in InvoiceTax.objects.filter(invoice=invoice).order_by("-tax_percent", "category")
    ]


def terms(invoice: Invoice) -> TaxBehavior:
    """In which terms the invoice's amounts are: gross where inclusive, net where exclusive."""
    return TaxBehavior(invoice.tax_behavior)


def _asked(wanted: Wanted, lines: Sequence[CreditableLine], currency: str) -> Mapping[int, Ask]:
    places = wanted.asks if wanted.asks is not None else wanted.lines
    for at in places or ():
        if not 0 <= at < len(lines):
            raise Invalid.at(f"lines[{at}]", "line_unknown", gettext_noop("The invoice has no such line."))
    if wanted.asks is not None:
        return wanted.asks
    if wanted.lines is not None:
        return by_lines(lines, wanted.lines, currency)
    return whole(lines, currency) if wanted.amount is None else by_amount(lines, wanted.amount, currency)


def _refunds(invoice: Invoice, most: int) -> tuple[Back, ...]:
    """How much goes back to which payment of this invoice, the latest first: at most what it paid here and what is
    not yet owed back of what was captured."""
    backs: list[Back] = []
    parts = Allocation.objects.filter(invoice=invoice, payment__status=Payment.Status.SUCCEEDED)
    paid: dict[UUID, int] = {}
    payments: dict[UUID, Payment] = {}
    for part in parts.select_related("payment__payment_method").order_by("-created_at", "-id"):
        payments[part.payment_id] = part.payment
        paid[part.payment_id] = paid.get(part.payment_id, 0) + part.amount
    owed = Refund.objects.filter(payment_id__in=list(payments)).exclude(status=Refund.Status.FAILED)
    of_all = dict(owed.values_list("payment_id").annotate(Sum("amount")))
    of_this = dict(owed.filter(credit_note__invoice=invoice).values_list("payment_id").annotate(Sum("amount")))
    for key, payment in payments.items():
        free = min(paid[key] - of_this.get(key, 0), payment.captured - of_all.get(key, 0), most)
        if free > 0:
            backs.append(Back(payment=payment, amount=free))
            most -= free
    return tuple(backs)
