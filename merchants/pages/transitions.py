"""Settings: how changes from one offer to another count, row by row; the first row that fits counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from merchants.http.choices import forget
from merchants.http.frame import OfficeRequest, beside, office_page, office_render, role_name
from merchants.models import Offer
from merchants.permissions import Permission
from merchants.refusals import Invalid
from merchants.services.merchants import update_merchant
from merchants.transitions import MOST_RULES, OVERRIDING, TransitionRule, rules_of
from merchants.typed import shown_amount, typed_amount

EMPTY_ROWS = 1
"""Rows offered for further rules: saving offers as many again."""
ANY = ""
DIRECTIONS = [
    (ANY, gettext_lazy("Up or down")),
    ("up", gettext_lazy("Up: it costs as much a year, or more")),
    ("down", gettext_lazy("Down: it costs less a year")),
]
COMMITMENTS = [
    (ANY, gettext_lazy("In commitment or not")),
    ("yes", gettext_lazy("In commitment")),
    ("no", gettext_lazy("Not in commitment")),
]
WHENS = [
    (ANY, gettext_lazy("No rule")),
    ("now", gettext_lazy("Now")),
    ("period_end", gettext_lazy("At the end of the period")),
    ("forbidden", gettext_lazy("Not allowed")),
]
PRORATIONS = [
    ("days", gettext_lazy("Days: what is left is credited and billed")),
    ("none", gettext_lazy("None: the next period has the new price")),
    ("full", gettext_lazy("Whole period: as if from its first day")),
]
NAMES = ("place", "from_offer", "to_offer", "direction", "in_commitment", "when", "proration", "fee", "overridden_by")


class TransitionsForm(forms.Form):
    """Rows `<name>_<n>`; a row without a `when` is none. They are saved in the order of their places."""

    def __init__(self, *args: Any, rows: int, offers: Sequence[tuple[str, str]], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = range(min(rows, MOST_RULES))
        self.currency = currency
        some: list[tuple[str, Any]] = [(ANY, _("Any offer")), *offers]
        for at in self.rows:
            self.fields[f"place_{at}"] = forms.IntegerField(label=_("Place"), required=False, min_value=1)
            self.fields[f"from_offer_{at}"] = forms.ChoiceField(label=_("From the offer"), choices=some, required=False)
            self.fields[f"to_offer_{at}"] = forms.ChoiceField(label=_("To the offer"), choices=some, required=False)
            self.fields[f"direction_{at}"] = forms.ChoiceField(label=_("Direction"), choices=DIRECTIONS, required=False)
            self.fields[f"in_commitment_{at}"] = forms.ChoiceField(
                label=_("Commitment"), choices=COMMITMENTS, required=False
            )
            self.fields[f"when_{at}"] = forms.ChoiceField(label=_("It counts"), choices=WHENS, required=False)
            self.fields[f"proration_{at}"] = forms.ChoiceField(
                label=_("Of the running period"), choices=PRORATIONS, required=False
            )
            self.fields[f"fee_{at}"] = forms.CharField(label=_("Fee"), required=False, max_length=20)
            self.fields[f"overridden_by_{at}"] = forms.MultipleChoiceField(
                label=_("Who may decide otherwise"),
                choices=[(role, role_name(role)) for role in OVERRIDING],
                widget=forms.CheckboxSelectMultiple,
                required=False,
            )

    def clean(self) -> dict[str, Any]:
        """Fees as they are typed, in the merchant's currency."""
        for at in self.rows:
            typed = self.cleaned_data.get(f"fee_{at}")
            try:
                fee = typed_amount(typed, self.currency, get_language() or "en") if typed else 0
            except Invalid as refusal:
                self.add_error(f"fee_{at}", " ".join(error.say(_) for error in refusal.errors))
            else:
                self.cleaned_data[f"fee_{at}"] = fee
        return self.cleaned_data

    def filled(self) -> list[int]:
        """The rows that are rules, in the order of their places."""
        given = [at for at in self.rows if self.cleaned_data.get(f"when_{at}")]
        return sorted(given, key=lambda at: (self.cleaned_data.get(f"place_{at}") or MOST_RULES + 1, at))

    def rules(self) -> list[dict[str, Any]]:
        """The rows, as `transitions.check_rules` wants them."""
        return [self._rule(at) for at in self.filled()]

    def _rule(self, at: int) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "from_offer": data[f"from_offer_{at}"] or None,
            "to_offer": data[f"to_offer_{at}"] or None,
            "direction": data[f"direction_{at}"] or None,
            "in_commitment": {"yes": True, "no": False}.get(data[f"in_commitment_{at}"]),
            "when": data[f"when_{at}"],
            "proration": data[f"proration_{at}"] or "days",
            "fee": data[f"fee_{at}"],
            "overridden_by": data[f"overridden_by_{at}"],
        }

    def places(self) -> dict[str, str]:
        """Where each part of a refusal stands."""
        return {
            f"transition_rules[{nth}].{name}": f"{name}_{at}" for nth, at in enumerate(self.filled()) for name in NAMES
        }

    def shown(self) -> list[Mapping[str, Any]]:
        """Each row as the page draws it."""
        return [
            {"nth": at + 1, "place": self[f"place_{at}"], "fields": [self[f"{name}_{at}"] for name in NAMES[1:]]}
            for at in self.rows
        ]


def values_of(rules: Sequence[TransitionRule], currency: str) -> dict[str, Any]:
    """The rows as the form shows them."""
    found: dict[str, Any] = {}
    for at, rule in enumerate(rules):
        plain = rule.as_plain()
        fee = shown_amount(rule.fee, currency, get_language() or "en") if rule.fee else ""
        bound = {True: "yes", False: "no", None: ANY}[rule.in_commitment]
        shown = {**plain, "place": at + 1, "in_commitment": bound, "fee": fee}
        found |= {f"{name}_{at}": shown[name] if shown[name] is not None else ANY for name in NAMES}
    return found


def _rows(posted: QueryDict | None, rules: Sequence[TransitionRule]) -> int:
    """As many rows as were sent, or the rules and some to fill."""
    if posted is None:
        return len(rules) + EMPTY_ROWS
    return sum(f"when_{at}" in posted for at in range(MOST_RULES))


@office_page(permission="see_settings", post="edit_settings")
def transitions_page(request: OfficeRequest) -> HttpResponse:
    """The policy, row by row."""
    office = request.office
    posted = request.POST if request.method == "POST" else None
    rules = rules_of(office.merchant.transition_rules)
    form = TransitionsForm(
        posted,
        initial=values_of(rules, office.merchant.currency),
        rows=_rows(posted, rules),
        offers=_offers(rules),
        currency=office.merchant.currency,
    )
    if form.is_valid():
        with beside(form, form.places()):
            update_merchant(actor=office.actor, now=office.now, transition_rules=form.rules())
        if form.is_valid():
            forget(office.merchant.id)
            messages.success(request, _("Saved."))
            return redirect(office.url("setting_transitions"))
    context = {
        "form": form,
        "rows": form.shown(),
        "none": not rules,
        "setting": "transitions",
        "may_edit": office.may(Permission.edit_settings),
    }
    return office_render(request, "merchants/transitions.html", context, status=422 if posted is not None else 200)


def _offers(rules: Sequence[TransitionRule]) -> list[tuple[str, str]]:
    """The offers that a row may name: those that are sold, and those that rows name already."""
    named = {one for rule in rules for one in (rule.from_offer, rule.to_offer) if one}
    rows = Offer.objects.order_by("reference")
    return [(str(row.pk), row.reference) for row in rows if row.archived_at is None or str(row.pk) in named]
