"""Proof that a series is what it was: numbers from 1 without gap or double, dates that never go back, contents that say
what they said, links that hold, and an end that is where the series says.

Everything is computed anew from the rows, in the order of the numbers, some hundred documents at a time: memory does
not grow with the series. Reads only, in the scope that is open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Max, QuerySet, Sum

from invoices.models import (
    Allocation,
    BalanceEntry,
    CreditNote,
    CreditNoteLine,
    CreditNoteTax,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    NumberSeries,
)
from invoices.retention import RETENTION_YEARS
from invoices.services.chain import BEGINNING, link_of
from invoices.services.content import Document, content_hash, customer_hash
from invoices.services.content_before import content_hash_before
from invoices.services.proof_faults import Fault, Proof, Subject, content_fault
from merchants.numbers import written

AT_ONCE = 500
"""Documents that are read together."""

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class _Known:
    """A document with its parts, and what its allocations, credit notes and the balance say of it."""

    row: Document
    lines: Sequence[Any]
    taxes: Sequence[Any]
    settled: tuple[int, int, int] | None


def prove(
    series: NumberSeries,
    *,
    today: date,
    since: date | None = None,
    until: date | None = None,
    at_rest: bool = True,
    progress: Progress | None = None,
) -> Proof:
    """Look at every document of a series, or at those dated from `since` to before `until`. `progress` is told how many
    were read, after each block. `series` comes with its site (`select_related`).

    `at_rest`: the transaction sees one moment (REPEATABLE READ). Where it does not, documents are looked at as far as
    `series` knew when it was read, and not how they were settled, which may change between two questions.
    """
    first, last = _span(series, since, until, at_rest)
    proof = Proof(series=series)
    if first > last:
        if since is None and until is None:
            _end(proof, series)
        return proof
    before = _document(series, first - 1) if first > 1 else None
    if before is not None:
        proof.head_before = proof.head = before.chain_hash or BEGINNING
    expected, last_on = first, before.issued_on if before else None
    for known in _documents(series, first, last, at_rest, progress):
        _place(proof, known.row, expected, last_on)
        _said(proof, known, today)
        _sums(proof, known)
        proof.add(known.row, known.taxes)
        expected, last_on = (known.row.sequence or 0) + 1, known.row.issued_on
    if until is None or last >= series.next_number - 1:
        _end(proof, series)
    return proof


def size_of(series: NumberSeries, since: date | None, until: date | None) -> int:
    """How many documents such a proof would look at, at most; a few look-ups, whatever there is."""
    first, last = _span(series, since, until, False)
    return max(0, last - first + 1)


def name_of(series: NumberSeries) -> str:
    """A series in a few words: "invoices of site LYON of 2026"."""
    words = ["invoices" if series.kind == NumberSeries.Kind.INVOICE else "credit notes"]
    if series.site_id:
        words.append(f"of site {series.site.code}")
    if series.year:
        words.append(f"of {series.year}")
    if series.test_clock_id:
        words.append("of a test clock")
    return " ".join(words)


def text_of(series: NumberSeries, sequence: int, on: date) -> str:
    """How a number of the series is written: by the format that counted then."""
    pattern = next((each["format"] for each in series.earlier if sequence <= each["until"]), series.format)
    return written(pattern, sequence, on, (series.site.code or "") if series.site_id else "")


def _model(series: NumberSeries) -> Any:
    return Invoice if series.kind == NumberSeries.Kind.INVOICE else CreditNote


def _document(series: NumberSeries, sequence: int) -> Document | None:
    found: Document | None = _model(series).objects.filter(series=series, sequence=sequence).first()
    return found


def _span(series: NumberSeries, since: date | None, until: date | None, at_rest: bool) -> tuple[int, int]:
    """The first and the last place that are looked at."""
    rows = _model(series).objects.filter(series=series)
    last = rows.aggregate(last=Max("sequence"))["last"] or 0 if at_rest else series.next_number - 1
    first = _first_on(rows, since, last) if since else 1
    return first, _first_on(rows, until, last) - 1 if until else last


def _first_on(rows: QuerySet[Any], day: date, last: int) -> int:
    """The first place dated that day or later; dates never go back, so it is found by halves."""
    low, high = 1, last + 1
    while low < high:
        middle = (low + high) // 2
        on = rows.filter(sequence__gte=middle).order_by("sequence").values_list("issued_on", flat=True).first()
        if on is None or on >= day:
            high = middle
        else:
            low = middle + 1
    return low


def _documents(
    series: NumberSeries, first: int, last: int, at_rest: bool, progress: Progress | None
) -> Iterator[_Known]:
    """In the order of their numbers; a fixed number of queries a block."""
    model, after, count = _model(series), (first, UUID(int=0)), 0
    line, tax, key = (
        (InvoiceLine, InvoiceTax, "invoice_id")
        if model is Invoice
        else (CreditNoteLine, CreditNoteTax, "credit_note_id")
    )
    while True:
        rows = model.objects.filter(series=series, sequence__gte=after[0], sequence__lte=last)
        rows = list(rows.exclude(sequence=after[0], id__lte=after[1]).order_by("sequence", "id")[:AT_ONCE])
        if not rows:
            return
        ids = [row.pk for row in rows]
        lines, taxes = _parts(line, key, ids, "position"), _parts(tax, key, ids, "-tax_percent", "category")
        settled = _settled(ids) if model is Invoice and at_rest else None
        for row in rows:
            yield _Known(row, lines.get(row.pk, []), taxes.get(row.pk, []), settled(row.pk) if settled else None)
        after, count = (rows[-1].sequence, rows[-1].pk), count + len(rows)
        if progress:
            progress(count)


def _parts(model: Any, key: str, ids: Sequence[UUID], *order: str) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for part in model.objects.filter(**{f"{key}__in": ids}).order_by(key, *order):
        found.setdefault(getattr(part, key), []).append(part)
    return found


def _settled(ids: Sequence[UUID]) -> Callable[[UUID], tuple[int, int, int]]:
    """What was paid, credited and taken from the balance, by invoice, summed from where it is written."""

    def sums(rows: Any, column: str) -> dict[UUID, int]:
        return dict(rows.filter(invoice_id__in=ids).values_list("invoice_id").annotate(Sum(column)))

    paid = sums(Allocation.objects.all(), "amount")
    credited = sums(CreditNote.objects.all(), "gross")
    used = sums(BalanceEntry.objects.filter(kind="used"), "amount")
    return lambda key: (paid.get(key, 0), credited.get(key, 0), -used.get(key, 0))


def _place(proof: Proof, row: Document, expected: int, last_on: date | None) -> None:
    """Its place in the series, how its number is written, its date."""
    assert row.sequence is not None and row.issued_on is not None
    number = row.number or ""

    def say(subject: Subject, what: str, wanted: str, found: str, of: str = number) -> None:
        proof.say(Fault(number=of, subject=subject, what=what, expected=wanted, found=found))

    if row.sequence > expected:
        missing = text_of(proof.series, expected, row.issued_on)
        say(Subject.number, "it is missing", f"number {expected}", f"number {row.sequence} ({number})", missing)
    elif row.sequence < expected:
        say(Subject.number, "its place is taken", f"number {expected}", f"number {row.sequence}")
    if row.sequence >= proof.series.next_number:
        say(Subject.number, "it was put in", f"{proof.series.next_number - 1} documents", f"number {row.sequence}")
    right = text_of(proof.series, row.sequence, row.issued_on)
    if number != right:
        say(Subject.number, "how it is written", right, number)
    if last_on is not None and row.issued_on < last_on:
        say(Subject.date, "its date", f"{last_on} or later", str(row.issued_on))


def _said(proof: Proof, known: _Known, today: date) -> None:
    """What it says, and its link."""
    row = known.row
    number = row.number or ""
    if (row.sequence or 0) < proof.series.chained_from:
        found = content_hash_before(row, known.lines, known.taxes)
        if found != row.content_hash:
            proof.say(content_fault(row, known.lines, known.taxes, found))
        return
    found = content_hash(row, known.lines, known.taxes)
    if found != row.content_hash:
        proof.say(content_fault(row, known.lines, known.taxes, found))
    for wanted, customer in _customer(proof, row, today):
        what = "its customer"
        proof.say(Fault(number=number, subject=Subject.content, what=what, expected=wanted, found=customer))
    linked = link_of(row, proof.head)
    if linked != row.chain_hash:
        what, has = "its link", row.chain_hash or "none"
        proof.say(Fault(number=number, subject=Subject.chain, what=what, expected=linked, found=has))
    proof.head = row.chain_hash


def _customer(proof: Proof, row: Document, today: date) -> Iterator[tuple[str, str]]:
    assert row.issued_on is not None
    if row.customer_salt:
        digest = customer_hash(row.customer_salt, row.customer)
        if digest != row.customer_hash:
            yield f"digest {row.customer_hash}", f"digest {digest}"
    elif row.customer:
        yield "a digest with its salt", "no salt"
    elif row.issued_on.year + RETENTION_YEARS >= today.year:
        yield f"kept to the end of {row.issued_on.year + RETENTION_YEARS}", "deleted"
    else:
        proof.erased += 1


def _sums(proof: Proof, known: _Known) -> None:
    """Lines and rates add up to the document; what settled it is there."""
    row, number = known.row, known.row.number or ""
    lines = sum(line.net for line in known.lines)
    bases, taxes = sum(tax.base for tax in known.taxes), sum(tax.tax for tax in known.taxes)
    if (lines, bases, taxes, row.net + row.tax) != (row.net, row.net, row.tax, row.gross):
        wanted = f"lines {row.net}, bases {row.net}, VAT {row.tax}, total {row.gross}"
        found = f"lines {lines}, bases {bases}, VAT {taxes}, total {row.net + row.tax}"
        proof.say(Fault(number=number, subject=Subject.sums, what="its sums", expected=wanted, found=found))
    if isinstance(row, Invoice):
        says = (row.amount_paid, row.amount_credited, row.amount_from_balance)
        if known.settled is not None and says != known.settled:
            wanted = "paid {}, credited {}, from the balance {}".format(*known.settled)
            found = "paid {}, credited {}, from the balance {}".format(*says)
            what = "how it was settled"
            proof.say(Fault(number=number, subject=Subject.settled, what=what, expected=wanted, found=found))
    elif row.to_invoice + row.to_balance + row.to_refund != row.gross:
        found = str(row.to_invoice + row.to_balance + row.to_refund)
        what = "where it went"
        proof.say(Fault(number=number, subject=Subject.settled, what=what, expected=str(row.gross), found=found))


def _end(proof: Proof, series: NumberSeries) -> None:
    """The series goes on where its documents end, and its head is their last link."""
    last = proof.last[0] if proof.last else 0
    on = proof.last[2] if proof.last else series.last_on or date.min
    if last + 1 < series.next_number:
        missing = text_of(series, last + 1, series.last_on or on)
        what, wanted = "it is missing", f"number {last + 1} of {series.next_number - 1}"
        proof.say(Fault(number=missing, subject=Subject.number, what=what, expected=wanted, found=f"{last} documents"))
    name = name_of(series)
    if proof.last and series.last_on != on:
        what = "the series' last date"
        proof.say(Fault(number=name, subject=Subject.date, what=what, expected=str(on), found=str(series.last_on)))
    head = proof.head if last >= series.chained_from else ""
    if series.head != head:
        what = "the series' head"
        proof.say(
            Fault(number=name, subject=Subject.chain, what=what, expected=head or "none", found=series.head or "none")
        )
