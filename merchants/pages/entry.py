"""The first door: from `/` to an office. It also completes what a sign-up began, however often it was interrupted."""

from __future__ import annotations

from typing import cast

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django.views.i18n import set_language as django_set_language

from merchants import ids
from merchants.actors import Actor
from merchants.clock import instant
from merchants.http.choices import choices_of
from merchants.http.frame import beside
from merchants.languages import is_spoken
from merchants.models import User
from merchants.now import Now
from merchants.services.signup import check_name, open_first_merchant
from merchants.tenancy.across import across_tenants

LAST = "last_merchant"
"""Session key: the public id of the merchant whose office was open last."""


@login_required
def entry(request: HttpRequest) -> HttpResponse:
    """To the office that was open last, else to the first live merchant's. Who has none names a company first."""
    user = cast(User, request.user)
    if user.company:
        open_first_merchant(user, now=Now(at=instant(), zone="UTC"), actor=Actor.system("sign-up"))
    choices = choices_of(across_tenants("memberships", user.id))
    if not choices:
        return redirect("welcome")
    last = request.session.get(LAST)
    ranked = sorted(choices, key=lambda choice: (choice.id != last, choice.is_sandbox))
    return redirect(reverse("office:home", kwargs={"merchant": ranked[0].id}))


class WelcomeForm(forms.Form):
    """What a person without a merchant is asked."""

    company = forms.CharField(
        label=_("Company"),
        max_length=120,
        help_text=_("As your subscribers know it. It can be changed later."),
        widget=forms.TextInput(attrs={"autocomplete": "organization", "autofocus": True}),
    )


@login_required
def welcome(request: HttpRequest) -> HttpResponse:
    """A person who is on nobody's staff opens a merchant of their own (or waits for an invitation)."""
    user = cast(User, request.user)
    if across_tenants("memberships", user.id):
        return redirect("entry")
    form = WelcomeForm(request.POST or None)
    if form.is_valid():
        with beside(form, {"name": "company"}):
            User.objects.filter(id=user.id).update(company=check_name(form.cleaned_data["company"]))
        if form.is_valid():
            return redirect("entry")
    return render(request, "merchants/welcome.html", {"form": form}, status=422 if form.is_bound else 200)


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Django's language switch, kept on the person too, so that mails and other devices speak it."""
    response = django_set_language(request)
    language = request.POST.get("language", "")
    if request.user.is_authenticated and is_spoken(language):
        User.objects.filter(id=request.user.id).update(locale=language)
    return response


def remember(request: HttpRequest, shown: str) -> None:
    """This office was open last."""
    if request.session.get(LAST) != shown and ids.read("mer", shown):
        request.session[LAST] = shown
