"""A card for what comes later, saved on the subscriber's own phone without being charged: its QR code, live."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from billing.counter.enrol_form import person_of
from billing.counter.frame import Counter, CounterRequest, counter_page, counter_render
from billing.counter.paying_words import why_not
from billing.counter.qr import qr_of
from billing.flows import new_card
from billing.models import NewCard
from merchants.canonical import digest
from merchants.refusals import NotFound
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod, Subscriber


@counter_page(asks_provider=True)
@require_GET
def card(request: CounterRequest, person: str) -> HttpResponse:
    """The page with the code."""
    payer = _look(request.counter, person)
    with tenant(request.counter.merchant.pk):
        return counter_render(request, "counter/card.html", _told(payer, person))


@counter_page(asks_provider=True)
@require_GET
def live(request: CounterRequest, person: str) -> HttpResponse:
    """The part that changes by itself; the page anew once a card is there."""
    payer = _look(request.counter, person)
    with tenant(request.counter.merchant.pk):
        told = _told(payer, person)
        if told["was"] == request.GET.get("was", "-"):
            return HttpResponse(status=204)
        answer = counter_render(request, "counter/card_part.html", told)
    if told["saved"]:
        answer["HX-Refresh"] = "true"
    return answer


def _look(counter: Counter, shown: str) -> Subscriber:
    """Whose card it is, after the provider was asked about their open page. Raises NotFound."""
    merchant_id = counter.merchant.pk
    with tenant(merchant_id):
        found = person_of(counter, shown)
        if found is None:
            raise NotFound
        payer = new_card.who_pays(found)
    new_card.look(merchant_id=merchant_id, payer_id=payer.pk)
    return payer


def _told(payer: Subscriber, shown: str) -> dict[str, Any]:
    page = NewCard.objects.filter(payer=payer).order_by("-id").first()
    kept = PaymentMethod.objects.filter(subscriber=payer, is_default=True, detached_at=None).first()
    is_open = page is not None and page.status == NewCard.Status.OPEN
    refused = why_not(page.code) if page is not None and is_open else ""
    return {
        "person": shown,
        "who": payer,
        "saved": kept,
        "is_open": is_open and bool(page and page.url),
        "refused": refused,
        "qr": "" if kept else qr_of(new_card.link(payer)),
        "link": new_card.link(payer),
        "was": digest([kept is not None, is_open, refused])[:16],
    }
