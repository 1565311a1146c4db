"""What a company's report of some days holds, read anew from its documents and its ledger. Needs the tenant's scope.

Documents are found by their postings, a chunk at a time; each chunk is a fixed number of queries. Test clocks that
stand elsewhere never enter. Memory grows with days, documents abroad and the ids of what was paid, not with sales.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from billing.engine.receipts_reported import Receipt, Receipts
from billing.engine.reporting import Customer, Known, ReportKind, Span, known
from billing.engine.reports import Report
from billing.engine.sales_reported import Document, Sales
from invoices.chart import Chart
from invoices.parts import Settled, Share, Slice, Sold, receipts, shares
from invoices.selectors import entries
from invoices.selectors.entries import Leg

SLACK = timedelta(days=7)
"""A document is dated max(today, its series' last date): it is posted on its date, or a little before."""

WHO = "d.customer->>'name', d.customer->>'company', d.customer->>'siren', d.customer->>'vat_number',"
WHO += " d.customer->>'country', d.customer->>'postal_code'"
INVOICES = f"""
SELECT d.id, d.number, d.issued_on, d.currency, NULL, NULL, {WHO} FROM invoices_invoice d WHERE d.id = ANY(%s)"""  # noqa: S608 - constants
NOTES = f"""
SELECT d.id, d.number, d.issued_on, d.currency, i.number, i.issued_on, {WHO}
FROM invoices_creditnote d JOIN invoices_invoice i ON i.id = d.invoice_id WHERE d.id = ANY(%s)"""  # noqa: S608 - constants

TOLD = """l.tax_code, l.tax_percent, l.inputs #>> '{tax,reason}', l.inputs #>> '{tax,place}',
    coalesce(l.inputs #>> '{tax,category}', (SELECT min(t.category) FROM invoices_invoicetax t
        WHERE t.invoice_id = l.invoice_id AND t.tax_percent = l.tax_percent))"""
INVOICE_LINES = f"""
SELECT l.invoice_id, {TOLD}, sum(l.net) FROM invoices_invoiceline l WHERE l.invoice_id = ANY(%s)
GROUP BY 1, 2, 3, 4, 5, 6"""  # noqa: S608 - constants of this module
NOTE_LINES = f"""
SELECT p.credit_note_id, {TOLD}, sum(p.net) FROM invoices_creditnoteline p
JOIN invoices_invoiceline l ON l.id = p.invoice_line_id WHERE p.credit_note_id = ANY(%s)
GROUP BY 1, 2, 3, 4, 5, 6"""  # noqa: S608 - constants of this module
INVOICE_TAXES = """
SELECT t.invoice_id, t.tax_percent, t.category, t.base, t.tax FROM invoices_invoicetax t WHERE t.invoice_id = ANY(%s)
ORDER BY 1, 2 DESC, 3"""
NOTE_TAXES = """
SELECT t.credit_note_id, t.tax_percent, t.category, t.base, t.tax FROM invoices_creditnotetax t
WHERE t.credit_note_id = ANY(%s) ORDER BY 1, 2 DESC, 3"""

PAID = """
SELECT l.invoice_id, l.posting_id, l.posted_on, -sum(l.amount) FROM invoices_ledgerentry l
WHERE l.invoice_id = ANY(%s) AND l.account = 'receivable' AND l.credit_note_id IS NULL
    AND (l.payment_id IS NOT NULL OR l.balance_entry_id IS NOT NULL) AND l.posted_on <= %s GROUP BY 1, 2, 3"""
CREDITED = """
SELECT c.invoice_id, c.id, c.issued_on, c.to_balance + c.to_refund FROM invoices_creditnote c
WHERE c.invoice_id = ANY(%s) AND c.issued_on <= %s"""


class _Row(NamedTuple):
    """A document as it is read."""

    id: UUID
    number: str
    on: date
    currency: str
    credits_number: str | None
    credits_on: date | None
    name: str | None
    company: str | None
    siren: str | None
    vat_number: str | None
    country: str | None
    postal_code: str | None


Rates = tuple[tuple[Decimal, str, int, int], ...]


def report_of(kind: ReportKind, entity_id: UUID, span: Span, *, since: date, chart: Chart) -> Report:
    """A report of some days, of none before `since`. Other currencies are told in euros at the chart's rates."""
    first = max(span.first, since)
    if first > span.last:
        return {"days": [], "documents": [], "left_out": []}
    within = Span(first, span.last)
    return _sales(entity_id, within, chart) if kind is ReportKind.transactions else _receipts(entity_id, within, chart)


def _sales(entity_id: UUID, span: Span, chart: Chart) -> Report:
    sales = Sales(euros=chart.euros)
    for postings in _chunks(entity_id, span):
        invoice_ids = {leg.invoice_id for leg in map(_first, postings) if _issues(leg)}
        note_ids = {leg.credit_note_id for leg in map(_first, postings) if leg.credit_note_id}
        for document in [*_invoices(invoice_ids), *_notes(note_ids)]:
            if span.first <= document.on <= span.last:
                sales.add(document)
    return sales.report()


def _receipts(entity_id: UUID, span: Span, chart: Chart) -> Report:
    taken, seen = Receipts(euros=chart.euros), set[UUID]()
    for postings in _chunks(entity_id, span):
        touched = {each for posting in postings if not _issues(posting[0]) for each in _settles(posting)}
        touched |= _credited({leg.credit_note_id for leg in map(_first, postings) if leg.credit_note_id})
        for receipt in _events(touched - seen, span.last):
            if span.first <= receipt.on <= span.last:
                taken.add(receipt)
        seen |= touched
    return taken.report()


def _chunks(entity_id: UUID, span: Span) -> Iterator[list[list[Leg]]]:
    """The entity's postings of those days and a few before, chunk by chunk."""
    posted = entries.Span(entity_id, span.first - SLACK, span.last)
    after = entries.START
    while postings := entries.chunk(posted, after):
        yield postings
        after = (postings[-1][0].posted_on, postings[-1][0].posting_id)


def _first(posting: Sequence[Leg]) -> Leg:
    return posting[0]


def _issues(leg: Leg) -> bool:
    """Whether a leg is of an invoice's own posting."""
    return bool(leg.invoice_id) and not (leg.payment_id or leg.credit_note_id or leg.balance_entry_id)


def _settles(posting: Sequence[Leg]) -> Iterator[UUID]:
    return (leg.invoice_id for leg in posting if leg.invoice_id and leg.account == "receivable")


def _asked(statement: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: list[Any] = cursor.fetchall()
        return found


def _invoices(ids: Collection[UUID | None]) -> list[Document]:
    return _documents(ids, INVOICES, INVOICE_LINES, INVOICE_TAXES)


def _notes(ids: Collection[UUID | None]) -> list[Document]:
    return _documents(ids, NOTES, NOTE_LINES, NOTE_TAXES)


def _documents(ids: Collection[UUID | None], heads: str, lines: str, taxes: str) -> list[Document]:
    """Three queries, however many."""
    if not ids:
        return []
    wanted = [each for each in ids if each]
    rows = [_Row(*row) for row in _asked(heads, wanted)]
    split = _slices(wanted, lines, taxes)
    return [
        Document(
            number=row.number,
            on=row.on,
            currency=row.currency,
            known=_known(row),
            slices=split[row.id][0],
            rates=split[row.id][1],
            credits=(row.credits_number, row.credits_on) if row.credits_number and row.credits_on else None,
        )
        for row in rows
    ]


def _slices(ids: list[UUID], lines: str, taxes: str) -> dict[UUID, tuple[dict[Slice, Share], Rates]]:
    """Each document by slice, and by rate and category: two queries."""
    sold: dict[UUID, list[Sold]] = {each: [] for each in ids}
    for document_id, code, percent, reason, place, category, net in _asked(lines, ids):
        line = Sold(
            percent=percent,
            tax_code=code,
            net=int(net),
            category=category or "S",
            reason=reason or "",
            place=place or "",
        )
        sold[document_id].append(line)
    rates: dict[UUID, list[tuple[Decimal, str, int, int]]] = {each: [] for each in ids}
    for document_id, percent, category, base, tax in _asked(taxes, ids):
        rates[document_id].append((percent, category, base, tax))
    found = {}
    for each in ids:
        by_percent: dict[Decimal, int] = {}
        for percent, _, _, tax in rates[each]:
            by_percent[percent] = by_percent.get(percent, 0) + tax
        found[each] = (shares(sold[each], by_percent), tuple(rates[each]))
    return found


def _known(row: _Row) -> Known:
    return known(
        Customer(
            name=row.name or "",
            company=row.company or "",
            siren=row.siren or "",
            vat_number=row.vat_number or "",
            country=row.country or "",
            postal_code=row.postal_code or "",
        )
    )


def _credited(note_ids: Collection[UUID | None]) -> set[UUID]:
    """The invoices that these notes credit."""
    if not note_ids:
        return set()
    found = _asked("SELECT c.invoice_id FROM invoices_creditnote c WHERE c.id = ANY(%s)", [*note_ids])
    return {each for (each,) in found}


def _events(invoice_ids: Collection[UUID], last: date) -> Iterator[Receipt]:
    """All that ever settled these invoices, in the order in which it happened, as what it changed by slice: seven
    queries, however many."""
    if not invoice_ids:
        return
    ids = [*invoice_ids]
    rows = {row.id: row for row in (_Row(*each) for each in _asked(INVOICES, ids))}
    sold = _slices(ids, INVOICE_LINES, INVOICE_TAXES)
    notes = _asked(CREDITED, ids, last)
    credited = _slices([note_id for _, note_id, _, _ in notes], NOTE_LINES, NOTE_TAXES)
    events: dict[UUID, list[tuple[UUID, date, Settled]]] = {each: [] for each in ids}
    for invoice_id, posting_id, on, amount in _asked(PAID, ids, last):
        events[invoice_id].append((posting_id, on, Settled(paid=int(amount))))
    for invoice_id, note_id, on, back in notes:
        taken = {each: share.gross for each, share in credited[note_id][0].items()}
        events[invoice_id].append((note_id, on, Settled(paid=-back, credited=taken)))
    for invoice_id, row in rows.items():
        ordered = sorted(events[invoice_id], key=lambda event: event[0])  # ids are made in the order of time
        gross = {each: share.gross for each, share in sold[invoice_id][0].items()}
        for (_, on, _event), changes in zip(ordered, receipts(gross, [event for *_, event in ordered]), strict=True):
            yield Receipt(
                number=row.number, issued_on=row.on, on=on, currency=row.currency, known=_known(row), changes=changes
            )
