"""Whom to move to which version of an offer, as a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from billing.flows.campaigns import LONGEST_NOTICE, NOTICE_DAYS, Moving
from merchants.models import Offer, Site


class MoveForm(forms.Form):
    """From which versions and sites, from which day on, told how long before, and why."""

    effect_on = forms.DateField(
        label=lazy("Moved from this day on"),
        help_text=lazy("Each at their first renewal on this day or later."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    notice_days = forms.IntegerField(
        label=lazy("Told so many days before, at least"),
        help_text=lazy("Article L. 224-33 of the French consumer code asks a month of telecom operators."),
        min_value=0,
        max_value=LONGEST_NOTICE,
        initial=NOTICE_DAYS,
    )
    keep_commitment = forms.BooleanField(label=lazy("Who is committed moves after it"), initial=True, required=False)
    reason = forms.CharField(
        label=lazy("Reason"),
        help_text=lazy("It stands in the history, and in the event that tells subscribers."),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": lazy("Say why.")},
    )

    def __init__(
        self, *args: Any, offer: Offer, to: int, versions: Sequence[tuple[int, str]], sites: Sequence[Site], **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.offer, self.to = offer, to
        self.sites = {str(row.pk): row.pk for row in sites}
        for name, label, choices in (
            ("versions", _("Versions that are moved"), [(str(number), words) for number, words in versions]),
            ("sites", _("Sites"), [(str(row.pk), row.name) for row in sites]),
        ):
            if choices:
                self.fields[name] = forms.MultipleChoiceField(
                    label=label,
                    choices=choices,
                    help_text=_("None chosen: all of them."),
                    required=False,
                    widget=forms.CheckboxSelectMultiple,
                )

    def moving(self) -> Moving:
        """What is asked for."""
        given = self.cleaned_data
        return Moving(
            offer=self.offer,
            to=self.to,
            effect_on=given["effect_on"],
            reason=given["reason"],
            versions=tuple(int(number) for number in given.get("versions", ())),
            sites=tuple(self.sites[id_] for id_ in given.get("sites", ())),
            notice_days=given["notice_days"],
            keep_commitment=given["keep_commitment"],
        )

    def places(self) -> Mapping[str, str]:
        """Where each part of a refusal stands."""
        return {"population.versions": "versions"}
