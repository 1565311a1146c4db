"""The page that an invitation's link opens: who invites, to what, and one act: join."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from merchants.clock import instant
from merchants.http.frame import refusal_page, role_name
from merchants.ids import show
from merchants.models import Merchant, User
from merchants.now import Now
from merchants.refusals import Refusal
from merchants.services import people
from merchants.tenancy.scope import tenant


@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation; POST `act=join` accepts it, `act=sign_up` leads to an account under the invited address.

    The link reached the invited mailbox and nobody else, so it proves the address: an account opened from here needs no
    second mail. What is unknown, expired, withdrawn or accepted answers alike.
    """
    found = people.find_invitation(token)
    if found is None:
        return _closed(request)
    now = Now(at=instant(), zone="UTC")
    with tenant(found.merchant_id):
        row = people.standing(found.id, now=now)
        merchant = Merchant.objects.get(id=found.merchant_id)
    if row is None:
        return _closed(request)
    if request.method == "POST" and request.POST.get("act") == "sign_up" and not request.user.is_authenticated:
        request.session["account_verified_email"] = row.email
        return redirect(f"{reverse('account_signup')}?{urlencode({'next': request.path})}")
    if request.method == "POST" and request.user.is_authenticated:
        user = request.user
        try:
            with tenant(found.merchant_id):
                people.accept(found.id, user=user, addresses=_addresses(user), now=now)
        except Refusal as refusal:
            return refusal_page(request, refusal)
        messages.success(request, _("You are on the staff of %(name)s now.") % {"name": merchant.name})
        return redirect(reverse("office:home", kwargs={"merchant": show("mer", merchant.id)}))
    inviter = (row.invited_by.name or row.invited_by.email) if row.invited_by else merchant.name
    context = {
        "company": merchant.name,
        "is_sandbox": merchant.is_sandbox,
        "role": role_name(row.role),
        "email": row.email,
        "inviter": inviter,
        "is_theirs": request.user.is_authenticated and row.email in _addresses(request.user),
        "login_url": f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': request.path})}",
    }
    return render(request, "merchants/invitation.html", context)


def _addresses(user: User) -> frozenset[str]:
    """The person's verified addresses, in small letters."""
    verified = EmailAddress.objects.filter(user_id=user.id, verified=True).values_list("email", flat=True)
    return frozenset(address.lower() for address in verified)


def _closed(request: HttpRequest) -> HttpResponse:
    return render(request, "merchants/invitation_closed.html", status=404)
