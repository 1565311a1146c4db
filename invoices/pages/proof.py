"""The proof of a company's numbers for a span of days, and the signed report for the accountant."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from invoices.models import NumberSeries
from invoices.pages.words import language, money_text
from invoices.services import series_report
from invoices.services.proof import size_of
from invoices.services.proof_faults import Fault, Proof
from invoices.services.series_report_text import report_text
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.models import LegalEntity
from merchants.now import local_date
from merchants.permissions import Permission
from merchants.services import seals
from merchants.wording import number_text, percent_text

MOST = 20_000
"""Documents that a page looks at while somebody waits; `manage.py verify_series` looks at any number."""


class SpanForm(forms.Form):
    """Which company, and which days; the last day is the last one with it."""

    entity = forms.ChoiceField(label=gettext_lazy("Company"))
    since = forms.DateField(
        label=gettext_lazy("From"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=gettext_lazy("To"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, entities: list[LegalEntity], **options: Any) -> None:
        super().__init__(*args, **options)
        self.entities = {row.public_id: row for row in entities}
        chosen = self.fields["entity"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = [(key, row.name) for key, row in self.entities.items()]

    def clean(self) -> dict[str, Any]:
        """In that order."""
        said = super().clean() or {}
        since, until = said.get("since"), said.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day comes before the first."))
        return said

    @property
    def span(self) -> series_report.Span:
        """The days, half-open."""
        until = self.cleaned_data["until"]
        return series_report.Span(
            since=self.cleaned_data["since"], until=date.fromordinal(until.toordinal() + 1) if until else None
        )


@office_page(permission=Permission.prove_series)
def proof(request: OfficeRequest) -> HttpResponse:
    """GET: what is proved, series by series. POST: the signed report as a file, `form=json` or `form=text`."""
    office = request.office
    entities = list(LegalEntity.objects.order_by("-is_default", "id"))
    year = office.now.today.replace(month=1, day=1)
    begins = {"since": year, "until": office.now.today, "entity": entities[0].public_id if entities else ""}
    sent = request.POST if request.method == "POST" else request.GET
    form = SpanForm(sent if "entity" in sent else begins, entities=entities)
    context: dict[str, Any] = {"form": form, "seal": seals.seal(), "nothing": not entities}
    if not entities or not form.is_valid():
        return office_render(request, "invoices/proof.html", context, status=422 if form.errors and entities else 200)
    row = form.entities[form.cleaned_data["entity"]]
    count = sum(size_of(each, form.span.since, form.span.until) for each in series_report.series_of(row))
    if count > MOST:
        context |= {"too_many": number_text(count, language()), "most": number_text(MOST, language())}
        return office_render(request, "invoices/proof.html", context, status=200)
    today = local_date(office.now.at, office.merchant.timezone)
    found = series_report.proofs(row, form.span, today=today, at_rest=False)
    if request.method == "POST":
        return _file(request, row, form.span, found)
    context |= {"rows": [_row(one) for one in found], "proved": not any(one.fault for one in found), "count": count}
    return office_render(request, "invoices/proof.html", context)


def _file(request: OfficeRequest, row: LegalEntity, span: series_report.Span, found: list[Proof]) -> HttpResponse:
    office = request.office
    document = seals.sealed(series_report.report(row, office.merchant, span, found, now=office.now), now=office.now)
    name = "-".join([_("numbers"), *(str(day) for day in (span.since, office.now.today) if day)])
    if request.POST.get("form") == "text":
        answer = HttpResponse(report_text(document, get_language() or "en"), content_type="text/plain; charset=utf-8")
        name += ".txt"
    else:
        body = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        answer = HttpResponse(body, content_type="application/json")
        name += ".json"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _row(found: Proof) -> dict[str, Any]:
    """A series as the page shows it."""
    row, reader = found.series, language()
    parts = [_("Invoices") if row.kind == NumberSeries.Kind.INVOICE else _("Credit notes")]
    parts += [str(row.site.code)] if row.site_id else []
    parts += [str(row.year)] if row.year else []
    parts += [_("test clock")] if row.test_clock_id else []
    totals = sorted(found.totals.items())
    return {
        "name": " · ".join(parts),
        "count": ngettext("%(count)s document", "%(count)s documents", found.count)
        % {"count": number_text(found.count, reader)},
        "first": found.first[1] if found.first else "",
        "last": found.last[1] if found.last else "",
        "net": [money_text(net, currency) for currency, (net, _tax, _gross) in totals],
        "tax": [money_text(tax, currency) for currency, (_net, tax, _gross) in totals],
        "total": [money_text(gross, currency) for currency, (_net, _tax, gross) in totals],
        "rates": [
            _("VAT %(rate)s: %(tax)s on %(base)s")
            % {
                "rate": percent_text(Decimal(percent), reader),
                "tax": money_text(tax, currency),
                "base": money_text(base, currency),
            }
            for (currency, percent, _category), (base, tax) in sorted(found.rates.items(), key=series_report.by_rate)
        ],
        "head": found.head if found.count else "",
        "chained_from": row.chained_from if row.chained_from > 1 else None,
        "fault": _fault(found.fault),
    }


def _fault(fault: Fault | None) -> str:
    return str(fault) if fault else ""
