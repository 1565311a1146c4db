"""Settings: the companies that issue documents, and their tax tables."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from babel import Locale
from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.http.references import find
from merchants.languages import codes
from merchants.logos import drawing_of
from merchants.models import LegalEntity, TaxRate
from merchants.pages.entity_numbers import NumbersForm, numbers_typed
from merchants.pages.text_fields import TextField, TextsForm, texts
from merchants.permissions import Permission
from merchants.services import seals
from merchants.services.entities import create_legal_entity, update_legal_entity
from merchants.services.taxes import add_tax_rate
from merchants.territories import EU, FRENCH, country_of, place
from merchants.vat_rates import EU_RATES, STANDARD, rate_of
from merchants.wording import locale_of

_WIDE = {"autocomplete": "off"}


class EntityForm(TextsForm, NumbersForm):
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
    oss_since = forms.DateField(
        label=gettext_lazy("In the one-stop shop (OSS) since"),
        required=False,
        help_text=gettext_lazy(
            "From that day on consumers of other member states pay the VAT of their country. Empty: yours,"
            " up to 10,000 euros of such sales a year."
        ),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    line1 = forms.CharField(label=gettext_lazy("Address"), max_length=160)
    line2 = forms.CharField(label=gettext_lazy("Address, second line"), max_length=160, required=False)
    postal_code = forms.CharField(label=gettext_lazy("Postal code"), max_length=16)
    city = forms.CharField(label=gettext_lazy("City"), max_length=80)
    country = forms.CharField(
        label=gettext_lazy("Country"), max_length=2, initial="FR", help_text=gettext_lazy("Two letters, such as FR")
    )
    email = forms.EmailField(label=gettext_lazy("E-mail on documents"), required=False)
    footer = forms.CharField(label=gettext_lazy("Line at the foot of documents"), max_length=400, required=False)
    brand_name = forms.CharField(
        label=gettext_lazy("Name beside the logo"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Empty: that of your pages."),
    )
    brand_color = forms.CharField(
        label=gettext_lazy("Colour"),
        max_length=7,
        required=False,
        help_text=gettext_lazy("Six hexadecimal digits, such as #035A69. Empty: that of your pages."),
        widget=forms.TextInput(attrs=_WIDE),
    )
    logo = forms.FileField(
        label=gettext_lazy("Logo"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("An SVG of plain shapes, 256 KB at most. None: that of your pages."),
        widget=forms.FileInput(attrs={"accept": ".svg,image/svg+xml"}),
    )
    no_logo = forms.BooleanField(label=gettext_lazy("Take the logo away"), required=False)
    iban = forms.CharField(
        label="IBAN",
        max_length=50,
        required=False,
        help_text=gettext_lazy(
            "Where transfers go. Documents to be paid say it, with a code that the bank’s application reads."
        ),
        widget=forms.TextInput(attrs=_WIDE),
    )
    bic = forms.CharField(label="BIC", max_length=20, required=False, widget=forms.TextInput(attrs=_WIDE))
    late_penalty = TextField(
        label=gettext_lazy("Penalties for late payment"),
        most=160,
        help_text=gettext_lazy("Such as “12 % a year”. Empty: three times the legal interest rate, as the law says."),
    )
    early_discount = TextField(
        label=gettext_lazy("Discount for early payment"),
        most=160,
        help_text=gettext_lazy("A whole sentence. Empty: documents say that there is none."),
    )
    own_mentions = TextField(
        label=gettext_lazy("Your own mentions"),
        most=400,
        help_text=gettext_lazy("Mediator, insurance, what the law of your trade asks for."),
    )
    creditor_identifier = forms.CharField(
        label=gettext_lazy("SEPA creditor identifier"),
        max_length=50,
        required=False,
        help_text=gettext_lazy("Such as FR72ZZZ123456. With it, mandates are signed at counters."),
        widget=forms.TextInput(attrs=_WIDE),
    )
    contract_terms = TextField(
        label=gettext_lazy("Terms of the contract"),
        most=20_000,
        rows=6,
        help_text=gettext_lazy("What a subscriber accepts at a counter. With any, nobody is enrolled unsigned."),
    )
    is_default = forms.BooleanField(label=gettext_lazy("Issues documents unless said otherwise"), required=False)

    def __init__(self, *args: Any, has_logo: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_logo:
            del self.fields["no_logo"]

    def clean_country(self) -> str:
        """In capitals."""
        return str(self.cleaned_data["country"]).upper()


NAMES = {"logo_svg": "logo"}
NAMES |= {f"address.{name}": name for name in ("line1", "line2", "postal_code", "city", "country")}
BY_LANGUAGE = ("late_penalty", "early_discount", "own_mentions", "contract_terms")
"""Columns that hold a text by language: a field for each."""


RATE_IDS = "id_rate_%s"
"""The company's form on the same page has a country and a name too."""


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
        "seal": seals.seal(),
        "may_edit": request.office.may(Permission.edit_settings),
    }
    return office_render(request, "merchants/entities.html", context)


def _columns(form: EntityForm) -> dict[str, Any]:
    said = dict(form.cleaned_data)
    sent, gone = said.pop("logo"), said.pop("no_logo", False)
    if sent is not None or gone:
        said["logo_svg"] = drawing_of(sent)
    for name in BY_LANGUAGE:
        said[name] = texts(form, name)
        for code in codes():
            del said[f"{name}_{code}"]
    return said


def _initial(row: LegalEntity) -> dict[str, Any]:
    """The form's fields as the company stands."""
    said = {f"{name}_{one}": getattr(row, name).get(one, "") for name in BY_LANGUAGE for one in codes()}
    columns = EntityForm.base_fields.keys() - {*BY_LANGUAGE, "logo", "no_logo"}
    return {name: getattr(row, name) for name in columns} | said


@office_page(permission="edit_settings")
def entity_new(request: OfficeRequest) -> HttpResponse:
    """Add one; a French company begins with the French tax table."""
    office = request.office
    first = not LegalEntity.objects.exists()
    begins = {"name": office.merchant.name, "is_default": first}
    form = EntityForm(request.POST or None, request.FILES or None, initial=begins)
    if form.is_valid():
        with beside(form, NAMES):
            create_legal_entity(actor=office.actor, now=office.now, **_columns(form))
        if form.is_valid():
            messages.success(request, _("“%(name)s” can issue documents now.") % {"name": form.cleaned_data["name"]})
            return redirect(office.url("setting_entities"))
    context = {"form": form, "setting": "entities", "heading": _("New company"), "may_edit": True}
    context |= numbers_typed(form, office.now)
    return office_render(request, "merchants/entity.html", context, status=422 if form.is_bound else 200)


def _rates(entity: LegalEntity) -> list[TaxRate]:
    return list(TaxRate.objects.filter(legal_entity=entity).order_by("country", "tax_code", "-from_on"))


@office_page(permission="see_settings", post="edit_settings")
def entity(request: OfficeRequest, entity: str) -> HttpResponse:
    """One company: what its documents say, and its tax table."""
    office = request.office
    row = find(LegalEntity.objects.all(), entity)
    form = EntityForm(request.POST or None, request.FILES or None, initial=_initial(row), has_logo=bool(row.logo))
    if form.is_valid():
        with beside(form, NAMES):
            update_legal_entity(row, actor=office.actor, now=office.now, **_columns(form))
        if form.is_valid():
            messages.success(request, _("Saved. Documents issued before keep what they say."))
            return redirect(office.url("setting_entities"))
    return _entity(request, row, form, RateForm(auto_id=RATE_IDS), status=422 if form.is_bound else 200)


@office_page(permission="see_settings", post="edit_settings")
def entity_rate(request: OfficeRequest, entity: str) -> HttpResponse:
    """Add a rate to the company's table. A rate that stands is never changed: a later one takes over from its day."""
    office = request.office
    row = find(LegalEntity.objects.all(), entity)
    if request.method != "POST":
        return redirect(office.url("setting_entity", entity=row.public_id))
    form = RateForm(request.POST, auto_id=RATE_IDS)
    if form.is_valid():
        values = {**form.cleaned_data, "country": form.cleaned_data["country"].upper()}
        with beside(form):
            add_tax_rate(entity=row, actor=office.actor, now=office.now, **values)
        if form.is_valid():
            messages.success(request, _("The rate counts from its day on."))
            return redirect(office.url("setting_entity", entity=row.public_id))
    begins = EntityForm(initial=_initial(row), has_logo=bool(row.logo))
    return _entity(request, row, begins, form, status=422)


def _lacks(row: LegalEntity) -> list[str]:
    """What the documents of a French company do not say yet and should (CGI ann. II 242 nonies A; code de commerce
    R123-237 and R123-238), in words."""
    if place(row.country, row.postal_code) not in FRENCH:
        return []
    asked = [
        (not row.siren and not row.siret, _("its SIREN or SIRET")),
        (not row.vat_number and not row.vat_exempt, _("its VAT number: without it no reverse charge is possible")),
        (bool(row.legal_form) and not row.capital, _("its capital, where its legal form has one")),
        (bool(row.legal_form) and not row.registry, _("where it is registered, such as RCS Lyon")),
    ]
    return [words for missing, words in asked if missing]


def _abroad(row: LegalEntity, today: date, language: str) -> list[tuple[str, list[Decimal | None]]]:
    """What consumers of each other member state pay through the one-stop shop, by name of the country: standard rate,
    books, press, food; None where no rate of its own is known."""
    if row.oss_since is None:
        return []
    names = Locale.parse(str(locale_of(language))).territories
    others = sorted(EU - {country_of(place(row.country, row.postal_code))}, key=lambda code: str(names[code]))
    codes = (STANDARD, "books", "press", "food")
    return [
        (str(names[code]), [rate_of(code, one, today) if one in EU_RATES[code] else None for one in codes])
        for code in others
    ]


def _entity(request: OfficeRequest, row: LegalEntity, form: EntityForm, rate: RateForm, *, status: int) -> HttpResponse:
    context = {
        "entity": row,
        "heading": row.name,
        "form": form,
        "rate_form": rate,
        "rates": _rates(row),
        "lacks": _lacks(row),
        "abroad": _abroad(row, request.office.now.today, get_language() or "en"),
        "setting": "entities",
        "may_edit": request.office.may(Permission.edit_settings),
        **numbers_typed(form, request.office.now),
    }
    return office_render(request, "merchants/entity.html", context, status=status)
