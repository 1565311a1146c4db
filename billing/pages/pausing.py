"""Suspending, resuming and moving a renewal: dialogs on a subscriber's page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from billing.flows import cancel, move_renewal, suspend
from billing.flows.move_renewal import Moving
from billing.flows.pause_asks import Resuming, Suspending
from billing.flows.pause_gift import OptionGiven
from billing.pages.dialogs import show_dialog, title_of, who_of
from billing.pages.give_forms import options_to_give
from billing.pages.pausing_rows import pausing_rows
from billing.pages.subjects import subscription_of
from billing.readable import readable
from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.models import Option
from merchants.permissions import Permission
from merchants.refusals import Conflict, Invalid, Refusal
from merchants.selectors.clocks import now_for
from subscribers.lifecycle import MakesGood
from subscribers.models import Subscription


def _day(label: Any, *, required: bool = False, help_text: Any = "") -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, widget=widget, help_text=help_text)


def _reason() -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off"})
    return forms.CharField(label=lazy("Reason"), max_length=200, required=False, widget=widget)


class _Form(forms.Form):
    """An act's form; money is given away only by who has the right, and up to the limits of their role."""

    def __init__(self, *args: Any, gives: bool, role: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.gives, self.role = gives, role


class SuspendForm(_Form):
    """From when until when, what becomes of billing, what is made good."""

    from_on = _day(lazy("First day without"))
    until_on = _day(lazy("First day with it again"), help_text=lazy("Empty: until it is resumed."))
    billing = forms.ChoiceField(
        label=lazy("Billing"), choices=[("continue", lazy("goes on")), ("stop", lazy("stops meanwhile"))]
    )
    makes_good = forms.ChoiceField(
        label=lazy("Days paid and lost"),
        choices=[
            ("none", lazy("are not made good")),
            ("move_renewal", lazy("move the renewal")),
            ("credit", lazy("are credited when it is over")),
            ("option", lazy("are made good by an option")),
        ],
    )
    option = forms.ChoiceField(
        label=lazy("Option that is given"), required=False, help_text=lazy("From the day with service again.")
    )
    periods = forms.IntegerField(
        label=lazy("For how many periods"), min_value=1, max_value=120, required=False, initial=1
    )
    reason = _reason()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.gives:
            for name in ("makes_good", "option", "periods"):
                del self.fields[name]

    def with_options(self, options: Sequence[tuple[str, Option, str]]) -> None:
        """The options that may be given, by id, each with its title."""
        self.options = {id_: option for id_, option, _title in options}
        if self.gives:
            choices = [("", _("None")), *((id_, title) for id_, _option, title in options)]
            self.fields["option"].choices = choices  # type: ignore[attr-defined] # a choice field

    def asked(self) -> Suspending:
        """What is asked for."""
        given = self.cleaned_data
        makes_good = MakesGood(given.get("makes_good", "none"))
        option, wants = self.options.get(given.get("option", "")), makes_good is MakesGood.option
        return Suspending(
            from_on=given["from_on"],
            until_on=given["until_on"],
            stops_billing=given["billing"] == "stop",
            makes_good=makes_good,
            given=OptionGiven(option=option, periods=given.get("periods") or 1) if option and wants else None,
            reason=given["reason"],
            role=self.role,
        )


class ResumeForm(_Form):
    """From which day on."""

    on = _day(lazy("First day with it again"))
    reason = _reason()

    def asked(self) -> Resuming:
        """What is asked for."""
        return Resuming(on=self.cleaned_data["on"], reason=self.cleaned_data["reason"])


class MoveForm(_Form):
    """To which day, and what becomes of the days that it adds."""

    date = _day(lazy("Renews on"), required=True)
    added_days = forms.ChoiceField(
        label=lazy("Days that this adds"), choices=[("charged", lazy("are charged")), ("free", lazy("are given"))]
    )
    reason = _reason()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.gives:
            self.fields["added_days"].choices = [("charged", lazy("are charged"))]  # type: ignore[attr-defined] # a choice field

    def asked(self) -> Moving:
        """What is asked for."""
        given = self.cleaned_data
        return Moving(on=given["date"], added_days=given["added_days"], reason=given["reason"], role=self.role)


@office_page(permission="see_subscribers", post="change_subscriptions")
def subscription_suspend(request: OfficeRequest, subscription: str) -> HttpResponse:
    """The dialog that suspends; POST does it."""
    row, today = _row(request, subscription)
    first = {"from_on": today.isoformat(), "billing": "continue", "makes_good": "none", "periods": "1"}
    form = _given(request, SuspendForm, first)
    form.with_options(options_to_give(row.currency))
    return _act(request, row, form, "subscription-suspend", "billing/suspend.html", suspend.foresee, suspend.suspend)


@office_page(permission="see_subscribers", post="change_subscriptions")
def subscription_resume(request: OfficeRequest, subscription: str) -> HttpResponse:
    """The dialog that resumes; POST does it."""
    row, today = _row(request, subscription)
    form = _given(request, ResumeForm, {"on": today.isoformat()})
    return _act(
        request, row, form, "subscription-resume", "billing/resume.html", suspend.foresee_resume, suspend.resume
    )


@office_page(permission="see_subscribers", post="change_subscriptions")
def subscription_move(request: OfficeRequest, subscription: str) -> HttpResponse:
    """The dialog that moves the renewal; POST does it."""
    row, today = _row(request, subscription)
    first = {"date": (row.current_period_end or today).isoformat(), "added_days": "charged"}
    form = _given(request, MoveForm, first)
    return _act(
        request,
        row,
        form,
        "subscription-move",
        "billing/move_renewal.html",
        move_renewal.foresee,
        lambda *, asked, **named: move_renewal.move_renewal(moving=asked, **named),
    )


def _row(request: OfficeRequest, subscription: str) -> tuple[Subscription, date]:
    row = subscription_of(subscription)
    return row, now_for(request.office.merchant, row.test_clock_id).today


def _given(request: OfficeRequest, form: type[_Form], first: Mapping[str, str]) -> Any:
    gives = request.office.may(Permission.give_gestures)
    data = request.POST if request.method == "POST" else request.GET or first
    return form(data, gives=gives, role=request.office.role)


def _act(
    request: OfficeRequest,
    row: Subscription,
    form: Any,
    name: str,
    template: str,
    foresee: Callable[..., Any],
    act: Callable[..., Subscription],
) -> HttpResponse:
    """The dialog with what it would do, again at each change; POST does it."""
    office, status = request.office, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            done = None
            with beside(form, {"from": "from_on", "until": "until_on"}):
                try:
                    done = act(
                        merchant_id=office.merchant.pk, subscription_id=row.pk, asked=form.asked(), actor=office.actor
                    )
                except Refusal as refusal:
                    raise readable(refusal) from refusal
            if done is not None and form.is_valid():
                messages.success(request, _("%(offer)s is changed.") % {"offer": title_of(row)})
                return redirect(office.url("subscriber", subscriber=row.subscriber.public_id))
    context = _context(request, row, form, name, foresee)
    if request.method != "POST" and request.GET:
        return office_render(request, "billing/pause_preview.html", context)
    return show_dialog(request, template, row, context, status=status)


def _context(
    request: OfficeRequest, row: Subscription, form: Any, name: str, foresee: Callable[..., Any]
) -> dict[str, object]:
    """What the dialog says; where it cannot be done, why."""
    now = now_for(request.office.merchant, row.test_clock_id)
    action = request.office.url(name, subscription=row.public_id)
    context: dict[str, object] = {
        "title": title_of(row),
        "who": who_of(row),
        "action": action,
        "preview_url": action,
        "runs": row.status in cancel.LIVE,
        "form": form,
        "today": now.today,
        "currency": row.currency,
    }
    if not form.is_valid():
        return context
    try:
        seen = foresee(row, form.asked(), merchant=request.office.merchant, now=now)
    except Invalid as refusal:
        return {**context, "refusal": " ".join(error.say(_) for error in readable(refusal).errors)}
    except Conflict as refusal:
        return {**context, "refusal": readable(refusal).say(_), "way_out": refusal.say_way_out(_)}
    rows = pausing_rows(seen, row, get_language() or "en", now.today)
    return {**context, "seen": seen, "rows": rows}
