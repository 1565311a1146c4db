"""The kinds of exports: columns, where rows come from, what narrows them, which right reading them takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.exports import changes, document_columns, documents, money, subscribers
from billing.exports.columns import Columns
from billing.exports.reading import Source
from billing.models import Export
from invoices.selectors import lists
from subscribers.selectors import people

ROWS = (Export.Format.XLSX, Export.Format.CSV, Export.Format.PARQUET)
INVOICE_VIEWS = ("open", "overdue", "paid", "uncollectible", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind. `counts_by`: which date of a row the span is about, in words. `filters`: what may narrow it besides.
    `scope`: what a key needs to read the same rows one by one. `needs`: what must be said, by the API's names; such a
    file is of a company, whichever the site."""

    title: str | Promise
    about: str | Promise
    counts_by: str | Promise
    scope: str
    columns: Columns = ()
    sources: Sequence[Source] = ()
    filters: Sequence[str] = ()
    statuses: Sequence[str] = ()
    formats: Sequence[Export.Format] = ROWS
    needs: Sequence[str] = ()


KINDS: Mapping[str, Kind] = {
    Export.Kind.INVOICES: Kind(
        title=_("Invoices and credit notes"),
        about=_("One row a document; credit notes count below zero."),
        counts_by=_("date of issue"),
        scope="invoices:read",
        columns=document_columns.DOCUMENTS,
        sources=documents.DOCUMENT_SOURCES,
        filters=("status", "q", "subscriber", "site", "run"),
        statuses=INVOICE_VIEWS,
    ),
    Export.Kind.INVOICE_LINES: Kind(
        title=_("Lines of documents"),
        about=_("One row a line, with its days, its rate and its share of the net."),
        counts_by=_("date of issue"),
        scope="invoices:read",
        columns=document_columns.LINES,
        sources=documents.LINE_SOURCES,
        filters=("subscriber", "site", "run"),
    ),
    Export.Kind.INVOICE_TAXES: Kind(
        title=_("VAT by rate"),
        about=_("One row a document and rate: base, VAT and total."),
        counts_by=_("date of issue"),
        scope="invoices:read",
        columns=document_columns.TAXES,
        sources=documents.TAX_SOURCES,
        filters=("subscriber", "site", "run"),
    ),
    Export.Kind.PAYMENTS: Kind(
        title=_("Payments and refunds"),
        about=_("One row a payment, whatever its outcome; refunds count below zero."),
        counts_by=_("day on which it was asked for"),
        scope="payments:read",
        columns=money.COLUMNS,
        sources=money.SOURCES,
        filters=("status", "subscriber", "site"),
        statuses=tuple(lists.PAYMENT_VIEWS),
    ),
    Export.Kind.SUBSCRIBERS: Kind(
        title=_("Subscribers"),
        about=_("One row a person, with the subscription that matters most."),
        counts_by=_("day of enrolment"),
        scope="subscribers:read",
        columns=subscribers.COLUMNS,
        sources=subscribers.SOURCES,
        filters=("status", "q", "offer", "site", "channel"),
        statuses=tuple(people.VIEWS),
    ),
    Export.Kind.CHANGES: Kind(
        title=_("History"),
        about=_("One row a change: who changed what of whom, when and why, with what stood before."),
        counts_by=_("day on which it was written"),
        scope="subscribers:read",
        columns=changes.COLUMNS,
        sources=changes.SOURCES,
        filters=("subscriber", "site", "channel"),
    ),
    Export.Kind.FEC: Kind(
        title=_("File of accounting entries (FEC)"),
        about=_("A company’s ledger of a fiscal year, in the eighteen columns that French law asks for."),
        counts_by=_("day of the entry"),
        scope="accounting:read",
        filters=("legal_entity",),
        formats=(Export.Format.TXT,),
        needs=("from", "to", "filters.legal_entity"),
    ),
    Export.Kind.ARCHIVE: Kind(
        title=_("Archive of a year"),
        about=_("A company’s invoices and credit notes of a year, printed and in data, sealed; anybody can verify it."),
        counts_by=_("date of issue"),
        scope="accounting:read",
        filters=("legal_entity",),
        formats=(Export.Format.ZIP,),
        needs=("from", "to", "filters.legal_entity"),
    ),
}
