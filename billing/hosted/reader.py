"""The screen of a simulated card reader, where one plays the card: tapped, declined, given up. No money moves."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from billing.flows.readers import readers_of
from billing.gateways.simulated_reader import SimulatedReaders
from billing.hosted.doors import Place, hosted_page, speak
from billing.hosted.simulated import PlayedCard
from billing.models import Reader
from merchants.tenancy.scope import tenant

CARDS = (
    PlayedCard(method="pm_card_visa", name="Visa 4242", words=_("The payment passes.")),
    PlayedCard(method="pm_card_mastercard", name="Mastercard 4444", words=_("The payment passes.")),
    PlayedCard(method="pm_card_chargeDeclined", name="Visa 0002", words=_("The bank refuses.")),
    PlayedCard(method="pm_card_chargeDeclinedInsufficientFunds", name="Visa 9995", words=_("The account is too low.")),
    PlayedCard(method="pm_card_chargeDeclinedExpiredCard", name="Visa 0069", words=_("The card has expired.")),
    PlayedCard(method="pm_card_declinedLater", name="Visa 7003", words=_("Passes now, is refused at the next charge.")),
)
_METHODS = {card.method for card in CARDS}
AGAIN = "2"
"""Seconds after which a screen that waits for nothing looks again."""


@require_http_methods(["GET", "HEAD", "POST"])
@hosted_page("reader")
def reader(request: HttpRequest, place: Place) -> HttpResponse:
    """What the reader shows; POST taps a card, or presses the red button."""
    with tenant(place.merchant_id):
        row = Reader.objects.select_related("account", "site").filter(id=place.id).first()
    machines = readers_of(row.account) if row is not None else None
    if row is None or not isinstance(machines, SimulatedReaders):
        raise Http404
    speak(request, place.merchant.locale)
    if request.method == "POST":
        shown = request.POST.get("shows", "")
        if request.POST.get("act") == "leave":
            machines.leave(row.provider_ref, key=shown)
        elif request.POST.get("card") in _METHODS:
            machines.present(row.provider_ref, token=request.POST["card"], key=shown)
        again = HttpResponseRedirect(reverse("hosted:reader", args=[place.token]))
        again.status_code = 303
        return again
    screen = machines.screen(row.provider_ref)
    context = {**place.context(), "reader": row, "screen": screen, "cards": CARDS}
    answer = render(request, "hosted/reader.html", context)
    if screen.state != "open":
        answer["Refresh"] = AGAIN
    return answer
