"""What an electronic invoice is made of: frozen values, nothing computed yet. Pure.

Amounts are whole minor units of the document's currency and positive, on a credit note too: its type says the
direction. `Item.amount` is in the document's own terms (with VAT where prices are inclusive); nets and bases are not.
Periods are half-open; the XML says their last day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from invoices.paper import Kind, Locale, Means, Prices, Span

Category = Literal["S", "Z", "E", "AE", "K", "G", "O"]
"""VAT categories of EN 16931: standard, zero, exempt, reverse charge, intra-Community, export, outside VAT."""

Operation = Literal["services", "goods", "both"]

FRENCH = frozenset(["FR", "GP", "MQ", "GF", "RE", "YT", "BL", "MF", "PM", "WF", "PF", "NC", "TF"])
"""Where a company has a SIREN: France and what belongs to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The seller or the buyer, as frozen with the document. Empty: not known."""

    name: str
    country: str
    person: str = ""
    siren: str = ""
    siret: str = ""
    vat_number: str = ""
    reference: str = ""
    email: str = ""
    line1: str = ""
    line2: str = ""
    postal_code: str = ""
    city: str = ""
    legal_form: str = ""
    capital: str = ""
    registry: str = ""
    brand: str = ""
    business: bool = True

    @property
    def is_french(self) -> bool:
        """A SIREN says it, else the address."""
        return bool(self.siren) or self.country in FRENCH


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one coupon (`title`, empty: none is named) took off one line, in the document's own terms."""

    title: str
    amount: int
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line. `amount` before discounts; `net` after them, without VAT. `note`: how the amount came about."""

    title: str
    amount: int
    net: int
    percent: Decimal
    category: str
    note: str = ""
    quantity: Decimal = Decimal(1)
    unit_price: Decimal | None = None
    period: Span | None = None
    taken: tuple[Taken, ...] = ()

    @property
    def charged(self) -> int:
        """What remains after discounts, in the document's own terms."""
        return self.amount - sum(part.amount for part in self.taken)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """VAT of one rate and category; `reason`: why it is not charged; `code`: that reason's VATEX code, where known."""

    percent: Decimal
    category: str
    base: int
    vat: int
    reason: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Money that settled part of it. Of a card only its last four digits; of a debit its mandate and the creditor."""

    means: Means
    amount: int
    last4: str = ""
    mandate: str = ""
    creditor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account to which a transfer goes: its holder, IBAN, and BIC where one is known."""

    name: str
    iban: str
    bic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence and what it is about (UNTDID 4451: PMT, PMD, AAB, AAI…)."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An invoice or credit note. `settled` sums to what is no more to be paid or given back; `paid_on` is the day on
    which all of it was paid. `on_debits`: the seller owes VAT when it invoices, not when it is paid; None: not known.
    `corrects`: number and date of the invoice that a credit note takes back."""

    kind: Kind
    number: str
    issued_on: date
    currency: str
    locale: Locale
    prices: Prices
    seller: Party
    buyer: Party
    items: tuple[Item, ...]
    rates: tuple[Rate, ...]
    net: int
    vat: int
    gross: int
    operation: Operation = "services"
    on_debits: bool | None = None
    due_on: date | None = None
    paid_on: date | None = None
    period: Span | None = None
    settled: tuple[Settled, ...] = ()
    account: Account | None = None
    corrects: tuple[str, date] | None = None
    notes: tuple[Note, ...] = ()
    terms: str = ""
    practice: bool = False

    @property
    def left(self) -> int:
        """What is still to be paid, or given back."""
        return self.gross - sum(part.amount for part in self.settled)

    @property
    def bought_in(self) -> str:
        """The buyer's country; where none is known that of their VAT number, else the seller's: VAT is so, too."""
        prefix = self.buyer.vat_number[:2].upper()
        by_number = {"EL": "GR", "XI": "GB"}.get(prefix, prefix) if prefix.isalpha() else ""
        return self.buyer.country or by_number or self.seller.country

    def rate_of(self, item: Item) -> Rate | None:
        """The rate under which a line stands."""
        wanted = (item.percent, item.category)
        return next((rate for rate in self.rates if (rate.percent, rate.category) == wanted), None)
