"""Settings: what stands on one invoice, on which day, what a withdrawal gives back, and what is done when an invoice is
not paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from merchants.dunning import MOST_STEPS, Action, DunningStep, steps_of
from merchants.http.choices import forget
from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.models import Merchant
from merchants.permissions import Permission
from merchants.services.merchants import update_merchant

EMPTY_ROWS = 2
"""Rows offered for further steps: saving offers as many again."""
PLAIN = ("grouping", "share_billing_day", "withdrawal_credit", "withdrawal_companies")
"""What the form and the merchant call alike."""
ACTIONS = (
    (Action.retry, gettext_lazy("Charge again")),
    (Action.write, gettext_lazy("Write")),
    (Action.restrict, gettext_lazy("Restrict access")),
    (Action.suspend, gettext_lazy("Suspend access")),
    (Action.alert, gettext_lazy("Alert the staff")),
)


class BillingForm(forms.Form):
    """How invoices are made, and the steps of dunning: `days_<n>` and `actions_<n>`, a row without days is none."""

    grouping = forms.ChoiceField(
        label=gettext_lazy("What stands on one invoice"),
        choices=[
            ("subscription", gettext_lazy("One subscription")),
            ("payer", gettext_lazy("All of a payer's subscriptions that are due on a day")),
        ],
        widget=forms.RadioSelect,
    )
    share_billing_day = forms.BooleanField(
        label=gettext_lazy("A payer's subscriptions share one billing day"),
        required=False,
        help_text=gettext_lazy("New ones take the day of the first; their first period is shorter."),
    )

    withdrawal_credit = forms.ChoiceField(
        label=gettext_lazy("What a withdrawal gives back"),
        choices=[
            ("prorated", gettext_lazy("What was not had: the rest is due where the service was asked for at once")),
            ("full", gettext_lazy("Everything that was paid")),
        ],
        widget=forms.RadioSelect,
    )
    withdrawal_companies = forms.BooleanField(
        label=gettext_lazy("Companies may withdraw as consumers do"), required=False
    )

    def __init__(self, *args: Any, rows: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = range(min(rows, MOST_STEPS))
        for at in self.rows:
            self.fields[f"days_{at}"] = forms.IntegerField(
                label=_("Days after the first failure, step %(step)s") % {"step": at + 1},
                required=False,
                widget=forms.TextInput(attrs={"inputmode": "numeric"}),
            )
            self.fields[f"actions_{at}"] = forms.MultipleChoiceField(
                required=False, choices=[(action.value, word) for action, word in ACTIONS]
            )

    def filled(self) -> list[int]:
        """The rows that are steps."""
        return [at for at in self.rows if self.cleaned_data.get(f"days_{at}") is not None]

    def steps(self) -> list[dict[str, Any]]:
        """The steps, as `dunning.check_steps` wants them."""
        return [
            {"after_days": self.cleaned_data[f"days_{at}"], "actions": self.cleaned_data[f"actions_{at}"]}
            for at in self.filled()
        ]

    def places(self) -> dict[str, str]:
        """Where each part of a refusal stands."""
        found: dict[str, str] = {}
        for place, at in enumerate(self.filled()):
            found[f"dunning_steps[{place}].after_days"] = f"days_{at}"
            found[f"dunning_steps[{place}].actions"] = f"actions_{at}"
        return found

    def shown(self) -> list[Mapping[str, Any]]:
        """Each row as the table draws it: the days, and a tick for each action."""
        return [
            {
                "days": self[f"days_{at}"],
                "errors": [*self[f"days_{at}"].errors, *self[f"actions_{at}"].errors],
                "ticks": [
                    {
                        "name": f"actions_{at}",
                        "value": action.value,
                        "is_on": action.value in (self[f"actions_{at}"].value() or ()),
                        "label": _("%(action)s, step %(step)s") % {"action": word, "step": at + 1},
                    }
                    for action, word in ACTIONS
                ],
            }
            for at in self.rows
        ]


def values_of(merchant: Merchant, steps: Sequence[DunningStep]) -> dict[str, Any]:
    """The merchant as the form shows it."""
    found: dict[str, Any] = {name: getattr(merchant, name) for name in PLAIN}
    for at, step in enumerate(steps):
        found |= {f"days_{at}": step.after_days, f"actions_{at}": [action.value for action in step.actions]}
    return found


def _rows(posted: QueryDict | None, steps: Sequence[DunningStep]) -> int:
    """As many rows as were sent, or the steps and some to fill."""
    if posted is None:
        return len(steps) + EMPTY_ROWS
    return sum(f"days_{at}" in posted for at in range(MOST_STEPS))


@office_page(permission="see_settings", post="edit_settings")
def billing_page(request: OfficeRequest) -> HttpResponse:
    """Grouping, shared billing day, withdrawal, dunning."""
    office = request.office
    posted = request.POST if request.method == "POST" else None
    steps = steps_of(office.merchant.dunning_steps)
    form = BillingForm(posted, initial=values_of(office.merchant, steps), rows=_rows(posted, steps))
    if form.is_valid():
        with beside(form, form.places()):
            update_merchant(
                actor=office.actor,
                now=office.now,
                dunning_steps=form.steps(),
                **{name: form.cleaned_data[name] for name in PLAIN},
            )
        if form.is_valid():
            forget(office.merchant.id)
            messages.success(request, _("Saved."))
            return redirect(office.url("setting_billing"))
    context = {
        "form": form,
        "rows": form.shown(),
        "actions": [word for _action, word in ACTIONS],
        "setting": "billing",
        "may_edit": office.may(Permission.edit_settings),
    }
    return office_render(request, "merchants/billing.html", context, status=422 if posted is not None else 200)
