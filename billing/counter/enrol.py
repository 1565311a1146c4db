"""Enrolling a walk-in: who, which offer, how it is paid; the ticket beside it; then the person's page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing.counter import ticket as tickets
from billing.counter.enrol_form import chosen_version, person_of, place_of, read_walkin, said
from billing.counter.frame import Counter, CounterRequest, counter_page, counter_render, wants_json
from billing.counter.to_sign import papers_for, signed
from billing.flows import enrol as enrolling
from billing.flows.enrol import Walkin
from billing.flows.enrol_papers import DEBIT, may_debit, to_sign
from billing.flows.purchase import issuing_entity
from billing.flows.readers import at_site
from billing.models import Enrolment
from billing.selectors.at_counter import offer_cards, option_cards, sold_here
from billing.tasks import lodge_soon
from merchants.ids import new_id
from merchants.permissions import Permission
from merchants.refusals import Invalid, Refusal
from subscribers.models import Subscription
from subscribers.selectors.known import known_people
from subscribers.selectors.people import rows_of
from subscribers.services import mandates


@counter_page(permission=Permission.sell)
@require_GET
def enrol(request: CounterRequest) -> HttpResponse:
    """The empty form, or one for somebody known (`?person=`)."""
    counter = request.counter
    cards = offer_cards(list(sold_here(currency=counter.merchant.currency, site_id=counter.site.pk).values()))
    person = person_of(counter, request.GET.get("person", ""))
    context: dict[str, Any] = {"offers": cards, "person": person, "client_id": new_id(), "ticket": tickets.Ticket()}
    context["has_readers"] = bool(at_site(counter.site.pk))
    context["may_debit"] = may_debit()
    return counter_render(request, "counter/enrol.html", context)


@counter_page(permission=Permission.sell)
@require_POST
def ticket(request: CounterRequest) -> HttpResponse:
    """What is chosen so far as a ticket; with it the options of the offer, and how it may be paid."""
    version = chosen_version(request.counter, request.POST)
    told = tickets.ticket_of(request.counter, request.POST)
    context: dict[str, Any] = {
        "ticket": told,
        "options": option_cards(version) if version else [],
        "chosen_options": set(request.POST.getlist("option")),
        "means": request.POST.get("means", ""),
        "later": request.POST.get("later", ""),
        "sent": request.POST,
        "errors": told.errors,
    }
    return counter_render(request, "counter/enrol_ticket.html", context)


@counter_page(permission=Permission.sell)
@require_GET
def people(request: CounterRequest) -> HttpResponse:
    """Whom the merchant knows already, while it is typed."""
    counter = request.counter
    found = known_people(
        name=request.GET.get("name", "")[:160],
        phone=request.GET.get("phone", "")[:32],
        email=request.GET.get("email", "")[:254],
        site_id=None if counter.merchant.shares_members else counter.site.pk,
    )
    return counter_render(request, "counter/enrol_people.html", {"rows": rows_of(found)})


@counter_page(permission=Permission.sell)
@require_GET
def who(request: CounterRequest) -> HttpResponse:
    """The part of the form that says who: somebody known who was chosen, or empty fields again."""
    person = person_of(request.counter, request.GET.get("person", ""))
    return counter_render(request, "counter/enrol_who.html", {"person": person})


@counter_page(permission=Permission.sell)
@require_POST
def act(request: CounterRequest) -> HttpResponse:
    """Enrol. A script is answered in JSON: where to go, or what is wrong beside which field."""
    counter = request.counter
    try:
        walkin = _signed(counter, read_walkin(counter, request.POST), request.POST)
        made = enrolling.enrol(merchant_id=counter.merchant.pk, walkin=walkin, place=place_of(counter))
    except Invalid as refusal:
        if wants_json(request):
            raise
        return _again(request, refusal, said(refusal))
    except Refusal as refusal:
        if wants_json(request):
            raise
        return _again(request, refusal, {})
    _lodge(counter, made)
    address = reverse("counter:enrolled", args=[made.public_id])
    return JsonResponse({"go_to": address}) if wants_json(request) else redirect(address)


def _signed(counter: Counter, walkin: Walkin, sent: QueryDict) -> Walkin:
    """The same with the papers that were signed; of an enrolment that was made already none is asked for again."""
    if walkin.account is not None:
        mandates.check(
            mandates.Signed(iban=walkin.account.iban, holder=walkin.account.holder, creditor=issuing_entity()),
            now=counter.now,
        )
    if not to_sign(issuing_entity(), means=walkin.means, later=walkin.later):
        return walkin
    if Enrolment.objects.filter(client_id=walkin.client_id).exists():
        return walkin
    seen = enrolling.preview(merchant_id=counter.merchant.pk, walkin=walkin, place=place_of(counter))
    return replace(walkin, papers=signed(papers_for(counter, walkin, seen), sent))


def _lodge(counter: Counter, made: Enrolment) -> None:
    """A mandate that was just signed goes to the provider as soon as this is committed."""
    if made.later != DEBIT:
        return
    subscription = Subscription.objects.get(id=made.subscription_id)
    mandate = mandates.last_of(subscription.payer_id)
    if mandate is not None and mandate.lodged_at is None:
        lodge_soon(counter.merchant.pk, mandate.pk)


def _again(request: CounterRequest, refusal: Refusal, errors: dict[str, str]) -> HttpResponse:
    counter = request.counter
    cards = offer_cards(list(sold_here(currency=counter.merchant.currency, site_id=counter.site.pk).values()))
    version = chosen_version(counter, request.POST)
    context = {
        "offers": cards,
        "person": person_of(counter, request.POST.get("person", "")),
        "client_id": request.POST.get("client_id", ""),
        "ticket": tickets.ticket_of(counter, request.POST),
        "options": option_cards(version) if version else [],
        "chosen_options": set(request.POST.getlist("option")),
        "means": request.POST.get("means", ""),
        "later": request.POST.get("later", ""),
        "sent": request.POST,
        "errors": errors,
        "has_readers": bool(at_site(counter.site.pk)),
        "may_debit": may_debit(),
        "refused": " ".join(filter(None, [refusal.say(_), refusal.say_way_out(_)])),
    }
    return counter_render(request, "counter/enrol.html", context, status=refusal.status)
