"""Invoices and credit notes as rows: one a document, one a line, one a rate of VAT. Credit notes count below zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet

from billing.exports.asked import Asked
from billing.exports.columns import Row, major
from billing.exports.reading import Source
from invoices.models import (
    CreditNote,
    CreditNoteLine,
    CreditNoteTax,
    Invoice,
    InvoiceLine,
    InvoiceTax,
)
from invoices.selectors import lists
from merchants.ids import show
from merchants.languages import said_in
from merchants.tenancy.models import TenantModel
from subscribers.selectors import people

INVOICE, CREDIT_NOTE = "invoice", "credit_note"
ONLY_INVOICES = ("status", "q", "run")
"""What narrows to invoices: where it is asked for, credit notes are left out."""


def _of_invoice(asked: Asked, prefix: str = "") -> Q:
    """What an invoice must be, seen from it or from what belongs to it (`invoice__`)."""
    given = asked.filters
    wanted = Q(**{f"{prefix}number__isnull": False}) & asked.days(f"{prefix}issued_on")
    if "subscriber" in given:
        wanted &= Q(**{f"{prefix}payer_id": given["subscriber"]})
    if "site" in given:
        wanted &= Q(**{f"{prefix}site_id": given["site"]})
    if "run" in given:
        wanted &= Q(**{f"{prefix}run_id": given["run"]})
    return wanted & (Q(**{f"{prefix}site_id__in": asked.sites}) if asked.sites else Q())


def _of_credit_note(asked: Asked, prefix: str = "") -> Q:
    """The same of a credit note; its site is its invoice's."""
    given = asked.filters
    if any(name in given for name in ONLY_INVOICES):
        return Q(pk__in=[])
    wanted = asked.days(f"{prefix}issued_on")
    if "subscriber" in given:
        wanted &= Q(**{f"{prefix}payer_id": given["subscriber"]})
    if "site" in given:
        wanted &= Q(**{f"{prefix}invoice__site_id": given["site"]})
    return wanted & (Q(**{f"{prefix}invoice__site_id__in": asked.sites}) if asked.sites else Q())


def _invoices(asked: Asked) -> QuerySet[Invoice]:
    rows = lists.invoices_in(asked.filters.get("status", ""), asked.today)
    if "q" in asked.filters:
        rows = lists.numbered(rows, asked.filters["q"])
    return rows.filter(_of_invoice(asked)).select_related("legal_entity", "site")


def _credit_notes(asked: Asked) -> QuerySet[CreditNote]:
    rows = people.on_shown_clocks(CreditNote.objects.filter(_of_credit_note(asked)))
    return rows.select_related("legal_entity", "invoice__site")


def _show_invoices(rows: Sequence[Invoice], asked: Asked) -> list[Row]:
    return [
        (
            *_head(row, INVOICE),
            None,
            row.status,
            row.due_on,
            row.period_start,
            row.period_end,
            *_who(row),
            *_party(row.customer),
            row.legal_entity.name,
            row.site.name if row.site else None,
            row.currency,
            major(row.net, row.currency),
            major(row.tax, row.currency),
            major(row.gross, row.currency),
            major(row.amount_paid, row.currency),
            major(row.amount_credited, row.currency),
            major(row.amount_from_balance, row.currency),
            major(row.amount_due if row.status in lists.OWED else 0, row.currency),
            row.paid_at,
            show("sub", row.subscription_id) if row.subscription_id else None,
            row.public_id,
        )
        for row in rows
    ]


def _show_credit_notes(rows: Sequence[CreditNote], asked: Asked) -> list[Row]:
    return [
        (
            *_head(row, CREDIT_NOTE),
            row.invoice.number,
            None,
            None,
            None,
            None,
            *_who(row),
            *_party(row.customer),
            row.legal_entity.name,
            row.invoice.site.name if row.invoice.site else None,
            row.currency,
            major(-row.net, row.currency),
            major(-row.tax, row.currency),
            major(-row.gross, row.currency),
            *(None,) * 5,
            show("sub", row.invoice.subscription_id) if row.invoice.subscription_id else None,
            row.public_id,
        )
        for row in rows
    ]


def _head(row: Invoice | CreditNote, kind: str) -> Row:
    return (kind, row.number, row.issued_on)


def _who(row: Invoice | CreditNote) -> Row:
    """The payer as the document names them."""
    said: Mapping[str, Any] = row.customer
    return (show("cus", row.payer_id), said.get("reference") or None, said.get("name") or None)


def _party(said: Mapping[str, Any]) -> Row:
    return (said.get("company") or None, said.get("country") or None, said.get("vat_number") or None)


def _parts(model: type[TenantModel], parent: str, wanted: Any, *more: str) -> Any:
    """Lines or rates of the documents that are asked for, each with its document."""

    def rows(asked: Asked) -> QuerySet[Any]:
        found = people.on_shown_clocks(model.objects.filter(wanted(asked, f"{parent}__")), f"{parent}__test_clock")
        return found.select_related(parent, *more)

    return rows


def _show_lines(rows: Sequence[InvoiceLine], asked: Asked) -> list[Row]:
    return [
        (
            *_head(row.invoice, INVOICE),
            *_who(row.invoice),
            row.position + 1,
            row.kind,
            said_in(row.title, asked.locale),
            row.period_start,
            row.period_end,
            row.quantity.normalize() + 0,
            row.unit_price,
            row.invoice.tax_behavior,
            row.invoice.currency,
            major(row.amount, row.invoice.currency),
            major(row.discount, row.invoice.currency),
            major(row.net, row.invoice.currency),
            row.tax_percent.normalize() + 0,
            row.tax_code,
            show("sub", row.subscription_id) if row.subscription_id else None,
            row.invoice.public_id,
        )
        for row in rows
    ]


def _show_credited_lines(rows: Sequence[CreditNoteLine], asked: Asked) -> list[Row]:
    return [
        (
            *_head(row.credit_note, CREDIT_NOTE),
            *_who(row.credit_note),
            row.position + 1,
            row.invoice_line.kind,
            said_in(row.title, asked.locale),
            row.period_start,
            row.period_end,
            None,
            None,
            row.credit_note.tax_behavior,
            row.credit_note.currency,
            major(-row.amount, row.credit_note.currency),
            None,
            major(-row.net, row.credit_note.currency),
            row.tax_percent.normalize() + 0,
            row.invoice_line.tax_code,
            show("sub", row.invoice_line.subscription_id) if row.invoice_line.subscription_id else None,
            row.credit_note.public_id,
        )
        for row in rows
    ]


def _show_taxes(rows: Sequence[InvoiceTax], asked: Asked) -> list[Row]:
    return [_tax(row, row.invoice, INVOICE, 1) for row in rows]


def _show_credited_taxes(rows: Sequence[CreditNoteTax], asked: Asked) -> list[Row]:
    return [_tax(row, row.credit_note, CREDIT_NOTE, -1) for row in rows]


def _tax(row: InvoiceTax | CreditNoteTax, document: Invoice | CreditNote, kind: str, sign: int) -> Row:
    said, currency = document.customer, document.currency
    return (
        *_head(document, kind),
        *_who(document),
        said.get("country") or None,
        document.legal_entity.name,
        currency,
        row.category,
        row.tax_percent.normalize() + 0,
        major(sign * row.base, currency),
        major(sign * row.tax, currency),
        major(sign * (row.base + row.tax), currency),
        document.public_id,
    )


DOCUMENT_SOURCES = (
    Source(model=Invoice, rows=_invoices, show=_show_invoices),
    Source(model=CreditNote, rows=_credit_notes, show=_show_credit_notes),
)
LINE_SOURCES = (
    Source(model=InvoiceLine, rows=_parts(InvoiceLine, "invoice", _of_invoice), show=_show_lines),
    Source(
        model=CreditNoteLine,
        rows=_parts(CreditNoteLine, "credit_note", _of_credit_note, "invoice_line"),
        show=_show_credited_lines,
    ),
)
TAX_SOURCES = (
    Source(
        model=InvoiceTax,
        rows=_parts(InvoiceTax, "invoice", _of_invoice, "invoice__legal_entity"),
        show=_show_taxes,
    ),
    Source(
        model=CreditNoteTax,
        rows=_parts(CreditNoteTax, "credit_note", _of_credit_note, "credit_note__legal_entity"),
        show=_show_credited_taxes,
    ),
)
