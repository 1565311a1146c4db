"""Settings: who the merchant is, how its pages look, where buyers go back to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from merchants.brand import check_color
from merchants.http.choices import forget
from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.identity import zones
from merchants.languages import TABLE
from merchants.logos import drawing_of
from merchants.models import Merchant
from merchants.money import EXPONENTS
from merchants.permissions import Permission
from merchants.services.logo import set_logo
from merchants.services.merchants import update_merchant

PAGES = ("success_url", "failure_url", "cancel_url", "terms_url", "privacy_url")


class IdentityForm(forms.Form):
    """The merchant's own words, colour and addresses."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    support_email = forms.EmailField(
        label=gettext_lazy("E-mail for subscribers"), required=False, help_text=gettext_lazy("Letters show it.")
    )
    website = forms.URLField(label=gettext_lazy("Website"), max_length=300, required=False, assume_scheme="https")
    locale = forms.ChoiceField(label=gettext_lazy("Language"), choices=[(one.code, one.name) for one in TABLE.values()])
    timezone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        help_text=gettext_lazy("Days begin at its midnight."),
    )
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency of new offers"), choices=[(code, code) for code in sorted(EXPONENTS)]
    )
    payment_terms_days = forms.IntegerField(
        label=gettext_lazy("Days to pay an invoice"), widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )
    brand_color = forms.CharField(
        label=gettext_lazy("Colour"),
        max_length=7,
        help_text=gettext_lazy("Of your pay pages and letters; made darker or lighter where it could not be read."),
        widget=forms.TextInput(attrs={"type": "color", "class": "is-color"}),
    )
    logo = forms.FileField(
        label=gettext_lazy("Logo"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("An SVG of plain shapes, 256 KB at most."),
        widget=forms.FileInput(attrs={"accept": ".svg,image/svg+xml"}),
    )
    no_logo = forms.BooleanField(label=gettext_lazy("Take the logo away"), required=False)
    success_url = forms.URLField(
        label=gettext_lazy("After a purchase"), max_length=500, required=False, assume_scheme="https"
    )
    failure_url = forms.URLField(
        label=gettext_lazy("After a refused payment"), max_length=500, required=False, assume_scheme="https"
    )
    cancel_url = forms.URLField(
        label=gettext_lazy("Who turns back"), max_length=500, required=False, assume_scheme="https"
    )
    terms_url = forms.URLField(
        label=gettext_lazy("Your terms of sale"), max_length=500, required=False, assume_scheme="https"
    )
    privacy_url = forms.URLField(
        label=gettext_lazy("Your privacy page"), max_length=500, required=False, assume_scheme="https"
    )

    def __init__(self, *args: Any, has_logo: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["timezone"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = [(name, name) for name in sorted(zones())]
        if not has_logo:
            del self.fields["no_logo"]

    def drawing(self) -> str | None:
        """The logo that was sent; '' where it is to go; None where it stays. What is no text is no drawing."""
        sent = self.cleaned_data.get("logo")
        if sent is None:
            return "" if self.cleaned_data.get("no_logo") else None
        return drawing_of(sent)


COLUMNS = ("name", "support_email", "website", "locale", "timezone", "currency", "payment_terms_days", "brand_color")


def values_of(merchant: Merchant) -> dict[str, Any]:
    """The merchant as the form shows it."""
    return {name: getattr(merchant, name) for name in (*COLUMNS, *PAGES)}


@office_page(permission="see_settings", post="edit_settings")
def settings_page(request: OfficeRequest) -> HttpResponse:
    """Identity and brand."""
    office = request.office
    posted = request.method == "POST"
    form = IdentityForm(
        request.POST if posted else None,
        request.FILES if posted else None,
        initial=values_of(office.merchant),
        has_logo=bool(office.merchant.logo_svg),
    )
    if form.is_valid():
        with beside(form, {"logo_svg": "logo"}):
            columns = {name: form.cleaned_data[name] for name in (*COLUMNS, *PAGES)}
            columns["brand_color"] = check_color(columns["brand_color"])
            update_merchant(actor=office.actor, now=office.now, **columns)
            drawing = form.drawing()
            if drawing is not None:
                set_logo(drawing, actor=office.actor, now=office.now)
        if form.is_valid():
            forget(office.merchant.id)
            messages.success(request, _("Saved."))
            return redirect(office.url("settings"))
    context = {
        "form": form,
        "setting": "identity",
        "may_edit": office.may(Permission.edit_settings),
        "pages": [form[name] for name in PAGES],
    }
    return office_render(request, "merchants/identity.html", context, status=422 if posted else 200)
