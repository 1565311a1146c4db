"""◆ The file of accounting entries (fichier des écritures comptables): from the ledger's legs to its rows.

LPF, article A47 A-1: a flat file, one record a line (III, 1°: ISO 8859-15; 2°: decimal comma, no separator of
thousands, the sign first; 4°: dates AAAAMMJJ), whose first line names eighteen columns in this order. One unequivocal
separator (I, 4°): a tab, which no text keeps. Amounts come in minor units and leave in euros.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from invoices.chart import Chart, ChartAccount
from merchants.money import decimal_text, exponent, largest_remainder, round_half_away

COLUMNS = (
    "JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib",
    "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet", "ValidDate", "Montantdevise",
    "Idevise",
)  # fmt: skip
SEPARATOR, END, ENCODING = "\t", "\r\n", "iso8859-15"
PRACTICE = "ESSAI"
"""What a sandbox's file and each of its entries begin with: nobody takes it for accounts."""
LABEL = 200
"""Characters of a label: the law sets no limit, accounting programs do."""

_SIGNS = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "−": "-", "…": "...", "•": "-", "Ł": "L", "ł": "l"}
)
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FecLeg:
    """One leg of an entry: its account in the ledger, its signed amount (debits above zero) in the entry's currency.
    `party`: number and name of the customer's own account; `letter`: what it is settled with, and since when."""

    account: str
    amount: int
    percent: Decimal | None = None
    tax_code: str = ""
    party: tuple[str, str] | None = None
    letter: tuple[str, date] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry: its place in the fiscal year, its journal (a name of `chart.JOURNALS`), its document, its legs. The
    ledger is append-only: an entry is valid from the day on which it was made."""

    number: int
    on: date
    journal: str
    reference: str
    referenced_on: date
    label: str
    currency: str
    legs: Sequence[FecLeg]


def header() -> bytes:
    """The first line.

    >>> header()[:35]
    b'JournalCode\\tJournalLib\\tEcritureNum\\t'
    """
    return (SEPARATOR.join(COLUMNS) + END).encode(ENCODING)


def lines(entry: Entry, chart: Chart, *, practice: bool = False) -> Iterator[bytes]:
    """An entry's records. Raises KeyError where the chart has no rate for its currency on its day."""
    for row in rows(entry, chart, practice=practice):
        yield (SEPARATOR.join(row[name] for name in COLUMNS) + END).encode(ENCODING)


def rows(entry: Entry, chart: Chart, *, practice: bool = False) -> Iterator[Mapping[str, str]]:
    """An entry's records by column, debits first, as accountants read them.

    >>> legs = [FecLeg(account="receivable", amount=1299, party=("ON-1", "Lucie Garnier")),
    ...         FecLeg(account="revenue", amount=-1082, percent=Decimal(20), tax_code="electronic"),
    ...         FecLeg(account="vat", amount=-217, percent=Decimal(20))]
    >>> entry = Entry(number=7, on=date(2026, 11, 3), journal="sales", reference="2026-000412", currency="EUR",
    ...               referenced_on=date(2026, 11, 3), label="Facture 2026-000412", legs=legs)
    >>> for row in rows(entry, Chart()):
    ...     row["JournalCode"], row["EcritureNum"], row["CompteNum"], row["CompAuxNum"], row["Debit"], row["Credit"]
    ('VE', '7', '411000', 'ON-1', '12,99', '0,00')
    ('VE', '7', '706000', '', '0,00', '10,82')
    ('VE', '7', '44571200', '', '0,00', '2,17')
    """
    journal = chart.journal(entry.journal)
    euros = in_euros([leg.amount for leg in entry.legs], entry.currency, _rate(entry, chart))
    pairs = sorted(zip(entry.legs, euros, strict=True), key=lambda pair: pair[0].amount < 0)
    label = f"{PRACTICE} {entry.label}" if practice else entry.label
    for leg, euro in pairs:
        account = account_of(leg, chart)
        party, letter = leg.party or ("", ""), leg.letter
        foreign = entry.currency != "EUR"
        yield {
            "JournalCode": clean(journal.code),
            "JournalLib": clean(journal.label) or clean(journal.code),
            "EcritureNum": str(entry.number),
            "EcritureDate": day_text(entry.on),
            "CompteNum": clean(account.number),
            "CompteLib": clean(account.label) or clean(account.number),
            "CompAuxNum": clean(party[0]),
            "CompAuxLib": clean(party[1]) or clean(party[0]),
            "PieceRef": clean(entry.reference),
            "PieceDate": day_text(entry.referenced_on),
            "EcritureLib": clean(label)[:LABEL].rstrip(),
            "Debit": amount_text(max(euro, 0)),
            "Credit": amount_text(max(-euro, 0)),
            "EcritureLet": clean(letter[0]) if letter else "",
            "DateLet": day_text(letter[1]) if letter else "",
            "ValidDate": day_text(entry.on),
            "Montantdevise": decimal_text(leg.amount, entry.currency).replace(".", ",") if foreign else "",
            "Idevise": entry.currency if foreign else "",
        }


def account_of(leg: FecLeg, chart: Chart) -> ChartAccount:
    """Where a leg is told."""
    return chart.of(leg.account, percent=leg.percent, tax_code=leg.tax_code)


def in_euros(amounts: Sequence[int], currency: str, rate: Decimal) -> list[int]:
    """Legs of an entry in cents of euro: debits and credits come to one rounded sum, each leg's share by largest
    remainder, so that the entry balances in euros as it does in its currency. `rate`: euros for one unit.

    >>> in_euros([1000, -333, -667], "USD", Decimal("0.9155"))
    [916, -305, -611]
    """
    if currency == "EUR":
        return list(amounts)
    scale = Fraction(rate) * Fraction(100, 10 ** exponent(currency))
    debits = [max(amount, 0) for amount in amounts]
    credits = [max(-amount, 0) for amount in amounts]
    total = round_half_away(scale * sum(debits))
    shares = zip(largest_remainder(total, debits), largest_remainder(total, credits), strict=True)
    return [debit - credit for debit, credit in shares]


def clean(text: str) -> str:
    """A text that fits: no separator, no end of line, no control character, and nothing that ISO 8859-15 lacks. A
    letter that it lacks loses its mark, and what remains unknown is a question mark.

    >>> clean("Łódź\\t| “Ünïcode”\\r\\n 12 €"), clean("日本｜Ａ")
    ('Lódz / "Ünïcode" 12 €', '??/A')
    """
    plain = unicodedata.normalize("NFC", text).translate(_SIGNS)
    plain = "".join(sign if unicodedata.category(sign)[0] != "C" else " " for sign in plain)
    return _BLANKS.sub(" ", "".join(map(_kept, plain)).replace("|", "/")).strip()


def _kept(sign: str) -> str:
    try:
        sign.encode(ENCODING)
        return sign
    except UnicodeEncodeError:
        bare = "".join(part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part))
        return bare if bare != sign and bare.isascii() else "?"


def amount_text(cents: int) -> str:
    """Euros with a decimal comma, without grouping.

    >>> amount_text(129900), amount_text(5)
    ('1299,00', '0,05')
    """
    return decimal_text(cents, "EUR").replace(".", ",")


def day_text(day: date) -> str:
    """AAAAMMJJ.

    >>> day_text(date(2026, 3, 9))
    '20260309'
    """
    return f"{day:%Y%m%d}"


def file_name(siren: str, closing: date, *, practice: bool = False) -> str:
    """What the file is called: SIREN, FEC, the day on which the fiscal year ends. A sandbox's says first what it is.

    >>> file_name("732829320", date(2026, 12, 31)), file_name("732829320", date(2026, 12, 31), practice=True)
    ('732829320FEC20261231.txt', 'ESSAI-732829320FEC20261231.txt')
    """
    return f"{f'{PRACTICE}-' if practice else ''}{siren}FEC{day_text(closing)}.txt"


def _rate(entry: Entry, chart: Chart) -> Decimal:
    rate = chart.rate(entry.currency, entry.on)
    if rate is None:
        raise KeyError(entry.currency)
    return rate
