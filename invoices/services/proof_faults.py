"""What a proof of a series finds: how much it saw, and each fault by its number, what is wrong, expected, found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from invoices import shapes
from invoices.models import CreditNote, Invoice, NumberSeries
from invoices.services.chain import BEGINNING
from invoices.services.content import Document
from merchants.models import Event


class Subject(StrEnum):
    """What a fault is about."""

    number = "number"
    date = "date"
    content = "content"
    chain = "chain"
    sums = "sums"
    settled = "settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: of which number, what is wrong, what was expected there and what was found."""

    number: str
    subject: Subject
    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.number}: {self.what}: expected {self.expected}, found {self.found}"


@dataclass(slots=True)
class Proof:
    """A series, looked at from one number to another. Sums are minor units: by currency net, VAT and total; by
    currency, rate and category base and VAT."""

    series: NumberSeries
    head_before: str = BEGINNING
    head: str = BEGINNING
    count: int = 0
    erased: int = 0
    first: tuple[int, str, date] | None = None
    last: tuple[int, str, date] | None = None
    totals: dict[str, list[int]] = field(default_factory=dict)
    rates: dict[tuple[str, Decimal, str], list[int]] = field(default_factory=dict)
    wrong: dict[Subject, int] = field(default_factory=dict)
    firsts: dict[Subject, Fault] = field(default_factory=dict)
    fault: Fault | None = None

    def say(self, fault: Fault) -> None:
        """Keep the first fault, the first of each subject, and how many there were."""
        self.fault = self.fault or fault
        self.firsts.setdefault(fault.subject, fault)
        self.wrong[fault.subject] = self.wrong.get(fault.subject, 0) + 1

    def add(self, row: Document, taxes: Sequence[Any]) -> None:
        """Count a document and add its sums."""
        assert row.sequence is not None and row.number is not None and row.issued_on is not None
        place = (row.sequence, row.number, row.issued_on)
        self.count, self.first, self.last = self.count + 1, self.first or place, place
        totals = self.totals.setdefault(row.currency, [0, 0, 0])
        for at, amount in enumerate((row.net, row.tax, row.gross)):
            totals[at] += amount
        for tax in taxes:
            sums = self.rates.setdefault((row.currency, tax.tax_percent, tax.category), [0, 0])
            sums[0] += tax.base
            sums[1] += tax.tax


SETTLING = frozenset({"status", "amount_paid", "amount_credited", "amount_from_balance", "amount_due", "paid_at"})
"""What the journal said of an invoice that changes as it is settled."""


def content_fault(row: Document, lines: Sequence[Any], taxes: Sequence[Any], found: str) -> Fault:
    """Where a document no longer says what it said: the journal told what it was when it was issued, so what differs
    from that is named; else the digests."""
    number = row.number or ""
    for what, expected, now in _differences(row, lines, taxes):
        return Fault(number=number, subject=Subject.content, what=what, expected=expected, found=now)
    return Fault(
        number=number, subject=Subject.content, what="its content's digest", expected=row.content_hash, found=found
    )


def _differences(row: Document, lines: Sequence[Any], taxes: Sequence[Any]) -> Iterator[tuple[str, str, str]]:
    if isinstance(row, Invoice):
        kind, shown = "invoice.finalized", shapes.invoice(row, lines, taxes)
    else:
        assert isinstance(row, CreditNote)
        kind, shown = "credit_note.created", shapes.credit_note(row, lines, taxes)
    told = Event.objects.filter(object_id=row.pk, kind=kind).order_by("id").first()
    said = told.data.get("object", {}) if told else {}
    for name, value in said.items():
        if name in SETTLING or name not in shown or shown[name] == value:
            continue
        if name in ("lines", "taxes"):
            yield from _parts(name, value, shown[name])
        else:
            yield name, str(value), str(shown[name])


def _parts(name: str, said: Sequence[Mapping[str, Any]], shown: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    if len(said) != len(shown):
        yield name, str(len(said)), str(len(shown))
    for at, (was, now) in enumerate(zip(said, shown, strict=False)):
        for key, value in was.items():
            if key in now and now[key] != value:
                which = f"line {at}" if name == "lines" else f"VAT at {was['percent']} %"
                yield f"{which}, {key}", str(value), str(now[key])
