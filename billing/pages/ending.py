"""Cancelling, and taking it back: dialogs on a subscriber's page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Literal

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from billing.engine.leaving import Refunding
from billing.engine.quoting import coming
from billing.flows import cancel
from billing.flows.cancel import Leaving
from billing.pages.dialogs import show_dialog, title_of, who_of
from billing.pages.subjects import subscription_of
from billing.readable import readable
from billing.selectors.cancelling import features_kept
from billing.selectors.snapshots import snapshots
from invoices.calculations import say
from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.languages import said_in
from merchants.models import Feature
from merchants.permissions import Permission
from merchants.refusals import Conflict, Invalid
from merchants.selectors.clocks import now_for
from merchants.wording import long_date_text
from subscribers.models import Subscription

WAYS = ("period_end", "now", "day", "day_prorated", "now_prorated", "now_full")
"""How it may end, as the dialog asks: when, and what of the running period is given back."""


class CancelForm(forms.Form):
    """How it ends, and why: kept in the history, shown on the subscriber's page and on the credit note."""

    day = forms.DateField(
        label=lazy("First day without it"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    waive = forms.BooleanField(label=lazy("Waive the commitment and notice"), required=False)
    reason = forms.CharField(
        label=lazy("Reason"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, gives_back: bool, waives: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.gives_back = gives_back
        ways = WAYS if gives_back else WAYS[:3]
        self.fields["way"] = forms.ChoiceField(choices=[(way, way) for way in ways], initial=WAYS[0])
        if not waives:
            del self.fields["waive"]

    def clean(self) -> dict[str, Any]:
        """On a day: which."""
        values = super().clean() or {}
        if str(values.get("way", "")).startswith("day") and not values.get("day") and "day" not in self.errors:
            self.add_error("day", _("Say on which day."))
        return values

    def leaving(self) -> Leaving:
        """What is asked for."""
        when, _apart, refund = self.cleaned_data["way"].partition("_")
        refund = refund if when != "period" else ""
        chosen: Literal["period_end", "now"] | date = "now" if when == "now" else "period_end"
        if when == "day":
            chosen = self.cleaned_data["day"]
        return Leaving(
            when=chosen,
            refund=Refunding(refund or "none"),
            waive_commitment=self.cleaned_data.get("waive", False),
            reason=self.cleaned_data["reason"],
        )


@office_page(permission="see_subscribers", post="change_subscriptions")
def subscription_cancel(request: OfficeRequest, subscription: str) -> HttpResponse:
    """The dialog with what it would do, again at each change of what is asked; POST does it."""
    row = subscription_of(subscription)
    office = request.office
    if request.method == "POST":
        form = _form(request, row, request.POST)
        if form.is_valid():
            done = None
            with beside(form, {"when": "day" if "day" in form.data.get("way", "") else "way", "refund": "way"}):
                try:
                    done = cancel.cancel(
                        merchant_id=office.merchant.pk,
                        subscription_id=row.pk,
                        leaving=form.leaving(),
                        actor=office.actor,
                    )
                except Conflict as refusal:
                    raise readable(refusal) from refusal
            if done is not None and form.is_valid():
                messages.success(request, _said(row, done))
                return redirect(office.url("subscriber", subscriber=row.subscriber.public_id))
        return show_dialog(request, "billing/cancel.html", row, _cancelling(request, row, form), status=422)
    context = _cancelling(request, row, _form(request, row, request.GET if "way" in request.GET else {"way": WAYS[0]}))
    if "way" in request.GET:
        return office_render(request, "billing/cancel_preview.html", context)
    return show_dialog(request, "billing/cancel.html", row, context)


def _form(request: OfficeRequest, row: Subscription, given: Mapping[str, Any]) -> CancelForm:
    """What this member may ask for: money goes back, and a commitment is waived, only by who has the right."""
    bound = _is_bound(row)
    return CancelForm(
        given,
        gives_back=request.office.may(Permission.refund) or request.office.may(Permission.give_gestures),
        waives=bool(bound) and request.office.may(Permission.give_gestures),
    )


def _is_bound(row: Subscription) -> bool:
    version = row.offer_version
    return bool(version.commitment_intervals or version.notice_days or version.notice_months)


def _said(row: Subscription, done: Subscription) -> str:
    if done.status == Subscription.Status.ENDED:
        return _("%(offer)s has ended.") % {"offer": title_of(row)}
    day = long_date_text(_last(done), get_language() or "en")
    said = _("%(offer)s is cancelled: it lasts until %(day)s, and nothing more is charged.")
    return said % {"offer": title_of(row), "day": day}


def _cancelling(request: OfficeRequest, row: Subscription, form: CancelForm) -> dict[str, object]:
    """What the dialog says; where it cannot be done, why."""
    now = now_for(request.office.merchant, row.test_clock_id)
    action = request.office.url("subscription-cancel", subscription=row.public_id)
    context: dict[str, object] = {
        "subscription": row,
        "title": title_of(row),
        "who": who_of(row),
        "action": action,
        "preview_url": action,
        "runs": row.status in (*cancel.LIVE, Subscription.Status.SCHEDULED),
        "form": form,
        "today": now.today,
        "is_bound": _is_bound(row),
    }
    if not form.is_valid():
        return context
    try:
        seen = cancel.foresee(row, form.leaving(), merchant=request.office.merchant, now=now)
    except Invalid as refusal:
        return {**context, "refusal": " ".join(error.say(_) for error in refusal.errors)}
    except Conflict as refusal:
        return {**context, "refusal": readable(refusal).say(_), "way_out": refusal.say_way_out(_)}
    kept = features_kept(row, ends_on=seen.ends_on, now=now)
    titles = dict(Feature.objects.filter(reference__in=kept).values_list("reference", "title"))
    language = get_language() or "en"
    ended = snapshots([row], request.office.merchant)[row.pk]
    return {
        **context,
        "ends_on": seen.ends_on,
        "ends_now": seen.ends_on <= now.today,
        "last_day": seen.ends_on - timedelta(days=1),
        "due": seen.amount_due,
        "fee": seen.fee_due,
        "fee_said": say(seen.fee.rule, seen.fee.inputs, amount=seen.fee.amount, language=language) if seen.fee else "",
        "credited": sum(back.plan.credit.gross for back in seen.backs),
        "refunded": sum(back.plan.to_refund for back in seen.backs),
        "settled": sum(back.plan.to_invoice for back in seen.backs),
        "to_balance": sum(back.plan.to_balance for back in seen.backs),
        "currency": row.currency,
        "kept": [said_in(titles.get(one, {}), language) or one for one in kept],
        "spared": next((one for one in coming(replace(ended, usage=())) if one.gross), None),
        "metered": bool(ended.stage.usage) and seen.ends_on > now.today,
    }


@office_page(permission="see_subscribers", post="change_subscriptions")
def subscription_undo(request: OfficeRequest, subscription: str) -> HttpResponse:
    """The dialog that takes a cancellation back; POST does it."""
    row = subscription_of(subscription)
    if request.method == "POST":
        cancel.undo(merchant_id=request.office.merchant.pk, subscription_id=row.pk, actor=request.office.actor)
        messages.success(request, _("%(offer)s goes on as before.") % {"offer": title_of(row)})
        return redirect(request.office.url("subscriber", subscriber=row.subscriber.public_id))
    now = now_for(request.office.merchant, row.test_clock_id)
    picture = snapshots([row], request.office.merchant)[row.pk]
    going_on = coming(replace(picture, service_ends_on=None, billing_ends_on=None))
    context: dict[str, object] = {
        "subscription": row,
        "title": title_of(row),
        "action": request.office.url("subscription-undo", subscription=row.public_id),
        "today": now.today,
        "next": next((one for one in going_on if one.gross), None),
        "is_cancelled": row.service_ends_on is not None and row.service_ends_on > now.today,
    }
    return show_dialog(request, "billing/undo.html", row, context)


def _last(row: Subscription) -> date:
    """The last day that one has."""
    if row.service_ends_on is None:
        raise ValueError("it has no end")
    return row.service_ends_on - timedelta(days=1)
