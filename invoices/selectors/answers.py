"""What the API answers about documents and payments, as types. `invoices.shapes` makes the objects."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict

from merchants.selectors.shapes import DayText, DecimalString, InstantText, Says, Texts
from subscribers.selectors.answers import SubscriberShape


class PeriodShape(TypedDict):
    """A period of dates; `end` is the first day without it."""

    start: DayText
    end: DayText


class TaxShape(TypedDict):
    """VAT of one rate, computed once on the document's sum of that rate; minor units."""

    percent: DecimalString
    category: str
    base: int
    tax: int


class InvoiceLineShape(TypedDict):
    """One line. `amount` (before `discount`) is in the document's own terms: gross where prices are inclusive. `rule`,
    `inputs` and `formula` say how it came about."""

    kind: Annotated[str, Says(one_of=("stage", "option", "setup", "one_off", "usage", "charge", "early_end"))]
    title: Texts
    period: PeriodShape | None
    quantity: DecimalString
    unit_price: str
    amount: int
    discount: int
    net: int
    tax_code: str
    tax_percent: DecimalString
    rule: str
    inputs: dict[str, Any]
    formula: str
    subscription: str | None


class InvoiceShape(TypedDict):
    """An invoice. Amounts in minor units of `currency`. Its lines and taxes stand where one invoice is read."""

    id: str
    object: Annotated[str, Says(one_of=("invoice",))]
    number: str | None
    status: Annotated[str, Says(one_of=("draft", "open", "paid", "uncollectible", "cancelled"))]
    subscriber: str | SubscriberShape
    subscription: str | None
    legal_entity: str
    currency: str
    tax_behavior: Annotated[str, Says(one_of=("inclusive", "exclusive"))]
    issued_on: DayText | None
    due_on: DayText | None
    period: PeriodShape | None
    net: int
    tax: int
    total: int
    amount_paid: int
    amount_credited: int
    amount_from_balance: int
    amount_due: int
    locale: str
    test_clock: str | None
    created_at: InstantText
    finalized_at: InstantText | None
    paid_at: InstantText | None
    lines: NotRequired[list[InvoiceLineShape]]
    taxes: NotRequired[list[TaxShape]]


class CreditNoteLineShape(TypedDict):
    """What is taken back of one line of the invoice, in the invoice's own terms, after discount."""

    title: Texts
    period: PeriodShape | None
    amount: int
    net: int
    tax_percent: DecimalString
    rule: str
    inputs: dict[str, Any]
    formula: str


class CreditSettledShape(TypedDict):
    """Where a credit note's total went: what was owed on its invoice, the payer's balance, back to the means."""

    invoice: int
    balance: int
    refund: int


class CreditNoteShape(TypedDict):
    """A credit note. Its lines and taxes stand where one is read."""

    id: str
    object: Annotated[str, Says(one_of=("credit_note",))]
    number: str
    invoice: str
    subscriber: str | SubscriberShape
    legal_entity: str
    currency: str
    tax_behavior: Annotated[str, Says(one_of=("inclusive", "exclusive"))]
    issued_on: DayText
    reason: str
    net: int
    tax: int
    total: int
    settled: CreditSettledShape
    locale: str
    test_clock: str | None
    created_at: InstantText
    lines: NotRequired[list[CreditNoteLineShape]]
    taxes: NotRequired[list[TaxShape]]


class PaymentShape(TypedDict):
    """Money asked for, and what came of it. It points to an invoice or to a checkout session."""

    id: str
    object: Annotated[str, Says(one_of=("payment",))]
    subscriber: str | SubscriberShape
    invoice: str | None
    checkout_session: str | None
    payment_method: str | None
    gateway: str
    means: Annotated[str, Says(one_of=("card", "sepa_debit", "cash", "cheque", "transfer", "terminal"))]
    amount: int
    captured: int
    refunded: int
    currency: str
    status: Annotated[str, Says(one_of=("pending", "requires_action", "processing", "succeeded", "failed", "unknown"))]
    code: str | None
    decline_code: str | None
    received_on: DayText | None
    site: str | None
    reversed_at: InstantText | None
    created_at: InstantText
    settled_at: InstantText | None
