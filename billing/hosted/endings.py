"""How a purchase can be over for its visitor, and the page that says so."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from billing.flows import outcome
from billing.hosted.doors import Place
from billing.hosted.onward import with_session
from billing.models import CheckoutSession
from invoices.models import Payment, Refund
from merchants.tenancy.scope import tenant


def of(request: HttpRequest, place: Place, session: CheckoutSession) -> HttpResponse | None:
    """The page of a purchase that takes no payment; None where it is still open."""
    if session.status == CheckoutSession.Status.COMPLETE:
        return paid(request, place, session)
    with tenant(place.merchant_id):
        over = session.status == CheckoutSession.Status.EXPIRED or session.expires_at <= outcome.clock_of(session).at
    if over:
        return expired(request, place, session)
    if place.merchant.suspended_at is not None:
        return render(request, "hosted/closed.html", place.context(), status=409)
    return None


def paid(request: HttpRequest, place: Place, session: CheckoutSession) -> HttpResponse:
    """Paid already: on to the merchant's page, by itself after a few seconds."""
    context = {
        **place.context(),
        "onward_url": with_session(session.success_url, session),
        "amount": session.quote.total,
        "currency": session.quote.currency,
    }
    return render(request, "hosted/paid.html", context)


def expired(request: HttpRequest, place: Place, session: CheckoutSession) -> HttpResponse:
    """Too late. Money that arrived all the same goes back, and the page says so."""
    with tenant(place.merchant_id):
        late = Payment.objects.filter(session_id=session.pk, status=Payment.Status.SUCCEEDED, captured__gt=0).first()
        back = Refund.objects.filter(payment=late).first() if late else None
    context = {
        **place.context(),
        "late": late,
        "given_back": back is not None and back.status == Refund.Status.SUCCEEDED,
        "back_url": session.cancel_url or session.failure_url or place.merchant.website,
    }
    return render(request, "hosted/expired.html", context, status=410)


def waiting(request: HttpRequest, place: Place) -> HttpResponse:
    """The provider was asked and did not answer: the page asks again by itself, and charges nothing."""
    return render(request, "hosted/waiting.html", {**place.context(), "again_url": request.path})
