"""Settings: what each role may give away, in one gesture, to one subscriber in a month, to many at once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from merchants.gesture_limits import AMOUNTS, API_KEY, LIMITED, GestureLimit, limit_for, limits_of
from merchants.http.choices import forget
from merchants.http.frame import OfficeRequest, beside, office_page, office_render, role_name
from merchants.permissions import Permission
from merchants.refusals import Invalid
from merchants.services.merchants import update_merchant
from merchants.typed import shown_amount, typed_amount

LABELS: dict[str, Any] = {
    "one": gettext_lazy("One gesture"),
    "month": gettext_lazy("To one subscriber in a month"),
    "batch": gettext_lazy("To many at once, in all"),
}


class GestureLimitsForm(forms.Form):
    """A field `<role>_<amount>` for each; empty: as much as they like."""

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        for role in LIMITED:
            for name in AMOUNTS:
                self.fields[f"{role}_{name}"] = forms.CharField(label=LABELS[name], required=False, max_length=20)

    def clean(self) -> dict[str, Any]:
        """Amounts as they are typed, in the merchant's currency."""
        for name in self.fields:
            typed = self.cleaned_data.get(name)
            try:
                amount = typed_amount(typed, self.currency, get_language() or "en") if typed else None
            except Invalid as refusal:
                self.add_error(name, " ".join(error.say(_) for error in refusal.errors))
            else:
                self.cleaned_data[name] = amount
        return self.cleaned_data

    def limits(self) -> list[dict[str, Any]]:
        """The roles that are limited, as `gesture_limits.check_limits` wants them."""
        found = [{"role": role, **{name: self.cleaned_data[f"{role}_{name}"] for name in AMOUNTS}} for role in LIMITED]
        return [one for one in found if any(one[name] is not None for name in AMOUNTS)]

    def places(self) -> dict[str, str]:
        """Where each part of a refusal stands."""
        return {
            f"gesture_limits[{at}].{name}": f"{limit['role']}_{name}"
            for at, limit in enumerate(self.limits())
            for name in AMOUNTS
        }

    def rows(self) -> list[dict[str, Any]]:
        """Role by role, with its fields."""
        return [
            {
                "role": role,
                "name": _("API keys") if role == API_KEY else role_name(role),
                "fields": [self[f"{role}_{name}"] for name in AMOUNTS],
            }
            for role in LIMITED
        ]


def values_of(limits: tuple[GestureLimit, ...], currency: str) -> dict[str, str]:
    """The limits as the form shows them."""
    language = get_language() or "en"
    found: dict[str, str] = {}
    for role in LIMITED:
        limit = limit_for(limits, role)
        for name in AMOUNTS:
            amount: int | None = getattr(limit, name)
            found[f"{role}_{name}"] = "" if amount is None else shown_amount(amount, currency, language)
    return found


@office_page(permission="see_settings", post="edit_settings")
def gesture_limits_page(request: OfficeRequest) -> HttpResponse:
    """The limits, role by role."""
    office = request.office
    posted = request.POST if request.method == "POST" else None
    limits, currency = limits_of(office.merchant.gesture_limits), office.merchant.currency
    form = GestureLimitsForm(posted, initial=values_of(limits, currency), currency=currency)
    if form.is_valid():
        with beside(form, form.places()):
            update_merchant(actor=office.actor, now=office.now, gesture_limits=form.limits())
        if form.is_valid():
            forget(office.merchant.id)
            messages.success(request, _("Saved."))
            return redirect(office.url("setting_gestures"))
    context = {
        "form": form,
        "rows": form.rows(),
        "none": not limits,
        "setting": "gestures",
        "may_edit": office.may(Permission.edit_settings),
    }
    return office_render(request, "merchants/gesture_limits.html", context, status=422 if posted is not None else 200)
