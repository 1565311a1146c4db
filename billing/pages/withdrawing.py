"""Withdrawing within fourteen days: a dialog on a subscriber's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from billing.flows import cancel, withdraw
from billing.flows.withdraw import Withdrawing, Withdrawn
from billing.pages.change_rows import Row, credit_rows, document_rows
from billing.pages.dialogs import show_dialog, title_of, who_of
from billing.pages.subjects import subscription_of
from billing.readable import readable
from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.languages import said_in
from merchants.permissions import Permission
from merchants.refusals import Conflict
from merchants.selectors.clocks import now_for
from subscribers.models import Subscription


class WithdrawForm(forms.Form):
    """What goes back, where to, and what the subscriber said. Another sum than the settings say is given only by who
    may give money."""

    credit = forms.ChoiceField(
        label=lazy("What goes back"),
        choices=[("prorated", lazy("What was not had")), ("full", lazy("Everything"))],
        required=False,
        widget=forms.RadioSelect,
    )
    to = forms.ChoiceField(
        label=lazy("Where to"),
        choices=[("refund", lazy("To the means that paid")), ("balance", lazy("To the balance"))],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=lazy("Reason"),
        help_text=lazy("Nobody has to give one."),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, gives: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not gives:
            del self.fields["credit"]

    def asked(self) -> Withdrawing:
        """What is asked for."""
        given = self.cleaned_data
        return Withdrawing(credit=given.get("credit") or None, to=given["to"], reason=given["reason"])


@office_page(permission="see_subscribers", post="change_subscriptions")
def subscription_withdraw(request: OfficeRequest, subscription: str) -> HttpResponse:
    """The dialog with what it would give back, again at each change; POST does it."""
    row, office = subscription_of(subscription), request.office
    if request.method == "POST":
        form = _form(request, request.POST)
        if form.is_valid():
            done = None
            with beside(form):
                try:
                    done = withdraw.withdraw(
                        merchant_id=office.merchant.pk, subscription_id=row.pk, asked=form.asked(), actor=office.actor
                    )
                except Conflict as refusal:
                    raise readable(refusal) from refusal
            if done is not None and form.is_valid():
                messages.success(request, _("Withdrawn: %(offer)s has ended.") % {"offer": title_of(row)})
                return redirect(office.url("subscriber", subscriber=row.subscriber.public_id))
        return show_dialog(request, "billing/withdraw.html", row, _context(request, row, form), status=422)
    asked = "to" in request.GET
    first = {"credit": office.merchant.withdrawal_credit, "to": "refund", "reason": ""}
    context = _context(request, row, _form(request, request.GET if asked else first))
    if asked:
        return office_render(request, "billing/withdraw_preview.html", context)
    return show_dialog(request, "billing/withdraw.html", row, context)


def _form(request: OfficeRequest, given: Mapping[str, Any]) -> WithdrawForm:
    office = request.office
    return WithdrawForm(given, gives=office.may(Permission.refund) or office.may(Permission.give_gestures))


def _context(request: OfficeRequest, row: Subscription, form: WithdrawForm) -> dict[str, object]:
    """What the dialog says; where it cannot be done, why."""
    office, now = request.office, now_for(request.office.merchant, row.test_clock_id)
    action = office.url("subscription-withdraw", subscription=row.public_id)
    context: dict[str, object] = {
        "subscription": row,
        "title": title_of(row),
        "who": who_of(row),
        "action": action,
        "preview_url": action,
        "runs": row.status in (*cancel.LIVE, Subscription.Status.SCHEDULED),
        "form": form,
        "ruled": office.merchant.withdrawal_credit,
        "today": now.today,
        "currency": row.currency,
    }
    if not form.is_valid():
        return context
    try:
        seen = withdraw.foresee(row, form.asked(), merchant=office.merchant, now=now)
    except Conflict as refusal:
        return {**context, "runs": False, "refusal": readable(refusal).say(_), "way_out": refusal.say_way_out(_)}
    language = get_language() or "en"
    return {
        **context,
        "seen": seen,
        "prorated": seen.credit == "prorated",
        "rows": _rows(seen, row, language),
        "kept": [Row(label=said_in(one.line.title, language), amount=one.amount) for one in seen.kept],
        "sum": sum(back.plan.credit.gross for back in seen.backs),
    }


def _rows(seen: Withdrawn, row: Subscription, language: str) -> list[Row]:
    """What is billed still, what is credited line by line, and where it goes."""
    rows = [*document_rows(seen.documents, row, language), *credit_rows(seen.backs, row, language)]
    settled = sum(back.plan.to_invoice for back in seen.backs)
    balance = sum(back.plan.to_balance for back in seen.backs)
    refunded = sum(back.plan.to_refund for back in seen.backs)
    if settled:
        rows.append(Row(label=_("Of it, taken off what is owed"), amount=settled))
    if balance:
        rows.append(Row(label=_("To the balance"), amount=balance))
    if seen.amount_due:
        rows.append(Row(label=_("To pay now"), amount=seen.amount_due))
    return [*rows, Row(label=_("To the means that paid"), amount=refunded, kind="total")]
