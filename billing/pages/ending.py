"""Cancelling at the end of the paid period, and taking it back: dialogs on a subscriber's page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from billing.engine.quoting import coming
from billing.flows import cancel
from billing.pages.subjects import subscription_of
from billing.selectors.cancelling import preview_cancel
from billing.selectors.snapshots import snapshots
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.languages import said_in
from merchants.models import Feature
from merchants.refusals import Conflict
from merchants.selectors.clocks import now_for
from merchants.wording import long_date_text
from subscribers.models import Subscription


class CancelForm(forms.Form):
    """Why: kept in the history, shown on the subscriber's page."""

    reason = forms.CharField(
        label=lazy("Reason"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@office_page(permission="see_subscribers", post="change_subscriptions")
def subscription_cancel(request: OfficeRequest, subscription: str) -> HttpResponse:
    """The dialog with what it would do; POST does it."""
    row = subscription_of(subscription)
    if request.method == "POST":
        form = CancelForm(request.POST)
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        done = cancel.cancel_at_period_end(
            merchant_id=request.office.merchant.pk,
            subscription_id=row.pk,
            actor=request.office.actor,
            reason=reason,
        )
        day = long_date_text(_last(done), get_language() or "en")
        said = _("%(offer)s is cancelled: it lasts until %(day)s, and nothing more is charged.")
        messages.success(request, said % {"offer": _title(row), "day": day})
        return redirect(request.office.url("subscriber", subscriber=row.subscriber.public_id))
    return _dialog(request, "billing/cancel.html", row, _cancelling(request, row))


def _cancelling(request: OfficeRequest, row: Subscription) -> dict[str, object]:
    """What the dialog says; where it cannot be done, why."""
    now = now_for(request.office.merchant, row.test_clock_id)
    context: dict[str, object] = {
        "subscription": row,
        "title": _title(row),
        "who": row.subscriber.name or row.subscriber.company or row.subscriber.reference,
        "action": request.office.url("subscription-cancel", subscription=row.public_id),
        "form": CancelForm(),
        "today": now.today,
    }
    try:
        ends_on = cancel.check_cancel(row)
    except Conflict as refusal:
        return {**context, "refusal": refusal.say(_)}
    seen = preview_cancel(row, ends_on=ends_on, now=now)
    kept = [reference for reference, _right in seen.rights]
    titles = dict(Feature.objects.filter(reference__in=kept).values_list("reference", "title"))
    language = get_language() or "en"
    return {
        **context,
        "seen": seen,
        "kept": [said_in(titles.get(one, {}), language) or one for one in kept],
        "spared": next((one for one in coming(snapshots([row], request.office.merchant)[row.pk]) if one.gross), None),
    }


@office_page(permission="see_subscribers", post="change_subscriptions")
def subscription_undo(request: OfficeRequest, subscription: str) -> HttpResponse:
    """The dialog that takes a cancellation back; POST does it."""
    row = subscription_of(subscription)
    if request.method == "POST":
        cancel.undo(merchant_id=request.office.merchant.pk, subscription_id=row.pk, actor=request.office.actor)
        messages.success(request, _("%(offer)s goes on as before.") % {"offer": _title(row)})
        return redirect(request.office.url("subscriber", subscriber=row.subscriber.public_id))
    now = now_for(request.office.merchant, row.test_clock_id)
    picture = snapshots([row], request.office.merchant)[row.pk]
    going_on = coming(replace(picture, service_ends_on=None, billing_ends_on=None))
    context: dict[str, object] = {
        "subscription": row,
        "title": _title(row),
        "action": request.office.url("subscription-undo", subscription=row.public_id),
        "today": now.today,
        "next": next((one for one in going_on if one.gross), None),
        "is_cancelled": row.service_ends_on is not None and row.service_ends_on > now.today,
    }
    return _dialog(request, "billing/undo.html", row, context)


def _dialog(request: OfficeRequest, template: str, row: Subscription, context: dict[str, object]) -> HttpResponse:
    """The dialog for the page that asked for it, or on a page of its own where its address was opened."""
    if request.headers.get("HX-Request") == "true":
        return office_render(request, template, context)
    back = request.office.url("subscriber", subscriber=row.subscriber.public_id)
    return office_render(request, "billing/alone.html", {**context, "dialog": template, "back": back})


def _title(row: Subscription) -> str:
    return said_in(row.offer_version.title, get_language() or "en") or row.offer_version.offer.reference


def _last(row: Subscription) -> date:
    """The last day that one has."""
    if row.service_ends_on is None:
        raise ValueError("it has no end")
    return row.service_ends_on - timedelta(days=1)
