"""Another card without a purchase: the page that the letter about an expiring card opens. No log-in, no script."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.flows import new_card
from billing.hosted.doors import Place, hosted_page, speak
from billing.hosted.onward import sent
from billing.hosted.words import Refused, refused
from billing.models import NewCard
from billing.selectors.debts import other_debts, tried_at_once
from merchants.links import mint
from merchants.refusals import Conflict
from merchants.tenancy.scope import tenant
from merchants.wording import month_inside
from subscribers.models import PaymentMethod, Subscriber
from subscribers.selectors.names import method_name

RETURN_LASTS = timedelta(days=1)


@require_http_methods(["GET", "HEAD", "POST"])
def _too_late(request: HttpRequest, place: Place) -> HttpResponse:
    """The link has lapsed: say so, and whom to ask."""
    payer = _payer(place)
    speak(request, payer.locale)
    return render(request, "hosted/card_late.html", place.context(), status=410)


@require_http_methods(["GET", "HEAD", "POST"])
@hosted_page("card", too_late=_too_late)
def card_page(request: HttpRequest, place: Place) -> HttpResponse:
    """The card that is charged, and the button that gives another one."""
    payer = _payer(place)
    speak(request, payer.locale)
    if place.merchant.suspended_at is not None:
        return render(request, "hosted/closed.html", place.context(), status=409)
    if request.method == "POST":
        try:
            new_card.start(merchant_id=place.merchant_id, payer_id=payer.pk)
        except Conflict as refusal:
            said = " ".join(part for part in (refusal.say(_), refusal.say_way_out(_)) if part)
            return _show(request, place, payer, None, said=said, status=409)
        response = HttpResponseRedirect(reverse("hosted:card-go", args=[place.token]))
        response.status_code = 303
        return response
    return _show(request, place, payer, new_card.look(merchant_id=place.merchant_id, payer_id=payer.pk))


@require_safe
@hosted_page("card")
def go(request: HttpRequest, place: Place) -> HttpResponse:
    """From our page on to the provider's."""
    payer = _payer(place)
    speak(request, payer.locale)
    with tenant(place.merchant_id):
        page = NewCard.objects.filter(payer=payer, status=NewCard.Status.OPEN).exclude(url="").first()
    if page is None:
        return HttpResponseRedirect(reverse("hosted:card", args=[place.token]))
    return sent(request, place, page.url)


@require_safe
@hosted_page("card-return")
def back(request: HttpRequest, place: Place) -> HttpResponse:
    """Back from the provider: the page looks, and says how it stands."""
    token = mint("card", place.merchant_id, place.id, lasts=RETURN_LASTS)
    return HttpResponseRedirect(reverse("hosted:card", args=[token]) + "?back")


def _payer(place: Place) -> Subscriber:
    """Whose card it is: the payer of the subscriber whom the link names. Raises Http404."""
    with tenant(place.merchant_id):
        found = Subscriber.objects.filter(id=place.id, erased_at=None).first()
        if found is None:
            raise Http404
        return new_card.who_pays(found)


def _show(
    request: HttpRequest, place: Place, payer: Subscriber, page: NewCard | None, *, said: str = "", status: int = 200
) -> HttpResponse:
    came_back = "back" in request.GET
    is_saved = came_back and page is not None and page.status == NewCard.Status.SAVED
    with tenant(place.merchant_id):
        current = PaymentMethod.objects.filter(subscriber=payer, is_default=True, detached_at=None).first()
        debts = [
            {"invoice": one, "url": reverse("hosted:owed", args=[_owed_token(place, one)])}
            for one in (other_debts if is_saved else tried_at_once)(payer.pk)
        ]
    context: dict[str, Any] = {
        **place.context(),
        "card": method_name(current) if current else "",
        "until": _until(current, request.LANGUAGE_CODE),
        "is_saved": is_saved,
        "refused": _reason(page) if came_back else None,
        "said": said,
        "debts": debts,
        "back_url": place.merchant.website,
    }
    return render(request, "hosted/card.html", context, status=status)


def _owed_token(place: Place, invoice: Any) -> str:
    return mint("owed", place.merchant_id, invoice.pk, lasts=RETURN_LASTS)


def _until(card: PaymentMethod | None, language: str) -> str:
    """The last month of a card, inside a sentence; '' for what has none."""
    if card is None or card.exp_month is None or card.exp_year is None:
        return ""
    return month_inside(date(card.exp_year, card.exp_month, 1), language)


def _reason(page: NewCard | None) -> Refused | None:
    """Why no card was saved."""
    if page is None or page.status == NewCard.Status.SAVED:
        return None
    if page.code:
        return refused(page.code)
    return Refused(fact=_("No card was given. Everything stays as it was."), advice="")
