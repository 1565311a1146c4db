"""One invoice: what it says, each line with its calculation, how it was settled, what the ledger holds; its PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from invoices import calculations
from invoices.http import file_response
from invoices.models import (
    Allocation,
    BalanceEntry,
    CreditNote,
    DocumentFile,
    Invoice,
    InvoiceLine,
    LedgerEntry,
    Payment,
)
from invoices.pages.words import ACCOUNTS, language, means_text, money_text, party_name
from invoices.selectors.lists import LEFT, OWED, numbered
from invoices.services.by_hand import BY_HAND
from invoices.services.files import electronic, printed
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.http.references import find
from merchants.languages import said_in
from merchants.permissions import Permission
from merchants.refusals import NotFound
from merchants.templatetags.statuses import STATUSES
from merchants.templatetags.texts import local_day
from merchants.wording import long_date_text, percent_text, period_text
from subscribers.tax_texts import explained


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line as it is read: what, for which days, how its amount came about, why it has its rate where that is not the
    one at home. `amount` is after discount."""

    title: str
    period: str
    said: str
    discounts: Sequence[str]
    rate: str
    why_rate: str
    amount: int


@require_safe
@office_page(permission="see_documents")
def invoice(request: OfficeRequest, invoice: str) -> HttpResponse:
    """One invoice."""
    return office_render(request, "invoices/invoice.html", invoice_context(request, the_invoice(invoice)))


def the_invoice(shown: str) -> Invoice:
    """The invoice that the address names. Raises NotFound."""
    return find(Invoice.objects.select_related("legal_entity", "payer", "test_clock"), shown)


def invoice_context(request: OfficeRequest, row: Invoice) -> dict[str, Any]:
    """What `invoices/invoice.html` reads: a fixed number of queries."""
    office = request.office
    lines = list(row.lines.order_by("position"))
    notes = list(row.credit_notes.order_by("issued_on", "sequence"))
    file = DocumentFile.objects.filter(invoice=row, format="pdf").first()
    exclusive = row.tax_behavior == "exclusive"
    return {
        "invoice": row,
        "who": party_name(row.customer),
        "who_url": office.url("subscriber", subscriber=row.payer.public_id),
        "cells": _cells(row, office.now.today),
        "lines": [_line(line) for line in lines],
        "taxes": [
            (percent_text(tax.tax_percent, language()), tax) for tax in row.taxes.order_by("-tax_percent", "category")
        ],
        "exclusive": exclusive,
        "settlements": _settlements(row),
        "attempts": _attempts(row),
        "notes": notes,
        "owes": row.amount_due if row.status in OWED else 0,
        "ledger": _ledger(row),
        "is_printed": file is not None and file.made_at is not None,
        "file": file,
        "may_take": office.may(Permission.take_payments) and row.status in OWED and bool(row.amount_due),
        "may_take_back": office.may(Permission.override_counter),
        "may_credit": office.may(Permission.edit_documents) and _left(row),
    }


def _left(row: Invoice) -> bool:
    """Whether something may still be credited."""
    return row.number is not None and row.amount_credited < row.gross


def _line(row: InvoiceLine) -> Line:
    reader = language()
    period = period_text(row.period_start, row.period_end, reader) if row.period_start and row.period_end else ""
    inputs = row.inputs
    said, discounts = row.formula, list[str]()
    if calculations.computes(inputs):
        bare = {name: value for name, value in inputs.items() if name not in ("from", "until")}
        computed = not calculations.is_plain(inputs) or row.amount == 0
        said = calculations.say(row.rule, bare, amount=row.amount, language=reader) if computed else ""
        discounts = calculations.say_discounts(inputs, language=reader)
    return Line(
        title=said_in(row.title, reader),
        period=period,
        said=said,
        discounts=discounts,
        rate=percent_text(row.tax_percent, reader),
        why_rate=explained(str((inputs.get("tax") or {}).get("reason", "")), reader),
        amount=row.amount - row.discount,
    )


def _cells(row: Invoice, today: Any) -> list[dict[str, str]]:
    """The verdict: its state, its total, what is owed and until when, what was credited."""
    mark, word = STATUSES["invoice"][row.status]
    late = row.status == Invoice.Status.OPEN and row.due_on is not None and row.due_on < today
    paid = _("paid on %(day)s") % {"day": _local(row)} if row.paid_at else ""
    due = _("due on %(day)s") % {"day": long_date_text(row.due_on, language(), today=today)} if row.due_on else ""
    owed = row.amount_due if row.status in OWED else 0
    cells = [
        {
            "name": _("State"),
            "mark": "bad" if late else mark,
            "word": _("Overdue") if late else str(word),
            "note": paid,
        },
        {
            "name": _("Total"),
            "mark": "",
            "word": money_text(row.gross, row.currency),
            "note": _("of which VAT %(vat)s") % {"vat": money_text(row.tax, row.currency)},
        },
        {"name": _("Owed"), "mark": "", "word": money_text(owed, row.currency), "note": due if owed else ""},
    ]
    if row.amount_credited:
        cells.append(
            {"name": _("Credited"), "mark": "", "word": money_text(row.amount_credited, row.currency), "note": ""}
        )
    return cells


def _local(row: Invoice) -> str:
    return long_date_text(local_day(row.paid_at), language()) if row.paid_at else ""


def _settlements(row: Invoice) -> list[dict[str, Any]]:
    """What settled it, in order of time: payments, uses of the balance, credit notes."""
    found: list[dict[str, Any]] = []
    parts = Allocation.objects.filter(invoice=row).select_related("payment__payment_method")
    for part in parts:
        payment = part.payment
        found.append(
            {
                "at": part.created_at,
                "kind": "payment",
                "means": payment.means,
                "detail": means_text(payment),
                "payment": payment,
                "amount": part.amount,
                "back": -part.amount,
                "by_hand": payment.means in BY_HAND and payment.reversed_at is None,
            }
        )
    for entry in BalanceEntry.objects.filter(invoice=row, kind="used"):
        found.append({"at": entry.created_at, "kind": "balance", "amount": -entry.amount})
    for note in CreditNote.objects.filter(invoice=row, to_invoice__gt=0):
        found.append({"at": note.created_at, "kind": "credit_note", "note": note, "amount": note.to_invoice})
    return sorted(found, key=lambda each: each["at"])


def _attempts(row: Invoice) -> list[dict[str, Any]]:
    """Payments of this invoice that did not succeed, or not yet: the newest first."""
    tries = Payment.objects.filter(invoice=row).exclude(status=Payment.Status.SUCCEEDED)
    return [
        {
            "row": payment,
            "means": means_text(payment),
            "left": payment.status == Payment.Status.FAILED and payment.code in LEFT,
            "why": payment.message or payment.decline_code,
        }
        for payment in tries.select_related("payment_method").order_by("-id")[:20]
    ]


def _ledger(row: Invoice) -> list[dict[str, Any]]:
    """Every posting that this invoice, what paid it and what credited it made; debit and credit columns."""
    own = set(LedgerEntry.objects.filter(invoice=row).values_list("posting_id", flat=True))
    credited = CreditNote.objects.filter(invoice=row).values("pk")
    own |= set(LedgerEntry.objects.filter(credit_note_id__in=credited).values_list("posting_id", flat=True))
    legs = LedgerEntry.objects.filter(posting_id__in=own).order_by("posting_id", "id")
    shown, last = [], None
    for leg in legs:
        rate = percent_text(Decimal(leg.tax_percent), language()) if leg.tax_percent is not None else ""
        shown.append(
            {
                "on": leg.posted_on if leg.posting_id != last else None,
                "account": f"{ACCOUNTS[leg.account]} {rate}".strip(),
                "debit": leg.amount if leg.amount > 0 else None,
                "credit": -leg.amount if leg.amount < 0 else None,
            }
        )
        last = leg.posting_id
    return shown


@require_safe
@office_page(permission="see_documents")
def invoice_pdf(request: OfficeRequest, invoice: str) -> HttpResponse:
    """Its PDF; `?save` saves it. While it is being made: 409, and a worker is nudged."""
    return file_response(printed(the_invoice(invoice)), attached="save" in request.GET)


@require_safe
@office_page(permission="see_documents")
def invoice_xml(request: OfficeRequest, invoice: str) -> HttpResponse:
    """The XML that its PDF carries, to be saved; otherwise as its PDF."""
    return file_response(electronic(the_invoice(invoice)), attached=True)


@require_safe
@office_page(permission="see_documents")
def credit_note_xml(request: OfficeRequest, credit_note: str) -> HttpResponse:
    """A credit note's XML, as an invoice's."""
    return file_response(electronic(find(CreditNote.objects.all(), credit_note)), attached=True)


@require_safe
@office_page(permission="see_documents")
def credit_note_pdf(request: OfficeRequest, credit_note: str) -> HttpResponse:
    """A credit note's PDF, as an invoice's."""
    return file_response(printed(find(CreditNote.objects.all(), credit_note)), attached="save" in request.GET)


@require_safe
@office_page(permission="see_documents")
def invoice_by_number(request: OfficeRequest, number: str) -> HttpResponse:
    """To the document of that number: the whole number, or its last digits where only one document has them.

    A credit note leads to the invoice that it credits. Several: the list of them. None: 404.
    """
    office, typed = request.office, number.strip()[:35]
    invoices = list(numbered(Invoice.objects.all(), typed).values_list("pk", flat=True)[:2])
    if len(invoices) > 1:
        return redirect(f"{office.url('invoices')}?q={typed}")
    if not invoices:
        notes = CreditNote.objects.filter(number__in={typed, typed.upper()}).values_list("invoice_id", flat=True)
        invoices = list(notes.distinct()[:1])
    if not invoices:
        raise NotFound
    return redirect(office.url("invoice", invoice=Invoice.objects.get(pk=invoices[0]).public_id))
