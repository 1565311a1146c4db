"""Sign-up and log-in by allauth, and the three things that are ours: the company's name, the language, invitations."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import SignupForm as BaseSignupForm
from allauth.core import context
from django import forms
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from merchants.http.frame import put_beside
from merchants.models import User
from merchants.refusals import Invalid
from merchants.services.signup import check_name

INVITED = "/invitations/"
"""Where the address to come back to begins when an invitation brought the person here."""


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Keeps what the form asked beside allauth's own fields. The merchant is opened at the first log-in (`entry`)."""

    def save_user(self, request: HttpRequest, user: User, form: forms.BaseForm, commit: bool = True) -> User:
        """Write the new person with their company and the language that they read the form in."""
        user.company = form.cleaned_data.get("company", "")
        user.locale = (get_language() or "en")[:2]
        saved: User = super().save_user(request, user, form, commit)
        return saved


def is_invited(request: HttpRequest | None) -> str:
    """The address that an invitation's link has proved, where this sign-up comes from one; else ''.

    The proof is put into the session by the invitation's page; it counts only on the way back there.
    """
    if request is None:
        return ""
    back = request.POST.get("next") or request.GET.get("next") or ""
    proved: str = request.session.get("account_verified_email") or ""
    if proved and not back.startswith(INVITED):
        request.session.pop("account_verified_email")
        return ""
    return proved


class SignupForm(BaseSignupForm):  # type: ignore[misc]
    """Company, e-mail, password. Who is invited joins a company that exists, under the address that was invited."""

    company = forms.CharField(
        label=_("Company"),
        max_length=120,
        help_text=_("As your subscribers know it. It can be changed later."),
        widget=forms.TextInput(attrs={"autocomplete": "organization", "autofocus": True}),
    )
    field_order = ["company", "email", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail")
        if invited := is_invited(context.request):
            del self.fields["company"]
            self.fields["email"].initial = invited
            self.fields["email"].disabled = True

    def clean_company(self) -> str:
        """The name as it will be stored."""
        name: str = self.cleaned_data["company"]
        try:
            return check_name(name, field="company")
        except Invalid as refusal:
            put_beside(self, refusal, {})
            return name
