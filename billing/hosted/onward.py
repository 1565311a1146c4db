"""Leaving our pages: back to the merchant's site, or on to the provider's.

The policy lets a form go to ourselves only, and Chromium holds every redirect after a POST to that. So a POST answers
with a redirect to a page of ours, and that page sends the browser on by itself (a refresh of 0 seconds, or its link).
"""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from billing.flows import outcome
from billing.hosted.doors import Place, hosted_page, speak
from billing.hosted.sessions import load
from billing.models import CheckoutSession
from invoices.models import Payment
from merchants.tenancy.scope import tenant

PARAMETER = "checkout_session"


class ToSite(HttpResponseRedirect):
    """A redirect to a merchant's own address, which was checked when the session was opened."""

    allowed_schemes = ["http", "https"]


def with_session(address: str, session: CheckoutSession) -> str:
    """The merchant's address with `checkout_session=<id>` in its query; what else stands in it stays.

    One that cannot be a plain http(s) address is not followed: raises ValueError.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or "\\" in address:
        raise ValueError("not an address to send anyone to")
    told = f"{PARAMETER}={session.public_id}"
    return urlunsplit(parts._replace(query=f"{parts.query}&{told}" if parts.query else told))


def to_site(address: str, session: CheckoutSession) -> HttpResponse:
    """Send the visitor to the merchant's site."""
    return ToSite(with_session(address, session))


@require_safe
@hosted_page("checkout")
def go(request: HttpRequest, place: Place) -> HttpResponse:
    """From our form on to where the purchase goes: the provider's page, or the merchant's where nothing was to pay."""
    session = load(place)
    speak(request, session.locale)
    if session.status == CheckoutSession.Status.COMPLETE:
        return sent(request, place, with_session(session.success_url, session))
    with tenant(place.merchant_id):
        payment = outcome.under_way(session)
    if payment is None or not payment.action_url or payment.status not in _OPEN:
        return HttpResponseRedirect(reverse("hosted:pay", args=[place.token]))
    return sent(request, place, payment.action_url)


_OPEN = (Payment.Status.PENDING, Payment.Status.REQUIRES_ACTION)


def sent(request: HttpRequest, place: Place, address: str) -> HttpResponse:
    """The page that sends the browser on to an address of ours or of the database's, never of the request's."""
    return render(request, "hosted/onward.html", {**place.context(), "onward_url": address})
