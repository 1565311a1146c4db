"""Settings: the companies that issue documents, and their tax tables."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.http.references import find
from merchants.models import LegalEntity, TaxRate
from merchants.permissions import Permission
from merchants.services.entities import create_legal_entity, update_legal_entity
from merchants.services.taxes import add_tax_rate

_WIDE = {"autocomplete": "off"}


class EntityForm(forms.Form):
    """What the law wants on every document."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=160)
    legal_form = forms.CharField(
        label=gettext_lazy("Legal form"), max_length=60, required=False, help_text="SAS, SARL…"
    )
    capital = forms.CharField(label=gettext_lazy("Capital"), max_length=40, required=False)
    registry = forms.CharField(label=gettext_lazy("Register"), max_length=80, required=False, help_text="RCS Lyon")
    siren = forms.CharField(label="SIREN", max_length=20, required=False, widget=forms.TextInput(attrs=_WIDE))
    siret = forms.CharField(label="SIRET", max_length=25, required=False, widget=forms.TextInput(attrs=_WIDE))
    vat_number = forms.CharField(
        label=gettext_lazy("VAT number"), max_length=25, required=False, widget=forms.TextInput(attrs=_WIDE)
    )
    vat_exempt = forms.BooleanField(
        label=gettext_lazy("Without VAT (franchise en base, CGI art. 293 B)"), required=False
    )
    vat_on_debits = forms.BooleanField(label=gettext_lazy("VAT paid on debits"), required=False)
    line1 = forms.CharField(label=gettext_lazy("Address"), max_length=160)
    line2 = forms.CharField(label=gettext_lazy("Address, second line"), max_length=160, required=False)
    postal_code = forms.CharField(label=gettext_lazy("Postal code"), max_length=16)
    city = forms.CharField(label=gettext_lazy("City"), max_length=80)
    country = forms.CharField(
        label=gettext_lazy("Country"), max_length=2, initial="FR", help_text=gettext_lazy("Two letters, such as FR")
    )
    email = forms.EmailField(label=gettext_lazy("E-mail on documents"), required=False)
    footer = forms.CharField(label=gettext_lazy("Line at the foot of documents"), max_length=400, required=False)
    number_format = forms.CharField(
        label=gettext_lazy("Numbers of invoices"),
        max_length=40,
        initial="{year}-{number:06d}",
        help_text=gettext_lazy("{year}-{number:06d} gives 2026-000001. Numbers follow each other without a gap."),
    )
    is_default = forms.BooleanField(label=gettext_lazy("Issues documents unless said otherwise"), required=False)

    def clean_country(self) -> str:
        """In capitals."""
        return str(self.cleaned_data["country"]).upper()


NAMES = {f"address.{name}": name for name in ("line1", "line2", "postal_code", "city", "country")}


class RateForm(forms.Form):
    """A rate from a day on."""

    country = forms.CharField(label=gettext_lazy("Country"), max_length=2, initial="FR")
    tax_code = forms.CharField(
        label=gettext_lazy("Code"), max_length=40, help_text=gettext_lazy("electronic, on_site, goods… or your own")
    )
    percent = forms.DecimalField(
        label=gettext_lazy("Percent"),
        max_digits=6,
        decimal_places=3,
        localize=True,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "is-amount"}),
    )
    from_on = forms.DateField(
        label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    name = forms.CharField(label=gettext_lazy("Name on documents"), max_length=80, required=False)


@office_page(permission="see_settings")
def entities(request: OfficeRequest) -> HttpResponse:
    """The companies."""
    context = {
        "rows": LegalEntity.objects.order_by("-is_default", "id"),
        "setting": "entities",
        "may_edit": request.office.may(Permission.edit_settings),
    }
    return office_render(request, "merchants/entities.html", context)


def _columns(form: EntityForm) -> dict[str, Any]:
    return dict(form.cleaned_data)


@office_page(permission="edit_settings")
def entity_new(request: OfficeRequest) -> HttpResponse:
    """Add one; a French company begins with the French tax table."""
    office = request.office
    first = not LegalEntity.objects.exists()
    form = EntityForm(request.POST or None, initial={"name": office.merchant.name, "is_default": first})
    if form.is_valid():
        with beside(form, NAMES):
            create_legal_entity(actor=office.actor, now=office.now, **_columns(form))
        if form.is_valid():
            messages.success(request, _("“%(name)s” can issue documents now.") % {"name": form.cleaned_data["name"]})
            return redirect(office.url("setting_entities"))
    context = {"form": form, "setting": "entities", "heading": _("New company"), "may_edit": True}
    return office_render(request, "merchants/entity.html", context, status=422 if form.is_bound else 200)


def _rates(entity: LegalEntity) -> list[TaxRate]:
    return list(TaxRate.objects.filter(legal_entity=entity).order_by("country", "tax_code", "-from_on"))


@office_page(permission="see_settings", post="edit_settings")
def entity(request: OfficeRequest, entity: str) -> HttpResponse:
    """One company: what its documents say, and its tax table."""
    office = request.office
    row = find(LegalEntity.objects.all(), entity)
    form = EntityForm(request.POST or None, initial={name: getattr(row, name) for name in EntityForm.base_fields})
    if form.is_valid():
        with beside(form, NAMES):
            update_legal_entity(row, actor=office.actor, now=office.now, **_columns(form))
        if form.is_valid():
            messages.success(request, _("Saved. Documents issued before keep what they say."))
            return redirect(office.url("setting_entities"))
    return _entity(request, row, form, RateForm(), status=422 if form.is_bound else 200)


@office_page(permission="see_settings", post="edit_settings")
def entity_rate(request: OfficeRequest, entity: str) -> HttpResponse:
    """Add a rate to the company's table. A rate that stands is never changed: a later one takes over from its day."""
    office = request.office
    row = find(LegalEntity.objects.all(), entity)
    if request.method != "POST":
        return redirect(office.url("setting_entity", entity=row.public_id))
    form = RateForm(request.POST)
    if form.is_valid():
        values = {**form.cleaned_data, "country": form.cleaned_data["country"].upper()}
        with beside(form):
            add_tax_rate(entity=row, actor=office.actor, now=office.now, **values)
        if form.is_valid():
            messages.success(request, _("The rate counts from its day on."))
            return redirect(office.url("setting_entity", entity=row.public_id))
    begins = EntityForm(initial={name: getattr(row, name) for name in EntityForm.base_fields})
    return _entity(request, row, begins, form, status=422)


def _entity(request: OfficeRequest, row: LegalEntity, form: EntityForm, rate: RateForm, *, status: int) -> HttpResponse:
    context = {
        "entity": row,
        "heading": row.name,
        "form": form,
        "rate_form": rate,
        "rates": _rates(row),
        "setting": "entities",
        "may_edit": request.office.may(Permission.edit_settings),
    }
    return office_render(request, "merchants/entity.html", context, status=status)
