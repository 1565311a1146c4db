"""The payment form: what is bought, its options and codes, consent, and the way to the provider's page.

It needs no script. Whatever is posted is settled against the quote: another choice of options makes another quote and
shows the form again; only the quote that the visitor has read is ever charged.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.flows import change_purchase, company, looking, outcome, pay
from billing.hosted import endings
from billing.hosted.asking import Asked, read
from billing.hosted.doors import Place, address_of, hosted_page, speak
from billing.hosted.sessions import load
from billing.hosted.telling import Told, tell
from billing.hosted.words import Refused, refused
from billing.models import CheckoutSession
from invoices.models import Payment
from merchants.refusals import Conflict, Invalid, Refusal
from merchants.tenancy.scope import tenant


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What the form says beside itself: at its top, and beside its fields."""

    refused: Refused | None = None
    said: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """422 where a field was refused, 409 where the present state says no."""
        return 422 if self.fields else 409 if self.said else 200


@require_http_methods(["GET", "HEAD", "POST"])
@hosted_page("checkout")
def pay_form(request: HttpRequest, place: Place) -> HttpResponse:
    """The form; or, where the purchase is over, what became of it."""
    session = load(place)
    speak(request, session.locale)
    note = _look(place, session)
    session = load(place)
    ended = endings.of(request, place, session)
    if ended is not None:
        return ended
    if request.method == "POST":
        return _act(request, place, session)
    if request.GET.get("said") == "changed":
        note = replace(note, refused=None, said=_("The amounts have changed. Read them, then pay."))
        return _show(request, place, session, note, status=200)
    return _show(request, place, session, note)


def _look(place: Place, session: CheckoutSession) -> Notes:
    """Ask about a payment under way before anything is shown; price anew what was priced another day."""
    if session.status != CheckoutSession.Status.OPEN:
        return Notes()
    with tenant(place.merchant_id):
        payment = Payment.objects.filter(session_id=session.pk).order_by("-id").first()
        asked = outcome.under_way(session)
    if asked is not None:
        standing = looking.look(merchant_id=place.merchant_id, session_id=session.pk)
        return Notes(refused=_reason(standing.payment))
    try:
        pay.renew_quote(merchant_id=place.merchant_id, session_id=session.pk)
    except Refusal as refusal:
        return Notes(said=_say(refusal))
    return Notes(refused=_reason(payment))


def _reason(payment: Payment | None) -> Refused | None:
    """Why a payment did not pass; for one that was only left, that nothing happened."""
    if payment is None:
        return None
    if payment.code:
        return refused(payment.code)
    if payment.status == Payment.Status.PENDING and payment.provider_session:
        return Refused(fact=_("You have not paid yet. Nothing was charged, and your choices are kept."), advice="")
    return None


def _act(request: HttpRequest, place: Place, session: CheckoutSession) -> HttpResponse:
    """What was posted: another choice, or the payment."""
    asked = read(request.POST)
    told = _tell(request, place, session)
    ticked = {choice.id for choice in told.choices if choice.ticked}
    wanted = asked.options & {choice.id for choice in told.choices}
    code = asked.code_to_try(typed=told.typed_code) if told.allow_codes else None
    if told.asks_company and asked.names_another(company=told.company, vat_number=told.vat_number):
        return _name_company(request, place, session, asked)
    if wanted != ticked or code is not None:
        notes = _change(place, session, wanted if wanted != ticked else None, code)
        if notes is not None:
            return _show(request, place, load(place), notes, asked)
        address = reverse("hosted:pay", args=[place.token])
        return _see(f"{address}?said=changed" if asked.act == "pay" else address)
    if asked.act != "pay":
        return _see(reverse("hosted:pay", args=[place.token]))
    if not asked.consents:
        error = {"consent": _("Accept the terms to go on.")}
        return _show(request, place, session, Notes(fields=error), asked)
    return _pay(request, place, session, asked)


def _name_company(request: HttpRequest, place: Place, session: CheckoutSession, asked: Asked) -> HttpResponse:
    """For which company: priced anew, or refused beside the field."""
    try:
        company.name_company(
            merchant_id=place.merchant_id,
            session_id=session.pk,
            company=asked.company or "",
            vat_number=asked.vat_number or "",
        )
    except Invalid as refusal:
        fields = {error.field: error.say(_) for error in refusal.errors}
        return _show(request, place, session, Notes(fields=fields), asked)
    except Conflict as refusal:
        return _show(request, place, load(place), Notes(said=_say(refusal)), asked)
    address = reverse("hosted:pay", args=[place.token])
    return _see(f"{address}?said=changed" if asked.act == "pay" else address)


def _change(place: Place, session: CheckoutSession, options: frozenset[str] | None, code: str | None) -> Notes | None:
    """Another choice; None where it was made. A code that is refused does not undo the options chosen with it."""
    ids = None if options is None else Asked.option_ids(options)
    try:
        change_purchase.change(merchant_id=place.merchant_id, session_id=session.pk, option_ids=ids, code=code)
    except Invalid as refusal:
        if code is None:
            return Notes(said=_say(refusal))
        if ids is not None:
            notes = _change(place, session, options, None)
            if notes is not None:
                return notes
        return Notes(fields={"code": " ".join(error.say(_) for error in refusal.errors) or _say(refusal)})
    except Conflict as refusal:
        return Notes(said=_say(refusal))
    return None


def _pay(request: HttpRequest, place: Place, session: CheckoutSession, asked: Asked) -> HttpResponse:
    try:
        change_purchase.make_way(merchant_id=place.merchant_id, session_id=session.pk)
        pay.start(
            merchant_id=place.merchant_id,
            session_id=session.pk,
            consented_from=address_of(request),
            seen=asked.quote_id,
        )
    except Invalid as refusal:
        return _show(request, place, load(place), Notes(said=_say(refusal)), asked)
    except Conflict as refusal:
        session = load(place)
        ended = endings.of(request, place, session)
        return ended or _show(request, place, session, Notes(said=_say(refusal)), asked)
    return _see(reverse("hosted:go", args=[place.token]))


def _tell(request: HttpRequest, place: Place, session: CheckoutSession) -> Told:
    with tenant(place.merchant_id):
        return tell(session, now=outcome.clock_of(session), language=request.LANGUAGE_CODE)


def _show(
    request: HttpRequest,
    place: Place,
    session: CheckoutSession,
    notes: Notes,
    asked: Asked | None = None,
    *,
    status: int | None = None,
) -> HttpResponse:
    """The form, as the quote now stands."""
    told = _tell(request, place, session)
    back = session.cancel_url or session.failure_url or place.merchant.website
    context = {
        **place.context(),
        "told": told,
        "notes": notes,
        "consents": bool(asked and asked.consents),
        "code": asked.code if asked else "",
        "company": asked.company if asked and asked.company is not None else told.company,
        "vat_number": asked.vat_number if asked and asked.vat_number is not None else told.vat_number,
        "terms_url": place.merchant.terms_url,
        "back_url": back,
        "legal_line": told.legal_line,
    }
    return render(request, "hosted/pay.html", context, status=status or notes.status)


def _say(refusal: Refusal) -> str:
    said = [refusal.say(_)] if refusal.detail or not refusal.errors else [error.say(_) for error in refusal.errors]
    return " ".join(part for part in (*said, refusal.say_way_out(_)) if part)


def _see(address: str) -> HttpResponse:
    """303: what was posted is done, look there."""
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return response
