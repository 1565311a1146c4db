"""Settings: the chart of accounts of a company, its journals, its fiscal year, exchange rates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.formats import get_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from invoices.chart import ACCOUNTS, JOURNALS, Chart, ChartAccount, default
from invoices.chart_rules import BY_RATE
from invoices.pages.words import ACCOUNTS as WORDS
from invoices.pages.words import language
from invoices.selectors.charts import chart_of_entity, years_issued
from invoices.services.charts import set_chart
from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.http.references import find
from merchants.models import LegalEntity, TaxRate
from merchants.permissions import Permission
from merchants.refusals import Invalid, gettext_noop
from merchants.selectors.shapes import decimal_string
from merchants.wording import month_text

EMPTY_ROWS = 2
"""Rows offered for further accounts: saving offers as many again."""
MOST_ROWS = 200
GOODS = pgettext_lazy("ledger account", "Sales of goods")
JOURNAL_WORDS: Mapping[str, Promise] = {
    "sales": pgettext_lazy("journal", "Sales"),
    "credits": pgettext_lazy("journal", "Credit notes"),
    "bank": pgettext_lazy("journal", "Bank and provider"),
    "cash": pgettext_lazy("journal", "Cash"),
    "other": pgettext_lazy("journal", "Other"),
}
NARROWED = [("", ""), *((name, WORDS.get(name, GOODS)) for name in ("revenue", "revenue_goods", "vat"))]
_RATE = re.compile(r"([A-Z]{3})\s+(\d{4}-\d{2}-\d{2})\s+([0-9]+(?:[.,][0-9]+)?)", re.ASCII)


class AccountingForm(forms.Form):
    """`number_<account>`, `label_<account>`; `code_<journal>`, `name_<journal>`; `kind_<n>`, `percent_<n>`,
    `taxcode_<n>`, `at_<n>`, `words_<n>` for what is told apart by rate or tax code. What is left empty is a default."""

    closing_month = forms.TypedChoiceField(label=gettext_lazy("The fiscal year ends with"), coerce=int)
    rates = forms.CharField(
        label=gettext_lazy("Exchange rates"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=gettext_lazy("One a line: USD 2026-01-01 0.9213 counts from that day on, in euros for one unit."),
    )

    def __init__(self, *args: Any, rows: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reader = language()
        months = [(month, month_text(date(2026, month, 1), reader).rsplit(" ", 1)[0]) for month in range(1, 13)]
        self.fields["closing_month"].choices = months  # type: ignore[attr-defined] # a choice field
        self.rows = range(min(rows, MOST_ROWS))
        for name in ACCOUNTS:
            self._pair(f"number_{name}", f"label_{name}", 20)
        for name in JOURNALS:
            self._pair(f"code_{name}", f"name_{name}", 10)
        for at in self.rows:
            self.fields[f"kind_{at}"] = forms.ChoiceField(choices=NARROWED, required=False)
            self.fields[f"percent_{at}"] = forms.CharField(max_length=8, required=False)
            self.fields[f"taxcode_{at}"] = forms.CharField(max_length=40, required=False)
            self._pair(f"at_{at}", f"words_{at}", 20)

    def _pair(self, code: str, words: str, longest: int) -> None:
        self.fields[code] = forms.CharField(max_length=longest, required=False)
        self.fields[words] = forms.CharField(max_length=100, required=False)

    def told(self) -> dict[str, Any]:
        """What was filled in and is no default, as `set_chart` wants it. Raises Invalid for a line of rates that cannot
        be read."""
        given = self.cleaned_data
        return {
            "closing_month": given["closing_month"],
            "accounts": [row for _, row in self._accounts()],
            "journals": self._journals(),
            "exchange_rates": list(_rates(given["rates"])),
        }

    def _accounts(self) -> list[tuple[tuple[str, str, str], dict[str, Any]]]:
        """Each account with the fields in which it stands: number, name, and what it begins with."""
        given = self.cleaned_data
        found: list[tuple[tuple[str, str, str], dict[str, Any]]] = []
        for name in ACCOUNTS:
            row = {"account": name, "number": given[f"number_{name}"], "label": given[f"label_{name}"]}
            found.append(((f"number_{name}", f"label_{name}", f"number_{name}"), row))
        for at in self.rows:
            if given.get(f"kind_{at}") or given.get(f"at_{at}"):
                row = {"account": given[f"kind_{at}"], "number": given[f"at_{at}"], "label": given[f"words_{at}"]}
                row |= {"percent": given[f"percent_{at}"].replace(",", ".") or None, "tax_code": given[f"taxcode_{at}"]}
                found.append(((f"at_{at}", f"words_{at}", f"kind_{at}"), row))
        return [(where, row) for where, row in found if (row["number"] or row["label"]) and not _is_default(row)]

    def _journals(self) -> list[dict[str, str]]:
        given = self.cleaned_data
        rows = [{"journal": name, "code": given[f"code_{name}"], "label": given[f"name_{name}"]} for name in JOURNALS]
        return [row for row in rows if (row["code"], row["label"]) not in (("", ""), JOURNALS[row["journal"]])]

    def places(self) -> dict[str, str]:
        """Where each part of a refusal stands."""
        found: dict[str, str] = {}
        for at, ((number, words, begins), _row) in enumerate(self._accounts()):
            found |= {f"accounts[{at}].{part}": begins for part in ("account", "percent", "tax_code")}
            found |= {f"accounts[{at}]": begins, f"accounts[{at}].number": number, f"accounts[{at}].label": words}
        for at, row in enumerate(self._journals()):
            found |= {
                f"journals[{at}].code": f"code_{row['journal']}",
                f"journals[{at}].label": f"name_{row['journal']}",
            }
        for at in range(len(self.cleaned_data["rates"].splitlines())):
            found |= {f"exchange_rates[{at}]{part}": "rates" for part in ("", ".currency", ".from_on", ".euros")}
        return found

    def shown(self) -> dict[str, list[dict[str, Any]]]:
        """The tables as the page draws them."""
        return {
            "accounts": [self._row(WORDS.get(name, GOODS), f"number_{name}", f"label_{name}") for name in ACCOUNTS],
            "journals": [self._row(JOURNAL_WORDS[name], f"code_{name}", f"name_{name}") for name in JOURNALS],
            "narrowed": [
                {
                    "kind": self[f"kind_{at}"],
                    "percent": self[f"percent_{at}"],
                    "tax_code": self[f"taxcode_{at}"],
                    **self._row("", f"at_{at}", f"words_{at}", f"kind_{at}", f"percent_{at}", f"taxcode_{at}"),
                }
                for at in self.rows
            ],
        }

    def _row(self, words: Any, code: str, label: str, *more: str) -> dict[str, Any]:
        errors = [error for name in (code, label, *more) for error in self[name].errors]
        return {"words": words, "code": self[code], "label": self[label], "errors": errors}


def _is_default(row: Mapping[str, Any]) -> bool:
    if row.get("tax_code") or row["account"] not in ACCOUNTS:
        return False
    percent = row.get("percent")
    try:
        known = default(row["account"], percent=Decimal(percent) if percent else None)
    except ArithmeticError:
        return False
    return (row["number"], row["label"]) == (known.number, known.label) and known.percent == (
        Decimal(percent) if percent else None
    )


def _rates(text: str) -> Iterable[dict[str, str]]:
    for line in text.splitlines():
        if not line.strip():
            continue
        found = _RATE.fullmatch(line.strip())
        if found is None:
            detail = gettext_noop("“%(line)s” is no rate: write USD 2026-01-01 0.9213.")
            raise Invalid.at("rates", "rate_malformed", detail, {"line": line.strip()[:60]})
        yield {"currency": found[1], "from_on": found[2], "euros": found[3].replace(",", ".")}


def values_of(chart: Chart, percents: Iterable[Decimal]) -> tuple[dict[str, Any], int]:
    """A chart as the form shows it, and how many rows it needs for what is told apart. VAT's accounts by rate stand
    there from the beginning, each with its default."""
    found: dict[str, Any] = {"closing_month": chart.closing_month}
    plain = {own.account: own for own in chart.accounts if own.percent is None and not own.tax_code}
    for name in ACCOUNTS:
        account = plain.get(name) or default(name)
        found |= {f"number_{name}": account.number, f"label_{name}": account.label}
    for name in JOURNALS:
        journal = chart.journal(name)
        found |= {f"code_{name}": journal.code, f"name_{name}": journal.label}
    narrowed = [own for own in chart.accounts if own.percent is not None or own.tax_code]
    said = {own.percent for own in narrowed if own.account == "vat"}
    narrowed += [default("vat", percent=percent) for percent in percents if percent and percent not in said]
    for at, own in enumerate(narrowed):
        found |= _narrow(at, own)
    found["rates"] = "\n".join(
        f"{rate.currency} {rate.from_on.isoformat()} {decimal_string(rate.euros)}" for rate in chart.rates
    )
    return found, len(narrowed) + EMPTY_ROWS


def _typed(percent: Decimal) -> str:
    """A rate as the reader would type it: 5,5 in French."""
    return decimal_string(percent).replace(".", get_format("DECIMAL_SEPARATOR"))


def _narrow(at: int, own: ChartAccount) -> dict[str, Any]:
    assert own.account in BY_RATE
    return {
        f"kind_{at}": own.account,
        f"percent_{at}": "" if own.percent is None else _typed(own.percent),
        f"taxcode_{at}": own.tax_code,
        f"at_{at}": own.number,
        f"words_{at}": own.label,
    }


def _sent(posted: QueryDict) -> int:
    return sum(f"kind_{at}" in posted for at in range(MOST_ROWS))


def _years(chart: Chart, today: date) -> list[tuple[date, date]]:
    """The last fiscal year and the present one."""
    present = chart.year_of(today)
    return [chart.year_of(present[0] - timedelta(days=1)), present]


@office_page(permission="see_settings")
def setting_accounting(request: OfficeRequest) -> HttpResponse:
    """The default company's accounts; where there are several, each has its page."""
    entity = LegalEntity.objects.order_by("-is_default", "id").first()
    if entity is not None:
        return redirect(request.office.url("setting_accounting_of", entity=entity.public_id))
    context = {"setting": "accounting", "may_add": request.office.may(Permission.edit_settings)}
    return office_render(request, "invoices/accounting.html", context)


@office_page(permission="see_settings", post="edit_documents")
def setting_accounting_of(request: OfficeRequest, entity: str) -> HttpResponse:
    """One company's accounts."""
    office = request.office
    row = find(LegalEntity.objects.all(), entity)
    posted = request.POST if request.method == "POST" else None
    rates = TaxRate.objects.filter(legal_entity=row, country=row.country).values_list("percent", flat=True)
    chart = chart_of_entity(row.pk)
    values, count = values_of(chart, sorted(set(rates), reverse=True))
    form = AccountingForm(posted, initial=values, rows=count if posted is None else _sent(posted))
    if form.is_valid():
        told: dict[str, Any] = {}
        with beside(form):
            told = form.told()
        if told:
            with beside(form, form.places()):
                set_chart(row, actor=office.actor, now=office.now, **told)
        if form.is_valid():
            messages.success(request, _("Saved. Files of accounting entries are told so from now on."))
            return redirect(office.url("setting_accounting_of", entity=row.public_id))
    context = {
        "entity": row,
        "entities": LegalEntity.objects.order_by("-is_default", "id"),
        "form": form,
        "years": _years(chart, office.now.today),
        "calendar_years": [(date(year, 1, 1), date(year, 12, 31)) for year in years_issued(row.pk)],
        "tables": form.shown(),
        "setting": "accounting",
        "may_edit": office.may(Permission.edit_documents),
    }
    return office_render(request, "invoices/accounting.html", context, status=422 if posted is not None else 200)
