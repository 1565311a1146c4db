"""Somebody who was just enrolled: the change to give, what to hand over; a QR code that is paid, and says so live."""

from __future__ import annotations

from typing import Any

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from billing.counter.frame import Counter, CounterRequest, counter_page, counter_render
from billing.flows import checkout, enrol
from billing.models import CheckoutSession, Enrolment
from invoices.models import Invoice, Payment
from merchants import ids
from merchants.languages import said_in
from merchants.refusals import NotFound


@counter_page()
@require_GET
def enrolled(request: CounterRequest, enrolment: str) -> HttpResponse:
    """The enrolment, for whoever works at its site."""
    return counter_render(request, "counter/enrolled.html", told(request.counter, _found(request.counter, enrolment)))


@counter_page()
@require_GET
def standing(request: CounterRequest, enrolment: str) -> HttpResponse:
    """The part of the page that may change by itself, asked for every two seconds while money is awaited."""
    context = told(request.counter, _found(request.counter, enrolment))
    return counter_render(request, "counter/enrolled_standing.html", context)


def thanks(request: HttpRequest) -> HttpResponse:
    """Where a phone ends that paid at a counter: nothing more to do on it."""
    return render(request, "counter/thanks.html")


def _found(counter: Counter, shown: str) -> Enrolment:
    key = ids.read("enr", shown)
    row: Enrolment | None = Enrolment.objects.filter(id=key, site=counter.site).first() if key else None
    if row is None:
        raise NotFound
    return row


def told(counter: Counter, row: Enrolment) -> dict[str, Any]:
    """What the page says of an enrolment."""
    subscription = enrol.subscription_of(row)
    session = CheckoutSession.objects.filter(id=row.session_id).first() if row.session_id else None
    waits = session is not None and session.status == CheckoutSession.Status.OPEN
    key = subscription.latest_invoice_id
    invoice = Invoice.objects.filter(id=key).first() if key else None
    refused = ""
    if session is not None and waits:
        last = Payment.objects.filter(session_id=session.pk).order_by("-id").first()
        refused = last.code if last is not None and last.code and last.code not in ("expired", "never_asked") else ""
    return {
        "enrolment": row,
        "subscription": subscription,
        "who": subscription.subscriber,
        "offer": said_in(subscription.offer_version.title, get_language() or "en"),
        "session": session,
        "waits": waits,
        "lapsed": session is not None and session.status == CheckoutSession.Status.EXPIRED,
        "refused": refused,
        "invoice": invoice,
        "change": row.tendered - row.due if row.tendered is not None else None,
        "qr": qr_of(checkout.form_url(session)) if session is not None and waits else "",
        "form_url": checkout.form_url(session) if session is not None and waits else "",
    }


def qr_of(address: str) -> str:
    """A QR code as a drawing in the page, black on white whatever the page's colours, so that every phone reads it."""
    drawn = segno.make(address, error="m").svg_inline(scale=6, border=4, dark="#000", light="#fff", omitsize=True)
    return mark_safe(drawn)  # noqa: S308 - drawn here, from an address of ours
