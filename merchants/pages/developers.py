"""Developers: the keys of the merchant's site, examples that run as they stand, and where the rest is."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.models import Merchant, Offer
from merchants.pages.scopes import known_scopes
from merchants.permissions import Permission
from merchants.services import keys
from merchants.services.keys import NewKey

REFERENCE_PAGES = ("api:docs", "api:reference", "api:redoc", "api:swagger", "api:openapi")
"""Where the API's reference may be routed; the first that is."""


class KeyForm(forms.Form):
    """A key's name and what it may do."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=80, help_text=gettext_lazy("Which site or program will use it.")
    )
    access = forms.ChoiceField(
        label=gettext_lazy("May do"),
        choices=[("all", gettext_lazy("Everything")), ("some", gettext_lazy("Only what is ticked below"))],
        widget=forms.RadioSelect,
        initial="all",
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Scopes"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["scopes"]
        assert isinstance(chosen, forms.MultipleChoiceField)
        chosen.choices = [(scope, scope) for scope in known_scopes()]

    def clean(self) -> dict[str, Any]:
        """A limited key is limited to something: a key without scopes would do everything."""
        values = super().clean() or {}
        if values.get("access") == "all":
            values["scopes"] = []
        elif "scopes" in values and not values["scopes"]:
            self.add_error("scopes", _("Tick at least one, or let the key do everything."))
        return values


def reference_url() -> str:
    """The address of the API's reference; '' where none is routed."""
    for name in REFERENCE_PAGES:
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return ""


def example_of(merchant: Merchant, secret: str) -> str:
    """The first call, with this merchant's own ids: open a purchase, and send the buyer to the `url` it answers."""
    offer = Offer.objects.filter(archived_at=None).order_by("-id").first()
    body = {
        "offer": offer.public_id if offer else "ref:your-offer",
        "subscriber_data": {"reference": "ON-204817", "name": "Camille Morel", "email": "camille@courriel.example"},
        "success_url": merchant.success_url or merchant.website or "https://your-site.example/welcome",
    }
    return (
        f"curl {settings.PUBLIC_URL}/api/v1/checkout_sessions \\\n"
        f'  -H "Authorization: Bearer {secret}" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        '  -H "Idempotency-Key: first-purchase" \\\n'
        f"  -d '{json.dumps(body, indent=2)}'"
    )


def _page(request: OfficeRequest, form: KeyForm, *, made: NewKey | None = None, status: int = 200) -> HttpResponse:
    office = request.office
    secret = made.secret if made else f"{keys.prefix_of(office.merchant)}_…"
    context = {
        "rows": keys.keys(),
        "form": form,
        "made": made,
        "example": example_of(office.merchant, secret),
        "access": f"curl {settings.PUBLIC_URL}/api/v1/subscribers/ref:ON-204817/access \\\n"
        f'  -H "Authorization: Bearer {secret}"',
        "reference_url": reference_url(),
        "may_edit": office.may(Permission.edit_developers),
    }
    return office_render(request, "merchants/developers.html", context, status=status)


@office_page(permission="see_developers", post="edit_developers")
def developers(request: OfficeRequest) -> HttpResponse:
    """Keys and examples; POST makes a key and shows its secret, in this answer and never again."""
    if request.method != "POST":
        return _page(request, KeyForm())
    form = KeyForm(request.POST)
    if form.is_valid():
        made = None
        with beside(form):
            made = keys.make_key(
                merchant=request.office.merchant,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                by=request.user,
                now=request.office.now,
            )
        if made is not None:
            return _page(request, KeyForm(), made=made)
    return _page(request, form, status=422)


@require_POST
@office_page(permission="see_developers", post="edit_developers")
def key_revoke(request: OfficeRequest, key: str) -> HttpResponse:
    """Revoke a key: the next request with it is refused."""
    row = keys.key(key)
    keys.revoke_key(row, now=request.office.now)
    messages.success(request, _("“%(name)s” is revoked: it opens nothing any more.") % {"name": row.name})
    return redirect(request.office.url("developers"))
