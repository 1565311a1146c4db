"""Gestures in the office: giving something from a subscriber's page, the list of what was given, taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet, Sum
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from billing.flows import give, undo_gesture
from billing.pages.dialogs import show_dialog, title_of, who_of
from billing.pages.gesture_words import said, titles_of
from billing.pages.give_forms import KINDS, GiveForm, options_to_give
from billing.pages.subjects import subscription_of
from billing.readable import readable
from billing.selectors.gesture_answers import counted
from merchants import ids
from merchants.http import cursors
from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.http.references import find
from merchants.permissions import Permission
from merchants.refusals import Conflict, Invalid
from merchants.selectors.clocks import now_for
from subscribers.models import Gesture, GestureBatch, Subscription
from subscribers.periods import Interval
from subscribers.selectors import people
from subscribers.selectors.pictures import offer_pictures

PAGE, BATCHES = 50, 10


@office_page(permission="give_gestures")
def subscription_give(request: OfficeRequest, subscription: str) -> HttpResponse:
    """The dialog with what it costs, again at each change; POST gives."""
    row, office = subscription_of(subscription), request.office
    form = _form(row, request.POST if request.method == "POST" else request.GET or None)
    if request.method == "POST":
        done = None
        if form.is_valid():
            with beside(form, form.places()):
                try:
                    done = give.give(
                        merchant_id=office.merchant.pk,
                        subscription_id=row.pk,
                        giving=form.giving(),
                        role=office.role,
                        actor=office.actor,
                    )
                except Conflict as refusal:
                    raise readable(refusal) from refusal
        if done is not None and form.is_valid():
            messages.success(request, _("Given: %(what)s.") % {"what": said(done)})
            return redirect(office.url("subscriber", subscriber=row.subscriber.public_id))
        return show_dialog(request, "billing/give.html", row, _context(request, row, form), status=422)
    context = _context(request, row, form)
    if request.GET:
        return office_render(request, "billing/give_preview.html", context)
    return show_dialog(request, "billing/give.html", row, context)


def _form(row: Subscription, data: Any) -> GiveForm:
    stages = offer_pictures([row.offer_version_id])[row.offer_version_id].stages
    interval: Interval = stages[min(row.stage_position, len(stages) - 1)].interval
    options = options_to_give(row.currency, interval)
    return GiveForm(data, initial={"kind": Gesture.Kind.AMOUNT}, options=options, currency=row.currency)


def _context(request: OfficeRequest, row: Subscription, form: GiveForm) -> dict[str, object]:
    """What the dialog says, and what giving it would do; where it cannot be given, why."""
    office = request.office
    url = office.url("subscription-give", subscription=row.public_id)
    context: dict[str, object] = {
        "title": title_of(row),
        "who": who_of(row),
        "action": url,
        "preview_url": url,
        "form": form,
        "today": now_for(office.merchant, row.test_clock_id).today,
        "currency": row.currency,
    }
    if not form.is_bound or not form.is_valid():
        return context
    try:
        seen = give.foresee(
            merchant_id=office.merchant.pk, subscription_id=row.pk, giving=form.giving(), role=office.role
        )
    except Invalid as refusal:
        return {**context, "refusal": " ".join(error.say(_) for error in refusal.errors)}
    except Conflict as refusal:
        refusal = readable(refusal)
        return {**context, "refusal": refusal.say(_), "way_out": refusal.say_way_out(_)}
    return {**context, "seen": seen, "what": said(seen.gesture)}


@require_safe
@office_page(permission="see_subscribers")
def gestures(request: OfficeRequest) -> HttpResponse:
    """What was given, newest first, with what it costs; the gestures for many above it."""
    office = request.office
    rows, chosen = _narrowed(request.GET)
    shown = rows.select_related("subscriber", "subscription")
    try:
        page = cursors.page(shown, cursor=request.GET.get("cursor") or None, limit=PAGE)
    except Invalid:  # a cursor of another list: from the beginning
        page = cursors.page(shown, cursor=None, limit=PAGE)
    gives = office.may(Permission.give_gestures)
    standing = rows.filter(status=Gesture.Status.GIVEN).values("currency").annotate(cost=Sum("cost"))
    batches = list(GestureBatch.objects.order_by("-id")[:BATCHES]) if not request.GET else []
    counts = counted([batch.pk for batch in batches])
    context = {
        "rows": _lines(request, page.rows, gives=gives),
        "next_cursor": page.next_cursor,
        "costs": [(row["cost"] or 0, row["currency"]) for row in standing.order_by("currency")],
        "kinds": [(value, words) for value, words, _about in KINDS],
        "chosen": chosen,
        "batches": [
            {
                "row": batch,
                "url": office.url("gesture-batch", gesture_batch=batch.public_id),
                "counts": counts[batch.pk],
            }
            for batch in batches
        ],
        "none_at_all": not page.rows and not chosen and not batches,
        "many_url": office.url("gestures-many") if gives else "",
        "subscribers_url": office.url("subscribers"),
    }
    return office_render(request, "billing/gestures.html", context)


def _narrowed(query: QueryDict) -> tuple[QuerySet[Gesture], dict[str, str]]:
    """The gestures that an address asks for, and its filters that say something."""
    rows = people.on_shown_clocks(Gesture.objects.all(), "subscription__test_clock")
    chosen: dict[str, str] = {}
    for name, words in (("kind", Gesture.Kind.values), ("status", Gesture.Status.values)):
        value = query.get(name, "")
        if value in words:
            chosen[name] = value
            rows = rows.filter(**{name: value})
    for name, prefix in (("subscriber", "cus"), ("batch", "geb")):
        value = query.get(name, "")
        if id_ := ids.read(prefix, value):
            chosen[name] = value
            rows = rows.filter(**{name: id_})
    return rows, chosen


def _lines(request: OfficeRequest, rows: Sequence[Gesture], *, gives: bool) -> list[dict[str, Any]]:
    """Gestures as their lines in the list say them."""
    titles = titles_of(rows)
    return [
        {
            "row": row,
            "what": said(row, titles),
            "who": who_of(row),
            "url": request.office.url("subscriber", subscriber=row.subscriber.public_id),
            "undo_url": request.office.url("gesture-undo", gesture=row.public_id)
            if gives and row.status == Gesture.Status.GIVEN
            else "",
        }
        for row in rows
    ]


class UndoForm(forms.Form):
    """Why it is taken back."""

    reason = forms.CharField(
        label=lazy("Reason"), max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


@office_page(permission="give_gestures")
def gesture_undo(request: OfficeRequest, gesture: str) -> HttpResponse:
    """The dialog that takes a gesture back; POST does it."""
    office = request.office
    row = find(people.on_shown_clocks(Gesture.objects.all(), "subscription__test_clock"), gesture)
    subscription = subscription_of(ids.show("sub", row.subscription_id))
    form = UndoForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = None
        with beside(form):
            try:
                done = undo_gesture.undo(
                    merchant_id=office.merchant.pk,
                    gesture_id=row.pk,
                    actor=office.actor,
                    reason=form.cleaned_data["reason"],
                )
            except Conflict as refusal:
                raise readable(refusal) from refusal
        if done is not None and form.is_valid():
            messages.success(request, _("Taken back: %(what)s.") % {"what": said(done)})
            return redirect(office.url("gestures"))
    context: dict[str, object] = {
        "title": title_of(subscription),
        "who": who_of(subscription),
        "what": said(row),
        "row": row,
        "form": form,
        "action": office.url("gesture-undo", gesture=row.public_id),
    }
    status = 422 if request.method == "POST" else 200
    return show_dialog(request, "billing/undo_gesture.html", subscription, context, status=status)
