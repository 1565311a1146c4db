"""What is owed on one invoice, and the button that pays it: the page that a letter's link opens. No log-in, no script.

The provider is asked before anything is shown, so the page says what is true: owed, under way, paid, or no longer owed.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.flows import owed
from billing.flows.pay import ProviderSilent, visitor
from billing.hosted import debt_words, endings
from billing.hosted.doors import Place, hosted_page, speak
from billing.hosted.onward import sent
from billing.hosted.words import Refused, refused
from billing.selectors.debts import Debt, DebtState, debt_of
from invoices.models import Payment
from merchants.links import mint
from merchants.refusals import Conflict, NotFound
from merchants.tenancy.scope import tenant

RETURN_LASTS = timedelta(days=1)
"""How long the page opens after coming back from the provider; the letter's own link lasts on."""


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What the page says beside what is owed: why a payment did not pass, or why a click did nothing."""

    refused: Refused | None = None
    said: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
def _too_late(request: HttpRequest, place: Place) -> HttpResponse:
    """The link has lapsed: say so, and have another one written where a click asks for it."""
    debt = _read(place)
    speak(request, debt.invoice.payer.locale)
    payer = debt.invoice.payer
    may_write = debt.is_payable and bool(payer.email) and payer.erased_at is None
    if request.method == "POST" and may_write:
        _write_again(place, debt)
        return _see(f"{request.path}?said=sent")
    context = {
        **place.context(),
        "debt": debt,
        "is_sent": request.GET.get("said") == "sent",
        "may_write": may_write,
    }
    return render(request, "hosted/owed_late.html", context, status=410)


@require_http_methods(["GET", "HEAD", "POST"])
@hosted_page("owed", too_late=_too_late)
def owed_page(request: HttpRequest, place: Place) -> HttpResponse:
    """What is owed, with its button; or what became of it."""
    speak(request, _read(place).invoice.payer.locale)
    try:
        debt = owed.look(merchant_id=place.merchant_id, invoice_id=place.id)
    except ProviderSilent:
        return endings.waiting(request, place)
    if place.merchant.suspended_at is not None and debt.is_payable:
        return render(request, "hosted/closed.html", place.context(), status=409)
    if request.method == "POST" and debt.is_payable:
        return _pay(request, place)
    return _show(request, place, debt, Notes(refused=_reason(debt) if debt.is_payable else None))


@require_safe
@hosted_page("owed")
def go(request: HttpRequest, place: Place) -> HttpResponse:
    """From our page on to the provider's, or to the bank's."""
    debt = _read(place)
    speak(request, debt.invoice.payer.locale)
    payment = debt.flight if debt.state is DebtState.waits_for_bank else debt.page
    if payment is None or not payment.action_url or not debt.is_payable:
        return HttpResponseRedirect(reverse("hosted:owed", args=[place.token]))
    return sent(request, place, payment.action_url)


@require_safe
@hosted_page("owed-return")
def back(request: HttpRequest, place: Place) -> HttpResponse:
    """Back from the provider or the bank: the page looks, and says how it stands."""
    speak(request, _read(place).invoice.payer.locale)
    token = mint("owed", place.merchant_id, place.id, lasts=RETURN_LASTS)
    return HttpResponseRedirect(reverse("hosted:owed", args=[token]))


def _read(place: Place) -> Debt:
    with tenant(place.merchant_id):
        debt = debt_of(place.id)
    if debt is None:
        raise Http404
    return debt


def _pay(request: HttpRequest, place: Place) -> HttpResponse:
    """The click. What is posted names the sum that was read, and no other is charged."""
    posted = request.POST.get("seen", "")
    seen = int(posted) if posted.isascii() and posted.isdigit() and len(posted) < 16 else -1
    another = request.POST.get("act") == "another"
    try:
        owed.start(merchant_id=place.merchant_id, invoice_id=place.id, seen=seen, another_card=another)
    except NotFound as gone:
        raise Http404 from gone
    except owed.NothingOwed:
        return _see(reverse("hosted:owed", args=[place.token]))  # paid meanwhile: the page says so
    except Conflict as refusal:
        debt = _read(place)
        said = " ".join(part for part in (refusal.say(_), refusal.say_way_out(_)) if part)
        return _show(request, place, debt, Notes(said=said), status=409)
    return _see(reverse("hosted:owed-go", args=[place.token]))


def _reason(debt: Debt) -> Refused | None:
    """Why the last payment did not pass; for a page that was only left, that nothing happened."""
    if debt.state is DebtState.waits_for_bank:
        return None
    if debt.page is not None:
        if debt.page.code:
            return refused(debt.page.code)
        if debt.page.provider_session:
            return Refused(fact=_("You have not paid yet. Nothing was charged."), advice="")
        return None
    last = debt.last
    if last is None or last.status != Payment.Status.FAILED:
        return None
    return None if last.hosted and last.code in ("expired", "never_asked") else refused(last.code)


def _show(request: HttpRequest, place: Place, debt: Debt, notes: Notes, *, status: int = 200) -> HttpResponse:
    """The page of a debt as it stands."""
    with tenant(place.merchant_id):
        told = debt_words.tell(debt, language=request.LANGUAGE_CODE)
    context = {
        **place.context(),
        "debt": debt,
        "told": told,
        "notes": notes,
        "legal_line": told.legal_line,
        "again_url": reverse("hosted:owed", args=[place.token]),
        "back_url": place.merchant.website,
    }
    template = "hosted/owed.html" if debt.is_payable else "hosted/owed_settled.html"
    return render(request, template, context, status=status)


def _write_again(place: Place, debt: Debt) -> None:
    """Have the letter with a fresh link written to the payer's own address. One that was written just now is enough."""
    invoice = debt.invoice
    with suppress(owed.SentJustNow):
        owed.send_link(merchant_id=place.merchant_id, invoice_id=invoice.pk, actor=visitor(invoice.payer))


def _see(address: str) -> HttpResponse:
    """303: what was posted is done, look there."""
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return response
