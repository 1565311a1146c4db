"""The lists of invoices and of payments: views and filters in the address bar, sums, pages by keyset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext

from invoices.models import Invoice, Payment
from invoices.pages.words import changed, means_text, money_text, party_name, tabs, tally_text
from invoices.selectors import lists
from merchants.http import cursors
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.ids import read, show
from merchants.permissions import Permission
from merchants.refusals import Invalid
from subscribers.models import Subscriber
from subscribers.selectors import people

PAGE = 50
INVOICE_VIEWS: Mapping[str, Promise] = {
    "": gettext_lazy("All"),
    "open": gettext_lazy("To be paid"),
    "overdue": gettext_lazy("Overdue"),
    "paid": gettext_lazy("Paid"),
    "uncollectible": gettext_lazy("Uncollectible"),
    "cancelled": gettext_lazy("Credited in full"),
}
PAYMENT_VIEWS: Mapping[str, Promise] = {
    "": gettext_lazy("All"),
    "succeeded": gettext_lazy("Succeeded"),
    "failed": gettext_lazy("Refused"),
    "under_way": gettext_lazy("Under way"),
    "reversed": gettext_lazy("Taken back"),
}


@office_page(permission="see_documents")
def invoices(request: OfficeRequest) -> HttpResponse:
    """All invoices: `?view=open&q=2026-000412&subscriber=cus_…&run=run_…`."""
    office, today = request.office, request.office.now.today
    view, typed = _view(request, INVOICE_VIEWS), _typed(request)
    payer = _subscriber(request)
    rows = lists.invoices_in(view, today)
    if typed:
        rows = lists.numbered(rows, typed)
    if payer is not None:
        rows = rows.filter(payer=payer)
    run_id = read("run", request.GET.get("run", ""))
    if run_id is not None:
        rows = rows.filter(run_id=run_id)
    page = _page(request, rows)
    views = [(key, words, lists.tally(lists.invoices_in(key, today))) for key, words in INVOICE_VIEWS.items()]
    found = lists.tally(rows)
    context = {
        "tabs": tabs(request.GET, view, views),
        "view": view,
        "typed": typed,
        "subscriber": payer,
        "without_subscriber": changed(request.GET, subscriber=""),
        "run": show("run", run_id) if run_id else "",
        "without_run": changed(request.GET, run=""),
        "rows": [_invoice_row(row, office.url("invoice", invoice=row.public_id)) for row in page.rows],
        "found": ngettext("%(count)s invoice", "%(count)s invoices", found.number) % {"count": tally_text(found)},
        **_sums(lists.invoice_sums(rows)),
        "next_cursor": page.next_cursor,
        "nothing": not views[0][2].number,
        "may_prove": office.may(Permission.prove_series),
    }
    return office_render(request, "invoices/list.html", context)


@office_page(permission="see_documents")
def payments(request: OfficeRequest) -> HttpResponse:
    """All payments: `?view=failed&subscriber=cus_…`."""
    view, payer = _view(request, PAYMENT_VIEWS), _subscriber(request)
    rows = lists.payments_in(view)
    if payer is not None:
        rows = rows.filter(payer=payer)
    page = _page(request, rows.select_related("payer", "payment_method"))
    paid = lists.invoices_of_payments(page.rows)
    views = [(key, words, lists.tally(lists.payments_in(key))) for key, words in PAYMENT_VIEWS.items()]
    found = lists.tally(rows)
    context = {
        "tabs": tabs(request.GET, view, views),
        "view": view,
        "subscriber": payer,
        "without_subscriber": changed(request.GET, subscriber=""),
        "rows": [_payment_row(request, row, paid.get(row.pk)) for row in page.rows],
        "found": ngettext("%(count)s payment", "%(count)s payments", found.number) % {"count": tally_text(found)},
        **_sums(lists.payment_sums(rows)),
        "next_cursor": page.next_cursor,
        "nothing": not views[0][2].number,
    }
    return office_render(request, "invoices/payments.html", context)


def _view(request: OfficeRequest, views: Mapping[str, Promise]) -> str:
    """The view that the address asks for; what it says wrongly is passed over."""
    view = request.GET.get("view", "")
    return view if view in views else ""


def _typed(request: OfficeRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:35]


def _subscriber(request: OfficeRequest) -> Subscriber | None:
    key = read("cus", request.GET.get("subscriber", ""))
    return people.visible().filter(pk=key).first() if key else None


def _page(request: OfficeRequest, rows: QuerySet[Any]) -> cursors.Page[Any]:
    try:
        return cursors.page(rows, cursor=request.GET.get("cursor") or None, limit=PAGE)
    except Invalid:  # a cursor of another list: from the beginning
        return cursors.page(rows, cursor=None, limit=PAGE)


def _sums(sums: list[lists.Sums] | None) -> dict[str, Any]:
    """The sums of the columns, a currency after the other; blank where there are too many rows to add."""
    shown = sums or []
    return {
        "total": " · ".join(money_text(each.total, each.currency) for each in shown),
        "other": " · ".join(money_text(each.other, each.currency) for each in shown if each.other),
    }


def _invoice_row(row: Invoice, url: str) -> dict[str, Any]:
    owes = row.status in lists.OWED
    return {"row": row, "url": url, "who": party_name(row.customer), "due": row.amount_due if owes else None}


def _payment_row(request: OfficeRequest, row: Payment, invoice: Invoice | None) -> dict[str, Any]:
    office, payer = request.office, row.payer
    return {
        "row": row,
        "who": payer.name or payer.company or payer.reference,
        "url": office.url("subscriber", subscriber=payer.public_id),
        "invoice": invoice,
        "invoice_url": office.url("invoice", invoice=invoice.public_id) if invoice else "",
        "means": means_text(row),
        "left": row.status == Payment.Status.FAILED and row.code in lists.LEFT,
        "why": row.message or row.decline_code,
    }
