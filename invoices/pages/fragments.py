"""Parts of other pages, fetched by them: a subscriber's money and documents, the home's figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from invoices.models import BalanceEntry, Invoice, Payment, SignedPaper
from invoices.pages.words import BALANCE_KINDS, means_text, money_text, sums_text
from invoices.selectors import money
from invoices.selectors.lists import LEFT, OWED, invoices_of_payments
from invoices.selectors.signed import WORDS, papers_of
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.http.references import find
from merchants.now import local_midnight
from subscribers.models import Subscriber
from subscribers.selectors import people

DOCUMENTS, PAYMENTS, MOVEMENTS = 12, 5, 3
CURVE_DAYS = 30


@require_safe
@office_page(permission="see_documents")
def subscriber_money(request: OfficeRequest, subscriber: str) -> HttpResponse:
    """What a subscriber paid, owes and has on their balance, and their last payments."""
    row = _subscriber(subscriber)
    payer = Subscriber.objects.get(pk=row.payer_id) if row.payer_id else row
    standing = money.standing_of(payer)
    payments = list(Payment.objects.filter(payer=payer).select_related("payment_method").order_by("-id")[:PAYMENTS])
    paid = invoices_of_payments(payments)
    moves = BalanceEntry.objects.filter(payer=payer).order_by("-created_at", "-sequence")[:MOVEMENTS]
    merchant = request.office.merchant
    context = {
        "subscriber": row,
        "payer": payer if payer is not row else None,
        "payer_name": payer.name or payer.company or payer.reference,
        "payer_url": request.office.url("subscriber", subscriber=payer.public_id),
        "paid": sums_text(standing.paid),
        "owes": sums_text(standing.owes, money_text(0, merchant.currency)),
        "owes_something": bool(standing.owes),
        "oldest": _oldest_owed(payer) if request.office.may("take_payments") and standing.owes else None,
        "held": sums_text(standing.balances),
        "refunding": sums_text(standing.refunding),
        "moves": [
            {
                "words": BALANCE_KINDS.get(each.kind, each.kind),
                "reason": each.reason,
                "at": each.created_at,
                "amount": each.amount,
                "currency": each.currency,
            }
            for each in moves
        ],
        "payments": [_payment(request, each, paid.get(each.pk)) for each in payments],
        "all_url": f"{request.office.url('payments')}?subscriber={payer.public_id}",
    }
    return office_render(request, "invoices/subscriber_money.html", context)


def _paper(request: OfficeRequest, row: SignedPaper) -> dict[str, Any]:
    url = request.office.url("signed-paper", signed_paper=row.public_id)
    return {"word": WORDS[row.kind], "row": row, "url": url}


@require_safe
@office_page(permission="see_documents")
def subscriber_documents(request: OfficeRequest, subscriber: str) -> HttpResponse:
    """A subscriber's newest invoices and credit notes, and what they signed."""
    row = _subscriber(subscriber)
    found = money.newest_documents(row, DOCUMENTS + 1)
    context = {
        "subscriber": row,
        "rows": [_document(request, each) for each in found[:DOCUMENTS]],
        "all_url": f"{request.office.url('invoices')}?subscriber={row.public_id}" if not row.payer_id else "",
        "has_more": len(found) > DOCUMENTS,
        "papers": [
            {
                "word": WORDS[each.kind],
                "row": each,
                "url": request.office.url("signed-paper", signed_paper=each.public_id),
            }
            for each in papers_of(row.pk)
        ],
    }
    return office_render(request, "invoices/subscriber_documents.html", context)


@require_safe
@office_page(permission="see_documents")
def home_money(request: OfficeRequest) -> HttpResponse:
    """The home's figures: paid this month beside the month before, owed, overdue, refused. Four queries."""
    office = request.office
    today, currency = office.now.today, office.merchant.currency
    month = today.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    same_day = min(before + timedelta(days=today.day), month)
    tomorrow, curve_from = today + timedelta(days=1), today - timedelta(days=CURVE_DAYS - 1)
    takings = money.takings(min(before, curve_from), tomorrow)
    since = local_midnight(today - timedelta(days=CURVE_DAYS), office.now.zone)
    context = {
        "measures": [
            {
                **_figure(takings.between(month, tomorrow), currency),
                "name": _("Paid this month"),
                "note": _paid_note(takings.between(before, same_day), currency),
                "curve": _curve(takings.curve(curve_from, tomorrow, currency)),
                "url": f"{office.url('payments')}?view=succeeded",
            },
            _owed(money.owed(), currency, _("To be paid"), f"{office.url('invoices')}?view=open"),
            _owed(money.owed(before=today), currency, _("Overdue"), f"{office.url('invoices')}?view=overdue"),
            _refused(money.refused(since), f"{office.url('payments')}?view=failed"),
        ],
        "payments_url": office.url("payments"),
    }
    return office_render(request, "invoices/home_money.html", context)


def _subscriber(shown: str) -> Subscriber:
    return find(people.visible(), shown)


def _oldest_owed(payer: Subscriber) -> Invoice | None:
    """The open invoice that has waited longest: what a payment link is for."""
    rows = Invoice.objects.filter(payer=payer, status=Invoice.Status.OPEN).order_by("issued_on", "id")
    return next((row for row in rows if row.amount_due), None)


def _payment(request: OfficeRequest, row: Payment, invoice: Invoice | None) -> dict[str, Any]:
    return {
        "row": row,
        "detail": means_text(row),
        "left": row.status == Payment.Status.FAILED and row.code in LEFT,
        "why": row.message or row.decline_code,
        "invoice": invoice,
        "invoice_url": request.office.url("invoice", invoice=invoice.public_id) if invoice else "",
    }


def _document(request: OfficeRequest, row: Any) -> dict[str, Any]:
    """An invoice or a credit note as one line."""
    is_invoice = isinstance(row, Invoice)
    invoice = row if is_invoice else row.invoice
    return {
        "row": row,
        "is_invoice": is_invoice,
        "url": request.office.url("invoice", invoice=invoice.public_id),
        "invoice": invoice,
        "pdf_url": request.office.url("invoice-pdf", invoice=row.public_id)
        if is_invoice
        else request.office.url("credit-note-pdf", credit_note=row.public_id),
        "owes": is_invoice and row.status in OWED and row.amount_due,
    }


def _figure(sums: list[money.Money], currency: str) -> dict[str, Any]:
    """The merchant's own currency as the figure; the others stand in the note."""
    own = next((each.amount for each in sums if each.currency == currency), 0)
    return {"amount": own, "currency": currency}


def _others(sums: list[money.Money], currency: str) -> str:
    others = sums_text([each for each in sums if each.currency != currency and each.amount])
    return _("and %(others)s") % {"others": others} if others else ""


def _paid_note(sums: list[money.Money], currency: str) -> str:
    own = next((each.amount for each in sums if each.currency == currency), 0)
    return _("%(sum)s the month before, up to the same day") % {"sum": money_text(own, currency)}


def _curve(values: list[int]) -> list[int]:
    return values if any(values) else []


def _owed(sums: list[money.Money], currency: str, name: str, url: str) -> dict[str, Any]:
    count = sum(each.rows for each in sums)
    words = ngettext("%(count)s invoice", "%(count)s invoices", count) % {"count": count} if count else ""
    parts = [words, _others(sums, currency)]
    return {**_figure(sums, currency), "name": name, "url": url, "note": " ".join(part for part in parts if part)}


def _refused(sums: list[money.Money], url: str) -> dict[str, Any]:
    count = sum(each.rows for each in sums)
    asked = _("%(sum)s, in 30 days") % {"sum": sums_text(sums)} if count else _("in 30 days")
    return {"name": _("Refused payments"), "text": str(count), "url": url, "note": asked}
