"""Settings of a company: how its documents are numbered, with an example that follows what is typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.models import LegalEntity, Site
from merchants.now import Now
from merchants.numbers import LONGEST, NO_SITE, clean_format, longest, written
from merchants.services.numbering import number_faults, schemes

_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class NumbersForm(forms.Form):
    """How invoices and credit notes are numbered."""

    number_format = forms.CharField(
        label=gettext_lazy("Numbers of invoices"),
        max_length=60,
        initial="{year}-{number:06d}",
        widget=forms.TextInput(attrs=_PLAIN),
        help_text=gettext_lazy("{number:06d}: the number, with six digits. Also {year}, {month:02d}, {site}."),
    )
    credit_number_format = forms.CharField(
        label=gettext_lazy("Numbers of credit notes"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs=_PLAIN),
        help_text=gettext_lazy("Empty: AV, then as invoices."),
    )
    numbers_per_year = forms.BooleanField(label=gettext_lazy("Begin at 1 each year"), required=False)
    numbers_per_site = forms.BooleanField(label=gettext_lazy("Each site counts for itself"), required=False)


def numbers_context(values: Mapping[str, Any], now: Now) -> dict[str, Any]:
    """What numbers those settings give today, or what is wrong with them."""
    entity = LegalEntity(
        number_format=clean_format(str(values.get("number_format") or "")),
        credit_number_format=clean_format(str(values.get("credit_number_format") or "")),
        numbers_per_site=bool(values.get("numbers_per_site")),
        numbers_per_year=bool(values.get("numbers_per_year")),
    )
    faults = [error.say(_) for error in number_faults(entity)]
    if faults:
        return {"number_faults": faults}
    invoices, credits = schemes(entity)
    site = Site.objects.filter(closed_at=None).order_by("id").first() if entity.numbers_per_site else None
    code = (site.code or "" if site else "") or "LYON" if entity.numbers_per_site else ""
    rows = [
        (_("The first invoice"), written(invoices.format, 1, now.today, code)),
        (_("The 412th"), written(invoices.format, 412, now.today, code)),
        (_("The first credit note"), written(credits.format, 1, now.today, code)),
    ]
    if entity.numbers_per_site:
        rows.append((_("The first invoice of no site"), written(invoices.format, 1, now.today, NO_SITE)))
    if entity.numbers_per_year:
        following = now.today.replace(year=now.today.year + 1, day=1)
        rows.append((_("The first invoice of next year"), written(invoices.format, 1, following, code)))
    return {
        "number_rows": rows,
        "number_length": max(longest(invoices.format), longest(credits.format)),
        "number_limit": LONGEST,
    }


def numbers_typed(form: NumbersForm, now: Now) -> dict[str, Any]:
    """The same for what a form holds, sent or not."""
    return numbers_context({name: form[name].value() for name in NumbersForm.base_fields}, now)


@require_safe
@office_page(permission="edit_settings")
def entity_numbers(request: OfficeRequest) -> HttpResponse:
    """A fragment: the example for what stands in the form now. Nothing is written."""
    return office_render(request, "merchants/entity_numbers.html", numbers_context(request.GET, request.office.now))
