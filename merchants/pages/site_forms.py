"""What is said of sites: their names, their tablets, who works there, and what all counters go by."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from merchants.http.frame import role_name
from merchants.ids import show
from merchants.models import Feature, Membership, Merchant
from merchants.permissions import ROLES, manages
from merchants.pitch import said
from merchants.services import pins
from merchants.services.merchants import ENTRY_GAP_HOURS


class SiteForm(forms.Form):
    """A site as people name it."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    city = forms.CharField(label=gettext_lazy("City"), max_length=80, required=False)
    siret = forms.CharField(label=gettext_lazy("SIRET"), max_length=20, required=False)


class NewSiteForm(SiteForm):
    """The same with what never changes any more."""

    reference = forms.CharField(
        label=gettext_lazy("Reference"), max_length=120, help_text=gettext_lazy("Your own name for it, for ever")
    )
    field_order = ("name", "reference", "city", "siret")


class SharingForm(forms.Form):
    """What all counters and doors go by."""

    shares_members = forms.BooleanField(
        label=gettext_lazy("Each counter knows and serves the members of every site"),
        help_text=gettext_lazy("Otherwise each knows its own."),
        required=False,
    )
    entry_feature = forms.ChoiceField(
        label=gettext_lazy("What opens the door"),
        help_text=gettext_lazy("Of a quota, each entry uses one."),
        required=False,
    )
    entry_gap_hours = forms.IntegerField(
        label=gettext_lazy("Hours between two entries"), min_value=0, max_value=ENTRY_GAP_HOURS, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Feature.objects.filter(archived_at=None).exclude(kind=Feature.Kind.LEVEL).order_by("reference")
        self.features = {one.public_id: one for one in rows}
        field = self.fields["entry_feature"]
        assert isinstance(field, forms.ChoiceField)
        named = [(key, said(one.title, one.reference)) for key, one in self.features.items()]
        field.choices = [("", _("Any running subscription")), *named]

    @property
    def columns(self) -> dict[str, Any]:
        """The merchant's columns."""
        feature = self.features.get(self.cleaned_data["entry_feature"])
        return {
            "shares_members": self.cleaned_data["shares_members"],
            "entry_feature": feature.pk if feature else None,
            "entry_gap_hours": self.cleaned_data["entry_gap_hours"] or 0,
        }

    @staticmethod
    def standing(merchant: Merchant) -> dict[str, Any]:
        """As it stands."""
        feature = show("fea", merchant.entry_feature) if merchant.entry_feature else ""
        return {
            "shares_members": merchant.shares_members,
            "entry_feature": feature,
            "entry_gap_hours": merchant.entry_gap_hours,
        }


class DeviceForm(forms.Form):
    """A tablet to be paired."""

    device_name = forms.CharField(label=gettext_lazy("Device"), max_length=80, initial="1")


class HireForm(forms.Form):
    """Somebody who works at a counter and has no e-mail address."""

    staff_name = forms.CharField(label=gettext_lazy("First name and family name"), max_length=120)
    role = forms.ChoiceField(label=gettext_lazy("Role"))
    pin = forms.CharField(
        label=gettext_lazy("PIN"),
        max_length=8,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text=gettext_lazy("Four to eight digits; it is not shown again."),
    )

    def __init__(self, *args: Any, by: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = [role for role in ROLES if role in pins.AT_COUNTERS and role != "owner" and manages(by.role, role)]
        chosen = self.fields["role"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = [(role, role_name(role)) for role in reversed(roles)]
