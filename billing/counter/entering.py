"""How a tablet and a person come to the counter: pairing with a code, signing in with a PIN, leaving."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from billing.counter.frame import COOKIE, PATH, device_at
from merchants import ids
from merchants.http.throttling import calls_in_window
from merchants.models import Merchant
from merchants.refusals import Refusal
from merchants.selectors.clocks import now_for
from merchants.services import devices, pins
from merchants.tenancy.scope import tenant

KEPT_FOR = timedelta(days=400)
"""How long a browser keeps its secret: as long as browsers allow, and it is set anew at each sign-in."""
TRIES = 100
"""Codes that one address may try in ten seconds."""


class PairForm(forms.Form):
    """The code that the back office shows once."""

    code = forms.CharField(
        label=gettext_lazy("Pairing code"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "autofocus": True}),
    )


def pair(request: HttpRequest) -> HttpResponse:
    """Pair this tablet with the code of a device."""
    form = PairForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        secret = None
        if calls_in_window(f"pair:{request.META.get('REMOTE_ADDR', '')}") > TRIES:
            form.add_error("code", _("Too many codes were tried: wait ten seconds."))
        else:
            secret = _paired(form.cleaned_data["code"])
            if secret is None:
                form.add_error("code", _("No device waits for this code. It lasts a quarter of an hour: ask for one."))
        if secret is not None:
            return _remember(redirect("counter:sign_in"), secret)
    return render(request, "counter/pair.html", {"form": form}, status=422 if form.errors else 200)


def _paired(code: str) -> str | None:
    found = devices.find_pairing(code)
    if found is None:
        return None
    with tenant(found.merchant_id):
        return devices.pair(found.id, now=now_for(Merchant.objects.get()))


def sign_in(request: HttpRequest) -> HttpResponse:
    """Who is there? The site's staff as keys, then the PIN."""
    secret = request.COOKIES.get(COOKIE, "")
    found = devices.find(secret)
    if found is None:
        return redirect("counter:pair")
    with tenant(found.merchant_id):
        device, merchant = device_at(found.id), Merchant.objects.get()
        translation.activate(merchant.locale)
        cast(Any, request).LANGUAGE_CODE = merchant.locale
        chosen = request.POST.get("member") or request.GET.get("member", "")
        context: dict[str, Any] = {"site": device.site, "merchant": merchant, "device": device, "chosen": chosen}
        context["staff"] = [
            (each.public_id, each.user.name or each.user.email) for each in pins.staff_of(device.site_id)
        ]
        if request.method != "POST":
            return render(request, "counter/sign_in.html", context)
        member = pins.prove(ids.read("mem", chosen), request.POST.get("pin", ""), site_id=device.site_id)
        if isinstance(member, Refusal):
            context |= {"errors": [error.say(_) for error in member.errors]}
            return render(request, "counter/sign_in.html", context, status=422)
        pins.sign_in(device, member, now=now_for(merchant))
        return _remember(redirect("counter:enrol"), secret)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Leave: the next one signs in."""
    found = devices.find(request.COOKIES.get(COOKIE, ""))
    if found is not None:
        with tenant(found.merchant_id):
            pins.sign_out(device_at(found.id))
    return redirect("counter:sign_in")


def _remember(response: HttpResponse, secret: str) -> HttpResponse:
    response.set_cookie(
        COOKIE,
        secret,
        max_age=KEPT_FOR,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response
