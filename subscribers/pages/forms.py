"""Forms about subscribers. Fields are named after columns, so that a refusal finds its place beside them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from merchants.languages import TABLE
from merchants.models import Site
from subscribers.models import Subscriber

ADDRESS = ("line1", "line2", "postal_code", "city", "country")


class ProfileForm(forms.Form):
    """Who a subscriber is. Rules of the values are the service's."""

    name = forms.CharField(label=_("Name"), max_length=160, required=False)
    email = forms.CharField(label=_("E-mail"), max_length=254, required=False)
    phone = forms.CharField(label=_("Phone"), max_length=32, required=False)
    reference = forms.CharField(
        label=_("Reference"), max_length=120, required=False, help_text=_("Your own key; made for you where empty.")
    )
    locale = forms.ChoiceField(label=_("Language"), choices=[(one.code, one.name) for one in TABLE.values()])
    site = forms.ChoiceField(label=_("Site"), required=False)
    line1 = forms.CharField(label=_("Address"), max_length=160, required=False)
    line2 = forms.CharField(label=_("Address, second line"), max_length=160, required=False)
    postal_code = forms.CharField(label=_("Postal code"), max_length=16, required=False)
    city = forms.CharField(label=_("City"), max_length=80, required=False)
    country = forms.CharField(label=_("Country"), max_length=2, required=False, help_text=_("Two letters, such as FR."))
    company = forms.CharField(label=_("Company"), max_length=160, required=False)
    siren = forms.CharField(label=_("SIREN"), max_length=20, required=False)
    vat_number = forms.CharField(label=_("VAT number"), max_length=20, required=False)

    def __init__(self, *args: Any, moves: bool = True, **kwargs: Any) -> None:
        """`moves`: a site may be chosen; who has one, or none, is moved with a reason (`subscriber_move`)."""
        super().__init__(*args, **kwargs)
        sites = Site.objects.filter(closed_at=None).order_by("name") if moves else ()
        self.sites = {row.public_id: row for row in sites}
        if self.sites:
            choices = [("", "—"), *((id_, row.name) for id_, row in self.sites.items())]
            field = self.fields["site"]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices
        else:
            del self.fields["site"]
        for name, kind, complete in (
            ("name", "text", "off"),
            ("email", "email", "off"),
            ("phone", "tel", "off"),
        ):
            self.fields[name].widget.input_type = kind
            self.fields[name].widget.attrs["autocomplete"] = complete

    def clean_country(self) -> str:
        """Capitals."""
        return str(self.cleaned_data["country"]).upper()

    @property
    def columns(self) -> dict[str, Any]:
        """The values by column, without the site; an empty reference is left out: it is made, or stays."""
        found = {name: value for name, value in self.cleaned_data.items() if name != "site"}
        if not found.get("reference"):
            found.pop("reference", None)
        return found

    @property
    def site_id(self) -> Any:
        """The chosen site's id, or None."""
        chosen = self.sites.get(self.cleaned_data.get("site") or "")
        return chosen.pk if chosen else None

    @classmethod
    def of(cls, row: Subscriber) -> ProfileForm:
        """Filled with what is known."""
        known = {name: getattr(row, name, "") for name in cls.base_fields if name != "site"}
        return cls(initial=known, moves=False)
