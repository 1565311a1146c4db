"""Settings: who takes the payments. Secrets go in and never come out: they are shown by their last four characters."""

from __future__ import annotations

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
from merchants.models import ProviderAccount
from merchants.permissions import Permission
from merchants.services import provider

_QUIET = {"autocomplete": "off", "spellcheck": "false"}


class SecretForm(forms.Form):
    """Stripe's secret key."""

    secret = forms.CharField(
        label=gettext_lazy("Secret key"),
        max_length=256,
        widget=forms.PasswordInput(attrs=_QUIET),
        help_text=gettext_lazy("In Stripe: Developers, API keys. A restricted key will do."),
    )


class WebhookForm(forms.Form):
    """The secret that signs Stripe's messages."""

    webhook_secret = forms.CharField(
        label=gettext_lazy("Signing secret"),
        max_length=256,
        widget=forms.PasswordInput(attrs=_QUIET),
        help_text=gettext_lazy("Stripe shows it once the address below is entered there."),
    )


def events_address(account: ProviderAccount) -> str:
    """Where the provider sends what happened; '' where no such address is routed."""
    try:
        return settings.PUBLIC_URL + reverse("provider-events", args=[account.pk])
    except NoReverseMatch:
        return ""


def _page(
    request: OfficeRequest, *, secret: forms.Form | None = None, webhook: forms.Form | None = None
) -> HttpResponse:
    account = provider.account()
    context = {
        "setting": "provider",
        "account": account,
        "masked_secret": provider.masked(account.secret),
        "masked_webhook": provider.masked(account.webhook_secret),
        "events_address": events_address(account),
        "secret_form": secret or SecretForm(),
        "webhook_form": webhook or WebhookForm(),
        "may_edit": request.office.may(Permission.edit_provider),
    }
    return office_render(request, "merchants/provider.html", context, status=422 if secret or webhook else 200)


@office_page(permission="see_settings", post="edit_provider")
def provider_page(request: OfficeRequest) -> HttpResponse:
    """What is connected; POST connects Stripe, or rolls its key."""
    if request.method != "POST":
        return _page(request)
    form = SecretForm(request.POST)
    if form.is_valid():
        with beside(form):
            provider.connect_stripe(merchant=request.office.merchant, now=request.office.now, **form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("The key is stored, encrypted. Payments go through Stripe from now on."))
            return redirect(request.office.url("setting_provider"))
    return _page(request, secret=form)


@require_POST
@office_page(permission="see_settings", post="edit_provider")
def provider_webhook(request: OfficeRequest) -> HttpResponse:
    """Take the signing secret."""
    form = WebhookForm(request.POST)
    if form.is_valid():
        with beside(form):
            provider.set_webhook_secret(secret=form.cleaned_data["webhook_secret"])
        if form.is_valid():
            messages.success(request, _("The signing secret is stored, encrypted."))
            return redirect(request.office.url("setting_provider"))
    return _page(request, webhook=form)


@require_POST
@office_page(permission="see_settings", post="edit_provider")
def provider_disconnect(request: OfficeRequest) -> HttpResponse:
    """Take no more payments through Stripe; what is on its way still arrives."""
    provider.disconnect(merchant=request.office.merchant, now=request.office.now)
    messages.success(request, _("Stripe takes no new payments. What is on its way still arrives."))
    return redirect(request.office.url("setting_provider"))
