"""Documents before they have a number: lines in the document's own terms, each with its rule, inputs and formula."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from enum import StrEnum
from typing import Any

from invoices.calculations import formula
from merchants.money import decimal_text, exponent
from subscribers.periods import Period
from subscribers.snapshots import TaxBehavior
from subscribers.taxes import TaxRate, Texts


class LineKind(StrEnum):
    """What a line bills."""

    stage = "stage"
    option = "option"
    setup = "setup"
    one_off = "one_off"
    usage = "usage"
    charge = "charge"
    early_end = "early_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountShare:
    """What one coupon takes off one line, in minor units of the document's own terms."""

    coupon_id: str
    code: str
    amount: int
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLine:
    """One line. `amount` is before discounts; `charged` is what remains. Both gross where prices are inclusive.

    `fact` says for ever what it bills, so that it is billed once; `catalogue_id` is the offer's or option's id, for
    coupons; `subscription_option_id` that of the subscription's own option.
    """

    kind: LineKind
    title: Texts
    amount: int
    currency: str
    tax_code: str
    tax: TaxRate
    rule: str
    inputs: Mapping[str, Any]
    formula: str
    quantity: int | Decimal = 1
    unit_price: str | None = None
    period: Period | None = None
    discounts: tuple[DiscountShare, ...] = ()
    fact: str | None = None
    catalogue_id: str | None = None
    subscription_id: str | None = None
    subscription_option_id: str | None = None

    def __post_init__(self) -> None:
        if self.amount < 0 or self.charged < 0:
            raise ValueError("no line goes below zero")

    @property
    def discount(self) -> int:
        """All that coupons take off it."""
        return sum(share.amount for share in self.discounts)

    @property
    def charged(self) -> int:
        """What remains after discounts, in the document's own terms."""
        return self.amount - self.discount

    def less(self, *more: DiscountShare) -> DraftLine:
        """The same line with more discounts, its inputs and formula told anew."""
        shares = (*self.discounts, *more)
        told = [
            {
                "coupon": one.coupon_id,
                "code": one.code,
                "percent": None if one.percent is None else format(one.percent, "f"),
                "amount": one.amount,
            }
            for one in shares
        ]
        inputs = {**self.inputs, "discounts": told}
        return replace(self, discounts=shares, inputs=inputs, formula=formula(self.rule, inputs, amount=self.amount))


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftInvoice:
    """One document to be: who pays, for which subscription, the day that it counts from, and its lines in order.

    `period` is the one that begins, or, on a closing document, the one that ends. `coupons_counted` are the coupons
    for which this document used up a paid period, once for each period.
    """

    payer: str
    currency: str
    tax_behavior: TaxBehavior
    on: date
    lines: tuple[DraftLine, ...]
    subscription: str | None = None
    period: Period | None = None
    coupons_counted: tuple[str, ...] = ()
    even_if_zero: bool = False

    def __post_init__(self) -> None:
        if any(line.currency != self.currency for line in self.lines):
            raise ValueError("a document has one currency")

    @property
    def charged(self) -> int:
        """Sum of the lines after discounts, in the document's own terms."""
        return sum(line.charged for line in self.lines)

    @property
    def makes_invoice(self) -> bool:
        """False where every line is 0 before discounts: there is no invoice then, unless the offer says so (domain 19).
        What discounts bring to 0 is issued, and paid."""
        return bool(self.lines) and (self.even_if_zero or any(line.amount for line in self.lines))


def fresh_fact(fact: str, taken: Container[str]) -> str:
    """A fact as it stands where no line has it yet, or numbered from 2 on: a period that is billed in parts, or again.

    >>> fresh_fact("setup:s", ()), fresh_fact("setup:s", {"setup:s", "setup:s:2"})
    ('setup:s', 'setup:s:3')
    """
    name, nth = fact, 2
    while name in taken:
        name, nth = f"{fact}:{nth}", nth + 1
    return name


def merged(first: DraftInvoice, second: DraftInvoice) -> DraftInvoice:
    """One document of two drafts for the same payer, currency and terms: lines in that order. It has the
    second's day and period, and a subscription where they share one.

    Raises `ValueError` where they cannot stand on one document.
    """
    if (first.payer, first.currency, first.tax_behavior) != (second.payer, second.currency, second.tax_behavior):
        raise ValueError("one payer, one currency, one way of taxing a document")
    return replace(
        second,
        lines=(*first.lines, *second.lines),
        subscription=second.subscription if first.subscription == second.subscription else None,
        period=second.period or first.period,
        coupons_counted=(*first.coupons_counted, *second.coupons_counted),
        even_if_zero=first.even_if_zero or second.even_if_zero,
    )


def unit_price(unit_amount: int, currency: str) -> str:
    """A whole unit amount as the decimal string that a line carries.

    >>> unit_price(2990, "EUR")
    '29.90'
    """
    return decimal_text(unit_amount, currency)


def unit_net(net: int, quantity: int | Decimal, currency: str) -> Decimal:
    """A line's net over its quantity in major units, with up to six decimals (domain 6).

    >>> unit_net(2492, 1, "EUR"), unit_net(1000, 3, "EUR")
    (Decimal('24.92'), Decimal('3.333333'))
    """
    with localcontext() as context:
        context.prec = 40
        exact = Decimal(net).scaleb(-exponent(currency)) / Decimal(quantity)
        rounded = exact.quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)
    text = format(rounded, "f")
    whole, _, part = text.partition(".")
    part = part.rstrip("0").ljust(exponent(currency), "0")
    return Decimal(f"{whole}.{part}" if part else whole)
