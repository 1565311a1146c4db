"""Somebody who was just enrolled: the change to give, what to hand over; a QR code that is paid, and says so live."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from billing.counter import paying
from billing.counter.frame import Counter, CounterRequest, counter_page, counter_render
from billing.counter.paying_words import why_not
from billing.counter.signed_papers import paper_links
from billing.flows import enrol
from billing.flows.enrol_papers import DEBIT
from billing.models import CheckoutSession, Enrolment
from invoices.models import Invoice, SignedPaper
from merchants import ids
from merchants.languages import said_in
from merchants.permissions import Permission
from merchants.refusals import NotFound
from subscribers.lifecycle import LIVE
from subscribers.services import mandates
from subscribers.shapes import mandate_status


@counter_page()
@require_GET
def enrolled(request: CounterRequest, enrolment: str) -> HttpResponse:
    """The enrolment, for whoever works at its site."""
    return counter_render(request, "counter/enrolled.html", told(request.counter, _found(request.counter, enrolment)))


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
    session = (
        CheckoutSession.objects.select_related("quote").filter(id=row.session_id).first() if row.session_id else None
    )
    waits = session is not None and session.status == CheckoutSession.Status.OPEN
    key = subscription.latest_invoice_id
    invoice = Invoice.objects.filter(id=key).first() if key else None
    wants_card = row.later == "card" and row.session_id is None and subscription.payment_method_id is None
    papers = list(SignedPaper.objects.filter(subscription=subscription).order_by("id"))
    mandate = mandates.last_of(subscription.payer_id) if row.later == DEBIT else None
    return {
        "papers": paper_links(papers),
        "may_give": counter.may(Permission.give_at_counter) and subscription.status in LIVE,
        "mandate": mandate,
        "mandate_status": mandate_status(mandate) if mandate else "",
        "why_refused": why_not(mandate.refused_code) if mandate and mandate.refused_at else "",
        "enrolment": row,
        "subscription": subscription,
        "who": subscription.subscriber,
        "offer": said_in(subscription.offer_version.title, get_language() or "en"),
        "session": session,
        "waits": waits,
        "lapsed": session is not None and session.status == CheckoutSession.Status.EXPIRED,
        "invoice": invoice,
        "change": row.tendered - row.due if row.tendered is not None else None,
        "wants_card": wants_card,
        "receipt_of": ids.show("pay", row.payment_id) if row.payment_id else "",
        **(paying.told(paying.of_session(session), counter, asked_for=row.means) if session and waits else {}),
    }
