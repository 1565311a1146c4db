"""The ledger as a file of accounting entries tells it: chunks of whole postings in order, with what each stands for.

Each chunk is a fixed number of queries, however many postings the ledger holds. Needs the tenant's scope.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from invoices.models import BalanceEntry, CreditNote, Invoice, Payment
from merchants.ids import show
from subscribers.models import Subscriber

LEGS = 2_000
"""Legs of one chunk: some 500 postings."""


class Leg(NamedTuple):
    """A row of the ledger."""

    posted_on: date
    posting_id: UUID
    account: str
    amount: int
    currency: str
    percent: Decimal | None
    subscriber_id: UUID | None
    invoice_id: UUID | None
    credit_note_id: UUID | None
    payment_id: UUID | None
    refund_id: UUID | None
    balance_entry_id: UUID | None


@dataclass(frozen=True, slots=True)
class Span:
    """Which entries: of a legal entity, from a day to a day, both included."""

    entity_id: UUID
    first: date
    last: date


START = (date.min, UUID(int=0))
OWN_TIME = """(l.test_clock_id IS NULL OR EXISTS (SELECT FROM merchants_testclock c
    WHERE c.id = l.test_clock_id AND c.status = 'released'))"""
"""Of the merchant's own time: no test clock that stands elsewhere (as `money.REAL`)."""

CHUNK = f"""
SELECT l.posted_on, l.posting_id, l.account, l.amount, l.currency, l.tax_percent, l.subscriber_id, l.invoice_id,
    l.credit_note_id, l.payment_id, l.refund_id, l.balance_entry_id
FROM invoices_ledgerentry l
WHERE l.legal_entity_id = %s AND l.posted_on BETWEEN %s AND %s AND (l.posted_on, l.posting_id) > (%s, %s) AND {OWN_TIME}
ORDER BY l.posted_on, l.posting_id, l.id LIMIT %s"""  # noqa: S608 - a constant of this module

COUNT = f"""
SELECT count(DISTINCT l.posting_id) FROM invoices_ledgerentry l
WHERE l.legal_entity_id = %s AND l.posted_on BETWEEN %s AND %s AND {OWN_TIME}"""  # noqa: S608

CURRENCIES = f"""
SELECT l.currency, min(l.posted_on), count(DISTINCT l.posting_id) FROM invoices_ledgerentry l
WHERE l.legal_entity_id = %s AND l.posted_on BETWEEN %s AND %s AND l.currency <> 'EUR' AND {OWN_TIME}
GROUP BY 1 ORDER BY 1"""  # noqa: S608

SETTLED = """
SELECT l.invoice_id, max(l.posted_on) FROM invoices_ledgerentry l
WHERE l.invoice_id = ANY(%s) AND l.account = 'receivable' AND l.posted_on <= %s
GROUP BY 1 HAVING sum(l.amount) = 0"""

NETS = """
SELECT p.invoice_id, p.tax_percent, p.tax_code, sum(p.net) FROM invoices_invoiceline p
WHERE p.invoice_id = ANY(%s) GROUP BY 1, 2, 3
UNION ALL SELECT p.credit_note_id, p.tax_percent, l.tax_code, sum(p.net) FROM invoices_creditnoteline p
JOIN invoices_invoiceline l ON l.id = p.invoice_line_id WHERE p.credit_note_id = ANY(%s) GROUP BY 1, 2, 3"""


def _asked(statement: str, values: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: list[Any] = cursor.fetchall()
        return found


def chunk(span: Span, after: tuple[date, UUID] = START, *, most: int = LEGS) -> list[list[Leg]]:
    """The next whole postings after one of them, in order of day; none where there are no more."""
    values = [span.entity_id, span.first, span.last, *after, most]
    legs = [Leg(*row) for row in _asked(CHUNK, values)]
    postings = [list(found) for _, found in groupby(legs, key=lambda leg: leg.posting_id)]
    if len(legs) < most:
        return postings
    if len(postings) == 1:  # a posting of more legs than a chunk holds
        return chunk(span, after, most=most * 2)
    return postings[:-1]  # its last may go on


def count_before(span: Span, year_first: date) -> int:
    """How many entries the fiscal year has before the span."""
    if span.first <= year_first:
        return 0
    before = date.fromordinal(span.first.toordinal() - 1)
    ((found,),) = _asked(COUNT, [span.entity_id, year_first, before])
    return int(found)


def foreign(span: Span) -> list[tuple[str, date, int]]:
    """Currencies other than the euro: each with the day of its first entry, and how many there are."""
    return _asked(CURRENCIES, [span.entity_id, span.first, span.last])


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the postings of a chunk stand for, by id."""

    invoices: Mapping[UUID, Invoice]
    notes: Mapping[UUID, CreditNote]
    payments: Mapping[UUID, Payment]
    movements: Mapping[UUID, BalanceEntry]
    parties: Mapping[UUID, tuple[str, str]]
    settled: Mapping[UUID, date]
    nets: Mapping[UUID, Mapping[Decimal, Mapping[str, int]]]


def told(postings: Iterable[Sequence[Leg]], *, last: date) -> Told:
    """Look up what a chunk's postings stand for: seven queries. An invoice is settled where it was by `last`."""
    legs = [leg for posting in postings for leg in posting]
    invoice_ids = {leg.invoice_id for leg in legs if leg.invoice_id}
    note_ids = {leg.credit_note_id for leg in legs if leg.credit_note_id}
    sold = {leg.invoice_id for leg in legs if leg.account == "revenue" and leg.invoice_id}
    owed = {leg.invoice_id for leg in legs if leg.account == "receivable" and leg.invoice_id}
    payments = Payment.objects.filter(id__in=_ids(legs, "payment_id")).only("id", "means", "received_on")
    movements = BalanceEntry.objects.filter(id__in=_ids(legs, "balance_entry_id")).only("id", "kind", "reason")
    people = Subscriber.objects.filter(id__in=_ids(legs, "subscriber_id"))
    return Told(
        invoices=_by_id(Invoice.objects.filter(id__in=invoice_ids).only("id", "number", "issued_on")),
        notes=_by_id(CreditNote.objects.filter(id__in=note_ids).only("id", "number", "issued_on")),
        payments=_by_id(payments),
        movements=_by_id(movements),
        parties={row.pk: _party(row) for row in people.only("id", "reference", "name", "company")},
        settled=dict(_asked(SETTLED, [list(owed), last])),
        nets=_nets(sold, note_ids),
    )


def _ids(legs: Iterable[Leg], name: str) -> set[UUID]:
    return {value for leg in legs if (value := getattr(leg, name))}


def _by_id(rows: Iterable[Any]) -> dict[UUID, Any]:
    return {row.pk: row for row in rows}


def _party(row: Subscriber) -> tuple[str, str]:
    """The customer's own account: the merchant's reference where it can stand in a file as it is."""
    plain = row.reference if row.reference.isascii() and row.reference.isprintable() else ""
    number = plain if plain and plain == plain.strip() and "|" not in plain and "  " not in plain else ""
    return number or show("cus", row.pk), row.company or row.name or row.reference


def _nets(invoice_ids: Collection[UUID], note_ids: Collection[UUID]) -> dict[UUID, dict[Decimal, dict[str, int]]]:
    found: dict[UUID, dict[Decimal, dict[str, int]]] = {}
    for document_id, percent, code, net in _asked(NETS, [list(invoice_ids), list(note_ids)]):
        found.setdefault(document_id, {}).setdefault(percent, {})[code] = int(net)
    return found
