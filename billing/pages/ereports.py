"""Settings: e-reporting of a company, the reports that were made, and one of them with all that it tells."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.engine.reporting import ReportKind, Span
from billing.flows.ereport_sending import json_of, xml_of
from billing.flows.ereporting import due_at, next_span, reporting_of, set_ereporting, shown
from billing.flows.ereports import again
from billing.http import report_response
from billing.models import EReport, EReporting
from billing.pages.ereport_words import CATEGORIES, KINDS, LEFT_OUT, REGIMES, WARNINGS, tax_text, totals_text
from billing.selectors.ereports import reports
from billing.tasks import hand_on_soon
from merchants.http import cursors
from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.http.references import find
from merchants.models import LegalEntity
from merchants.permissions import Permission
from merchants.refusals import Invalid
from merchants.wording import period_text

PAGE = 25
SHOWN = 200
"""Lines of a report that its page shows; its files hold all."""


class EReportingForm(forms.Form):
    """Whether and how a company reports."""

    is_on = forms.BooleanField(
        label=gettext_lazy("Make reports by itself, and hand them to the platform"),
        required=False,
        help_text=gettext_lazy("Each is made the night after its last day."),
    )
    regime = forms.ChoiceField(
        label=gettext_lazy("Regime of VAT"),
        choices=[(each.value, words) for each, words in REGIMES.items()],
        widget=forms.RadioSelect,
    )
    since = forms.DateField(
        label=gettext_lazy("First day that is reported"),
        required=False,
        help_text=gettext_lazy("Counts while nothing was reported yet. Empty: today."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    platform_name = forms.CharField(label=gettext_lazy("Approved platform"), max_length=100, required=False)
    platform_code = forms.CharField(
        label=gettext_lazy("The platform’s code"),
        max_length=4,
        required=False,
        help_text=gettext_lazy("The four characters under which the administration knows it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


@office_page(permission="see_settings")
def setting_ereporting(request: OfficeRequest) -> HttpResponse:
    """The default company's reports; where there are several, each has its page."""
    entity = LegalEntity.objects.order_by("-is_default", "id").first()
    if entity is not None:
        return redirect(request.office.url("setting_ereporting_of", entity=entity.public_id))
    context = {"setting": "ereporting", "may_add": request.office.may(Permission.edit_settings)}
    return office_render(request, "billing/ereporting.html", context)


@office_page(permission="see_settings", post="edit_documents")
def setting_ereporting_of(request: OfficeRequest, entity: str) -> HttpResponse:
    """What a company chose, and its reports, newest first."""
    office = request.office
    row = find(LegalEntity.objects.all(), entity)
    chosen = reporting_of(row)
    posted = request.POST if request.method == "POST" else None
    values = shown(row, chosen)
    form = EReportingForm(posted, initial=values | {"since": chosen.since if chosen else None})
    if form.is_valid():
        said = {name: value for name, value in form.cleaned_data.items() if name != "since" or value}
        with beside(form):
            chosen = set_ereporting(row, actor=office.actor, now=office.now, **said)
        if form.is_valid():
            messages.success(request, _("Saved."))
            return redirect(office.url("setting_ereporting_of", entity=row.public_id))
    page = _page(request, row)
    context = {
        "entity": row,
        "entities": LegalEntity.objects.order_by("-is_default", "id"),
        "form": form,
        "next": _next(chosen, office.now.zone) if chosen and chosen.is_on else [],
        "rows": [_line(request, report) for report in page.rows],
        "next_cursor": page.next_cursor,
        "setting": "ereporting",
        "may_edit": office.may(Permission.edit_documents),
    }
    return office_render(request, "billing/ereporting.html", context, status=422 if posted is not None else 200)


@require_safe
@office_page(permission="see_settings")
def setting_ereport(request: OfficeRequest, report: str) -> HttpResponse:
    """One report: how it was received, and what it tells."""
    row = find(reports(), report)
    days, documents = row.content["days"], row.content["documents"]
    is_sales = row.kind == ReportKind.transactions
    context = {
        **_line(request, row),
        "tax": tax_text(row),
        "is_sales": is_sales,
        "days": _days(days[:SHOWN], is_sales=is_sales),
        "documents": [_document(each) for each in documents[:SHOWN]],
        "more": max(len(days) - SHOWN, 0) + max(len(documents) - SHOWN, 0),
        "left_out": [each | {"words": LEFT_OUT[each["why"]]} for each in row.content["left_out"]],
        "warnings": [WARNINGS[code] for code in row.warnings],
        "others": [_line(request, each) for each in _of_its_days(row)],
        "setting": "ereporting",
        "may_edit": request.office.may(Permission.edit_documents),
        "is_settled": row.state == EReport.State.ACCEPTED,
    }
    return office_render(request, "billing/ereport.html", context)


@require_safe
@office_page(permission="see_settings")
def setting_ereport_xml(request: OfficeRequest, report: str) -> HttpResponse:
    """The report in the reform's format."""
    row = find(reports(), report)
    return report_response(xml_of(row), "application/xml", f"{row.public_id}.xml")


@require_safe
@office_page(permission="see_settings")
def setting_ereport_json(request: OfficeRequest, report: str) -> HttpResponse:
    """The report as our own record, with what it leaves out."""
    row = find(reports(), report)
    content = json_of(row, practice=request.office.merchant.is_sandbox)
    return report_response(content, "application/json", f"{row.public_id}.json")


@require_POST
@office_page(permission="see_settings", post="edit_documents")
def setting_ereport_send(request: OfficeRequest, report: str) -> HttpResponse:
    """Hand a report on again, or the one that takes its place."""
    office = request.office
    before = find(reports(), report)
    row = again(before, actor=office.actor, now=office.now)
    hand_on_soon(office.merchant.pk, row.pk)
    if row.pk != before.pk:
        messages.success(request, _("The books say something else by now: this report takes its place."))
    else:
        messages.success(request, _("It is handed on again."))
    return redirect(office.url("setting_ereport", report=row.public_id))


def _page(request: OfficeRequest, entity: LegalEntity) -> cursors.Page[EReport]:
    rows = reports().filter(legal_entity=entity)
    try:
        return cursors.page(rows, cursor=request.GET.get("cursor") or None, limit=PAGE)
    except Invalid:  # a cursor of another list: from the beginning
        return cursors.page(rows, cursor=None, limit=PAGE)


def _of_its_days(row: EReport) -> list[EReport]:
    """The other reports of its days, oldest first."""
    same = reports().filter(legal_entity_id=row.legal_entity_id, kind=row.kind, first_on=row.first_on)
    return list(same.exclude(pk=row.pk).order_by("number")[:PAGE])


def _line(request: OfficeRequest, row: EReport) -> dict[str, Any]:
    """A report as its line in the list says it."""
    return {
        "report": row,
        "url": request.office.url("setting_ereport", report=row.public_id),
        "kind": KINDS[row.kind],
        "end": row.last_on + timedelta(days=1),
        "total": totals_text(row),
        "is_empty": not row.totals,
    }


def _next(row: EReporting, zone: str) -> list[dict[str, Any]]:
    """When the next report of each kind is made."""
    spans = [(kind, next_span(row, kind)) for kind in ReportKind]
    return [{"kind": KINDS[kind], "days": _period(span), "at": due_at(span, zone)} for kind, span in spans]


def _period(span: Span) -> str:
    return period_text(span.first, span.last + timedelta(days=1), get_language() or "en")


def _days(days: list[dict[str, Any]], *, is_sales: bool) -> list[dict[str, Any]]:
    """Each rate of each day as one line."""
    if not is_sales:
        return [_dated(each) | {"percent": Decimal(each["percent"])} for each in days]
    return [
        {
            "on": date.fromisoformat(each["date"]),
            "category": CATEGORIES[each["category"]],
            "code": each["category"],
            "currency": each["currency"],
            "count": each["count"] if not at else None,
            "percent": Decimal(rate["percent"]),
            "net": rate["net"],
            "tax": rate["tax"],
        }
        for each in days
        for at, rate in enumerate(each["rates"])
    ]


def _document(document: dict[str, Any]) -> dict[str, Any]:
    """A document abroad, or its receipts."""
    found = _dated(document)
    found["lines"] = [_dated(each) for each in document.get("payments", ())]
    return found


def _dated(told: dict[str, Any]) -> dict[str, Any]:
    return told | {"on": date.fromisoformat(told["date"])}
