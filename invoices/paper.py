"""What a document says on paper: everything printed, already decided, nothing computed from elsewhere.

`Paper` is the whole of an invoice or credit note in one frozen value: the caller fills it from frozen rows,
`typesetting` sets it in words of the reader's language, `pdf` prints it. The same `Paper` gives the same bytes.

Amounts are whole minor units of `Paper.currency`; unit prices are decimals of its major unit; periods are half-open
local dates and are shown with their last day (domain, preface and 5). A document that does not add up is refused.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from merchants.brand import LIGHT_SHEET, readable, rgb, text_of

Kind = Literal["invoice", "credit_note"]
State = Literal["open", "paid", "cancelled"]
Prices = Literal["inclusive", "exclusive"]
Locale = str
"""A code of `merchants.languages`."""
Means = Literal[
    "card", "sepa", "transfer", "cash", "cheque", "terminal", "balance", "credit_note", "invoice", "refund", "other"
]

TEXT_LIMIT = 160
"""Characters of one text on paper; what is longer ends in an ellipsis. Bounds the time of a hostile document."""

LIMITS = {"brand": 60, "number": 35, "title": 200, "detail": 300, "formula": 200, "why": 400, "reason": 400,
          "how_to_pay": 400, "mentions": 1_500, "pay_url": 500}  # fmt: skip
"""Where a text may be longer, or is shorter."""

LINES_LIMIT = 1_000
"""Lines of one document: some sixty pages. More is refused."""

WORDS_LIMIT = 40_000
"""Characters of all lines' texts together. Three hundred usual lines have fifteen thousand; where there are more, each
text is cut so far that they fit: a document takes seconds, whatever was written into its titles."""

_UNPRINTABLE = re.compile(r"[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2028\u2029"
                          r"\u2066-\u206f\ud800-\udfff\ufeff\ufff0-\uffff\U000e0000-\U0010ffff]")  # fmt: skip
_MARKS = re.compile(r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{3})"
                    r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")  # fmt: skip
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}", re.ASCII)


class DoesNotAddUp(ValueError):  # noqa: N818 - read as a sentence
    """The sums on this paper contradict each other: it must not reach anyone."""


def printable(text: str, *, limit: int = TEXT_LIMIT) -> str:
    """Text as it may stand on paper: composed, on one line, without controls, marks of direction or stacked accents.

    A name that turns the reading direction round could show another amount than it carries (reliability §4.4).

    >>> printable("Caf\\u0065\\u0301  Bleu\\u202e\\x00"), printable("x" * 9, limit=4)
    ('Café Bleu', 'xxx…')
    """
    start = text[: 8 * limit]
    clean = _MARKS.sub(r"\1", _UNPRINTABLE.sub("", unicodedata.normalize("NFC", start.replace("\t", " "))))
    line = " ".join(part for part in re.split(r"[ \n]+", clean) if part)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Printed:
    """Every text of it is made printable when it is built, so that no field can be forgotten."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value, limit = getattr(self, field.name), LIMITS.get(field.name, TEXT_LIMIT)
            if isinstance(value, str):
                object.__setattr__(self, field.name, printable(value, limit=limit))
            elif isinstance(value, tuple) and value and all(isinstance(part, str) for part in value):
                kept = [part for part in (printable(part, limit=limit) for part in value[:12]) if part]
                object.__setattr__(self, field.name, tuple(kept))


@dataclass(frozen=True, slots=True)
class Span:
    """Local dates `[start, end)`: `end` is the first day without it; `last` is the last day with it.

    >>> Span(date(2026, 11, 3), date(2026, 11, 20)).last, Span(date(2026, 11, 3), date(2026, 11, 20)).days
    (datetime.date(2026, 11, 19), 17)
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("a span has at least one day")

    @property
    def last(self) -> date:
        return self.end - timedelta(days=1)

    @property
    def days(self) -> int:
        return (self.end - self.start).days


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer(_Printed):
    """The legal entity, as it stood on the day of issue; `rcs` in full (`RCS Lyon 999 412 075`). `brand`
    is the name beside the logo; leave it empty where the logo says it. `logo` is SVG or PNG; one that cannot be drawn
    safely is left out and the name stands in its place."""

    name: str
    brand: str = ""
    legal_form: str = ""
    address: tuple[str, ...] = ()
    siren: str = ""
    siret: str = ""
    vat_id: str = ""
    capital: str = ""
    rcs: str = ""
    logo: bytes | None = None
    colour: str = "#201E1A"

    def __post_init__(self) -> None:
        _Printed.__post_init__(self)
        if not _COLOUR.fullmatch(self.colour):
            raise ValueError(f"not a colour of the form #RRGGBB: {self.colour!r}")

    @property
    def ink(self) -> str:
        """The colour as it can be read on white paper (4.5 to 1): darkened, no more than needed.

        >>> Issuer(name="Onde", colour="#5B2A86").ink, Issuer(name="Onde", colour="#FFE66B").ink
        ('#5B2A86', '#827537')
        """
        return text_of(readable(rgb(self.colour), LIGHT_SHEET, (0, 0, 0), 0)[0])

    @property
    def full_name(self) -> str:
        """The name with the legal form, said once."""
        form = self.legal_form
        return self.name if not form or self.name.endswith(f" {form}") else f"{self.name} {form}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(_Printed):
    """The payer, as they stood on the day of issue. `country` (ISO 3166) is not printed: it decides how ideographs are
    drawn; where it is to be read, it stands in the address."""

    name: str
    company: str = ""
    address: tuple[str, ...] = ()
    vat_id: str = ""
    siren: str = ""
    reference: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(_Printed):
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


def _fitting(lines: tuple[Line, ...]) -> tuple[Line, ...]:
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
class Discount(_Printed):
    """A coupon or gesture over several lines; `amount` is below zero on an invoice, as it counts into the total."""

    title: str
    amount: int
    formula: str = ""
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxLine(_Printed):
    """VAT of one rate: computed once on the sum of that rate. `reason` is the exemption's text, for a rate of zero."""

    rate: Decimal
    base: int
    vat: int
    reason: str = ""

    @property
    def gross(self) -> int:
        return self.base + self.vat


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement(_Printed):
    """Something that settled part of it: `detail` names the means (`Visa 4242`, a number), `on` is its day."""

    means: Means
    amount: int
    detail: str = ""
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(_Printed):
    """Where a transfer goes: the holder, the number, and the bank's code where it is needed. Checked and compact."""

    name: str
    iban: str
    bic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference(_Printed):
    """Another document: the invoice a credit note corrects, or the credit note that cancelled an invoice."""

    number: str
    issued_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch(_Printed):
    """Some days of a period and what they belong to; `billed` marks those that this document bills."""

    title: str
    span: Span
    billed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount(_Printed):
    """The prorated period day by day, and in one sentence why it was split. Stretches follow one another."""

    why: str
    stretches: tuple[Stretch, ...]

    def __post_init__(self) -> None:
        _Printed.__post_init__(self)
        if not self.stretches:
            raise ValueError("a day count has at least one stretch")
        for before, after in zip(self.stretches, self.stretches[1:], strict=False):
            if before.span.end != after.span.start:
                raise ValueError("stretches of a day count follow one another")

    @property
    def days(self) -> int:
        return sum(stretch.span.days for stretch in self.stretches)

    @property
    def billed_days(self) -> int:
        return sum(stretch.span.days for stretch in self.stretches if stretch.billed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming(_Printed):
    """The next charge: its day, what it is made of, what it comes to."""

    on: date
    total: int
    items: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        _Printed.__post_init__(self)
        items = tuple((printable(title), amount) for title, amount in self.items[:12])
        object.__setattr__(self, "items", items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper(_Printed):
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
        _Printed.__post_init__(self)
        if not 1 <= len(self.lines) <= LINES_LIMIT:
            raise ValueError(f"a document has 1 to {LINES_LIMIT} lines, this one has {len(self.lines)}")
        object.__setattr__(self, "lines", _fitting(self.lines))
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
