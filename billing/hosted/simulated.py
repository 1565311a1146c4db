"""The simulated provider's own pages: its card form, and the bank's question. A sandbox's money moves nowhere.

The page is a stranger to our purchase, as a real provider's is: it knows an amount, a description, and where its
visitor goes back to.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from billing.flows.providers import gateway_of
from billing.gateways.base import OutcomeKind
from billing.gateways.simulated import SimulatedGateway
from billing.gateways.simulated_form import HostedForm
from billing.hosted.doors import Place, hosted_page, speak
from billing.hosted.onward import sent
from billing.hosted.words import refused
from billing.models import NewCard
from invoices.models import Payment
from merchants.tenancy.scope import tenant


@dataclass(frozen=True, kw_only=True)
class PlayedCard:
    """A card of the form: what it is called, and what will happen."""

    method: str
    name: str
    words: str | Promise


CARDS = (
    PlayedCard(method="pm_card_visa", name="Visa 4242", words=_("The payment passes.")),
    PlayedCard(
        method="pm_card_authenticationRequired",
        name="Visa 3184",
        words=_("The bank asks first, now and for each charge to come."),
    ),
    PlayedCard(method="pm_card_chargeDeclined", name="Visa 0002", words=_("The bank refuses.")),
    PlayedCard(method="pm_card_chargeDeclinedInsufficientFunds", name="Visa 9995", words=_("The account is too low.")),
    PlayedCard(method="pm_card_chargeDeclinedExpiredCard", name="Visa 0069", words=_("The card has expired.")),
    PlayedCard(method="pm_card_declinedLater", name="Visa 7003", words=_("Passes now, is refused at the next charge.")),
    PlayedCard(method="pm_sepa_debitSucceeds", name="SEPA 2606", words=_("Accepted now, paid in five days.")),
)
_METHODS = {card.method for card in CARDS}


@require_http_methods(["GET", "HEAD", "POST"])
@hosted_page("simulated")
def simulated(request: HttpRequest, place: Place) -> HttpResponse:
    """The card form of a purchase, or the bank's question about a charge."""
    with tenant(place.merchant_id):
        payment = Payment.objects.filter(id=place.id).select_related("account", "payer").first()
        asked = payment or NewCard.objects.filter(id=place.id).select_related("account", "payer").first()
    if asked is None or asked.account.kind != "simulated":
        raise Http404
    gateway = gateway_of(asked.account)
    if not isinstance(gateway, SimulatedGateway):
        raise Http404
    speak(request, asked.payer.locale)
    form = gateway.hosted_form(f"cs_sim_{place.id}")
    if form is None and payment is not None:
        return _charge(request, place, gateway, payment)
    if form is None:
        raise Http404
    if request.method == "POST":
        if "bank" in request.POST:
            gateway.answer_bank(form.provider_session, passed=request.POST["bank"] == "yes")
        elif request.POST.get("card") in _METHODS:
            gateway.press(form.provider_session, token=request.POST["card"])
        return _again(place)
    return _checkout(request, place, form)


def _checkout(request: HttpRequest, place: Place, form: HostedForm) -> HttpResponse:
    """A purchase's page: cards while it is open, the bank while it asks, then back to us."""
    if form.state is not OutcomeKind.OPEN:
        return sent(request, place, form.cancel_url if form.state is OutcomeKind.EXPIRED else form.success_url)
    context = {
        **place.context(),
        "form": form,
        "cards": CARDS,
        "refused": refused(form.problem or ""),
        "asks": form.waits_for_bank,
        "leave_url": form.cancel_url,
        "amount": form.amount,
        "currency": form.currency,
        "description": form.description,
    }
    return render(request, "hosted/simulated.html", context)


def _charge(request: HttpRequest, place: Place, gateway: SimulatedGateway, payment: Payment) -> HttpResponse:
    """The bank's question about a charge on a saved card."""
    ref = f"pi_sim_{place.id}"
    outcome = gateway.payment_outcome(key=str(place.id))
    if outcome.kind is OutcomeKind.NOT_FOUND:
        raise Http404
    if request.method == "POST":
        gateway.answer_bank(ref, passed=request.POST.get("bank") == "yes")
        return _again(place)
    back = gateway.return_url(ref) or ""
    if outcome.kind is not OutcomeKind.REQUIRES_ACTION:
        if back:
            return sent(request, place, back)
        return render(request, "hosted/answered.html", {**place.context(), "passed": outcome.kind.value == "succeeded"})
    context = {
        **place.context(),
        "asks": True,
        "leave_url": back,
        "amount": payment.amount,
        "currency": payment.currency,
        "description": place.merchant.name,
    }
    return render(request, "hosted/simulated.html", context)


def _again(place: Place) -> HttpResponse:
    response = HttpResponseRedirect(reverse("hosted:simulated", args=[place.token]))
    response.status_code = 303
    return response
