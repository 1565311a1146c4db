"""What a document lists: lines, discounts, VAT by rate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from invoices.paper.days import Span
from invoices.paper.text import Printed, printable

WORDS_LIMIT = 40_000
"""Characters of all lines' texts together. Three hundred usual lines have fifteen thousand; where there are more, each
text is cut so far that they fit: a document takes seconds, whatever was written into its titles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Printed):
    """One line. `amount` is before document discounts and on the document's own terms (gross where inclusive).

    `formula` says the calculation in the reader's language; without one, quantity × unit price is written. A gift has
    amount 0 and `instead_of`, what it would have cost. `net_price` is the unit price without VAT, where that is to be
    said beside one that contains it (CGI ann. II 242 nonies A, I, 8°).
    """

    title: str
    amount: int
    detail: str = ""
    period: Span | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    net_price: Decimal | None = None
    formula: str = ""
    rate: Decimal | None = None
    instead_of: int | None = None


def fitting(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines, their texts cut alike until all together are within WORDS_LIMIT."""
    texts = [len(text) for line in lines for text in (line.title, line.detail, line.formula)]
    if sum(texts) <= WORDS_LIMIT:
        return lines
    limit = next(
        (most for most in (200, 150, 100, 70, 50, 35) if sum(min(most, one) for one in texts) <= WORDS_LIMIT), 25
    )
    return tuple(
        replace(
            line,
            title=printable(line.title, limit=limit),
            detail=printable(line.detail, limit=limit),
            formula=printable(line.formula, limit=limit),
        )
        for line in lines
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount(Printed):
    """A coupon or gesture over several lines; `amount` is below zero on an invoice, as it counts into the total."""

    title: str
    amount: int
    formula: str = ""
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxLine(Printed):
    """VAT of one rate: computed once on the sum of that rate. `reason` is the exemption's text, for a rate of zero."""

    rate: Decimal
    base: int
    vat: int
    reason: str = ""

    @property
    def gross(self) -> int:
        return self.base + self.vat
