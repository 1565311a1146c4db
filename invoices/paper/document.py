"""A whole invoice or credit note as it is printed. One that does not add up is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from invoices.paper.days import DayCount, Span
from invoices.paper.lines import Discount, Line, TaxLine, fitting
from invoices.paper.parties import Customer, Issuer
from invoices.paper.settling import Account, Coming, Settlement
from invoices.paper.text import Locale, Printed

Kind = Literal["invoice", "credit_note"]

State = Literal["open", "paid", "cancelled"]

Prices = Literal["inclusive", "exclusive"]

LINES_LIMIT = 1_000
"""Lines of one document: some sixty pages. More is refused."""


class DoesNotAddUp(ValueError):  # noqa: N818 - read as a sentence
    """The sums on this paper contradict each other: it must not reach anyone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference(Printed):
    """Another document: the invoice a credit note corrects, or the credit note that cancelled an invoice."""

    number: str
    issued_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper(Printed):
    """An invoice or credit note, as it is printed. Amounts of a credit note are positive: the word says the direction.

    `mentions` are the legal lines frozen with the document (`mentions.mention_lines`); the issuer's identity is printed
    before them. `account` and `pay_url` say how the rest is paid, by transfer and on a page of ours; `collected`: it is
    asked for without anybody doing anything. `practice` marks what comes from a sandbox or a test clock: it is worth
    nothing, and says so.

    Raises `DoesNotAddUp` where lines and discounts, VAT by rate and totals contradict each other or more was settled
    than it comes to, and `ValueError` where it has no line, or too many.
    """

    kind: Kind
    number: str
    issued_on: date
    issuer: Issuer
    customer: Customer
    currency: str
    locale: Locale
    lines: tuple[Line, ...]
    taxes: tuple[TaxLine, ...]
    net: int
    vat: int
    gross: int
    prices: Prices = "inclusive"
    discounts: tuple[Discount, ...] = ()
    due_on: date | None = None
    period: Span | None = None
    subscription: str = ""
    purchase_order: str = ""
    state: State = "open"
    paid_on: date | None = None
    settlements: tuple[Settlement, ...] = ()
    how_to_pay: str = ""
    account: Account | None = None
    pay_url: str = ""
    collected: bool = False
    references: tuple[Reference, ...] = ()
    reason: str = ""
    day_count: DayCount | None = None
    coming: Coming | None = None
    mentions: tuple[str, ...] = ()
    practice: bool = False

    def __post_init__(self) -> None:
        Printed.__post_init__(self)
        if not 1 <= len(self.lines) <= LINES_LIMIT:
            raise ValueError(f"a document has 1 to {LINES_LIMIT} lines, this one has {len(self.lines)}")
        object.__setattr__(self, "lines", fitting(self.lines))
        total = self.gross if self.prices == "inclusive" else self.net
        listed = sum(line.amount for line in self.lines) + sum(discount.amount for discount in self.discounts)
        if listed != total:
            raise DoesNotAddUp(f"{self.number}: lines and discounts come to {listed}, the total says {total}")
        if self.net + self.vat != self.gross:
            raise DoesNotAddUp(f"{self.number}: net {self.net} and VAT {self.vat} are not the gross {self.gross}")
        based, taxed = sum(tax.base for tax in self.taxes), sum(tax.vat for tax in self.taxes)
        if (based, taxed) != (self.net, self.vat):
            raise DoesNotAddUp(f"{self.number}: VAT by rate comes to {based} + {taxed}, not {self.net} + {self.vat}")
        if self.left < 0:
            raise DoesNotAddUp(f"{self.number}: more was settled than {self.gross}")
        if self.state == "paid" and self.left:
            raise DoesNotAddUp(f"{self.number}: it is paid, and {self.left} are left to pay")

    @property
    def left(self) -> int:
        """What is still to pay on an invoice, or to be given back on a credit note, in minor units."""
        return self.gross - sum(settlement.amount for settlement in self.settlements)

    @property
    def is_asked(self) -> bool:
        """Whether somebody has to do something to pay it."""
        return self.kind == "invoice" and self.state == "open" and self.left > 0 and not self.collected

    @property
    def rates(self) -> int:
        """How many VAT rates it has: with more than one, each line says its own."""
        return len({tax.rate for tax in self.taxes})
