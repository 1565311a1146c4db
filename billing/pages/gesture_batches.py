"""A gesture for all whom an incident touched, in the office: seen before it is given, watched, taken back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.flows import gesture_batches
from billing.flows.gesture_batches import giving_of
from billing.pages.dialogs import who_of
from billing.pages.gesture_words import said
from billing.pages.give_forms import GiveToManyForm, options_to_give
from billing.readable import readable
from billing.selectors.gesture_answers import counted
from billing.selectors.touched import Population
from billing.tasks import carry_gestures_on_soon
from merchants import ids
from merchants.http.frame import OfficeRequest, beside, office_page, office_render, put_beside
from merchants.http.references import find
from merchants.languages import said_in
from merchants.models import Offer, OfferVersion, Site
from merchants.permissions import Permission
from merchants.refusals import Conflict, Invalid
from subscribers.models import Gesture, GestureBatch, GestureMember
from subscribers.selectors.names import offer_names
from subscribers.selectors.pictures import newest_versions

REFUSED = 50
"""Of those who could not get it, or keep it, how many a page lists."""
Status = GestureBatch.Status


@office_page(permission="give_gestures")
def gestures_many(request: OfficeRequest) -> HttpResponse:
    """The form; with its fields in the address, whom it would reach and what it would cost; POST begins it."""
    office = request.office
    form = _form(request, request.POST if request.method == "POST" else request.GET or None)
    context: dict[str, object] = {"form": form, "currency": office.merchant.currency, "back_url": _back(request)}
    status = 200
    if request.method == "POST":
        batch = None
        if form.is_valid():
            with beside(form, form.places()):
                try:
                    batch = gesture_batches.begin(
                        merchant_id=office.merchant.pk,
                        giving=form.giving(),
                        population=form.population(),
                        role=office.role,
                        actor=office.actor,
                        batch_id=ids.read("geb", request.POST.get("once", "")),
                    )
                except Conflict as refusal:
                    raise readable(refusal) from refusal
        if batch is not None and form.is_valid():
            carry_gestures_on_soon(office.merchant.pk, batch.pk)
            messages.success(request, _("It is being given. This page can be left: it goes on by itself."))
            return redirect(office.url("gesture-batch", gesture_batch=batch.public_id))
        status = 422
    elif form.is_bound:
        if form.is_valid():
            _foresee(request, form, context)
        status = 200 if form.is_valid() else 422
    return office_render(request, "billing/gestures_many.html", context, status=status)


def _foresee(request: OfficeRequest, form: GiveToManyForm, context: dict[str, object]) -> None:
    """Whom it would reach; where it cannot be given, why, beside the field."""
    office = request.office
    try:
        seen = gesture_batches.foresee(
            merchant_id=office.merchant.pk, giving=form.giving(), population=form.population(), role=office.role
        )
    except Invalid as refusal:
        put_beside(form, refusal, form.places())
        return
    except Conflict as refusal:
        put_beside(form, readable(refusal), form.places())
        return
    context["seen"] = seen
    context["once"] = ids.show("geb", ids.new_id())
    context["refused"] = [(_(detail), count) for detail, count in seen.refused.values()]
    context["sample"] = [
        {
            "who": who_of(row),
            "url": office.url("subscriber", subscriber=row.subscriber.public_id),
            "cost": worth.cost if worth.cost is not None else worth.per_period,
            "currency": row.currency,
        }
        for row, worth in seen.sample
    ]
    context["sent"] = [(name, value) for name, values in request.GET.lists() for value in values if name in form.fields]


def _form(request: OfficeRequest, data: QueryDict | None) -> GiveToManyForm:
    currency = request.office.merchant.currency
    offers = list(Offer.objects.order_by("reference")[:200])
    names = offer_names(offers, get_language() or "en")
    return GiveToManyForm(
        data,
        initial={"kind": Gesture.Kind.DAYS},
        options=options_to_give(currency),
        currency=currency,
        sites=list(Site.objects.order_by("name")[:200]),
        offers=[(offer, names[offer.pk]) for offer in offers],
    )


def _back(request: OfficeRequest) -> str:
    return request.office.url("gestures")


@require_safe
@office_page(permission="see_subscribers")
def gesture_batch(request: OfficeRequest, gesture_batch: str) -> HttpResponse:
    """One batch: what was given to whom, how far it has come, who could not get it and why."""
    row = find(GestureBatch.objects.all(), gesture_batch)
    left = GestureMember.objects.filter(
        batch=row, status__in=[GestureMember.Status.REFUSED, GestureMember.Status.KEPT]
    ).select_related("subscription__subscriber")
    first = list(left.order_by("id")[: REFUSED + 1])
    context = {
        **_progress(request, row),
        "what": _what(row),
        "population": _population(Population.read(row.population)),
        "left": [
            {
                "who": who_of(member.subscription),
                "url": request.office.url("subscriber", subscriber=member.subscription.subscriber.public_id),
                "why": _(member.detail),
            }
            for member in first[:REFUSED]
        ],
        "more_left": len(first) > REFUSED,
        "may_undo": request.office.may(Permission.give_gestures) and row.status in (Status.GIVING, Status.GIVEN),
        "list_url": f"{_back(request)}?batch={row.public_id}",
        "back_url": _back(request),
        "undo_url": request.office.url("gesture-batch-undo", gesture_batch=row.public_id),
    }
    return office_render(request, "billing/gesture_batch.html", context)


@require_safe
@office_page(permission="see_subscribers")
def gesture_batch_progress(request: OfficeRequest, gesture_batch: str) -> HttpResponse:
    """How far it has come: a fragment that asks for itself again until it is over, then for the page."""
    row = find(GestureBatch.objects.all(), gesture_batch)
    answer = office_render(request, "billing/gesture_batch_progress.html", _progress(request, row))
    if row.status not in (Status.GIVING, Status.UNDOING):
        answer["HX-Refresh"] = "true"  # it is over: the whole page tells
    return answer


@require_POST
@office_page(permission="give_gestures")
def gesture_batch_undo(request: OfficeRequest, gesture_batch: str) -> HttpResponse:
    """Take it back from all; a worker does it."""
    office = request.office
    row = find(GestureBatch.objects.all(), gesture_batch)
    reason = request.POST.get("reason", "").replace("\x00", "")[:200]
    gesture_batches.undo(merchant_id=office.merchant.pk, batch_id=row.pk, actor=office.actor, reason=reason)
    carry_gestures_on_soon(office.merchant.pk, row.pk)
    messages.success(request, _("It is being taken back. This page can be left: it goes on by itself."))
    return redirect(office.url("gesture-batch", gesture_batch=row.public_id))


def _progress(request: OfficeRequest, row: GestureBatch) -> dict[str, Any]:
    counts = counted([row.pk])[row.pk]
    moving = row.status in (Status.GIVING, Status.UNDOING)
    left = counts["given"] if row.status == Status.UNDOING else counts["waiting"]
    done = counts["touched"] - left
    shown = (
        (_("Touched"), counts["touched"]),
        (pgettext("gesture", "Given"), counts["given"]),
        (pgettext("gesture", "Taken back"), counts["undone"]),
        (_("Not given"), counts["refused"]),
        (_("Kept"), counts["kept"]),
    )
    return {
        "batch": row,
        "is_moving": moving,
        "done": done,
        "counts": counts,
        "share": done / counts["touched"] if counts["touched"] else 1,
        "progress_url": request.office.url("gesture-batch-progress", gesture_batch=row.public_id),
        "measures": [{"name": name, "text": str(count)} for name, count in shown if count][:4],
    }


def _what(row: GestureBatch) -> str:
    given = giving_of(row)
    return said(
        Gesture(
            kind=row.kind,
            currency=row.currency,
            option=given.option,
            quantity=given.quantity,
            days=given.days,
            percent_off=given.percent_off,
            amount=given.amount,
            periods=given.periods if row.kind != Gesture.Kind.PERCENT else given.periods or 1,
            until=given.until,
        )
    )


def _population(population: Population) -> dict[str, Any]:
    language = get_language() or "en"
    newest = newest_versions(population.offers)
    titles = OfferVersion.objects.filter(id__in=newest.values()).values_list("title", flat=True)
    return {
        "from_on": population.from_on,
        "to_on": population.last_day,
        "sites": list(Site.objects.filter(id__in=population.sites).order_by("name").values_list("name", flat=True)),
        "offers": [said_in(title, language) for title in titles],
    }
