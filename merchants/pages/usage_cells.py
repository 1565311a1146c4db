"""Fields for what the use of metered features costs in a stage: for each, how it is priced, and its prices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from merchants.metered import UsageTerm
from merchants.models import Feature
from merchants.pages.feature_cells import FeatureCells
from merchants.pitch import said
from merchants.refusals import Invalid
from merchants.typed_usage import shown_usage, typed_usage

PATH = re.compile(r"usage\[(\d+)\]\.(.+)")
MODELS = [
    ("", _("not billed")),
    ("per_unit", _("each")),
    ("package", _("by package")),
    ("graduated", _("by tier, each tier its own")),
    ("volume", _("by tier, all at the one reached")),
]


class UsageCells(FeatureCells):
    """A form with two fields more for each metered feature: how its use is priced, and the prices as text."""

    def __init__(self, *args: Any, metered: Sequence[Feature] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.metered = list(metered)
        for feature in self.metered:
            name = said(feature.title, feature.reference)
            self.fields[_how(feature)] = forms.ChoiceField(label=name, required=False, choices=MODELS)
            self.fields[_prices(feature)] = forms.CharField(
                label=name,
                required=False,
                max_length=4_000,
                widget=forms.Textarea(attrs={"rows": "3", "spellcheck": "false"}),
            )

    @staticmethod
    def usage_values(usage: Iterable[UsageTerm], metered: Sequence[Feature], currency: str) -> dict[str, Any]:
        """Prices of use, as the fields show them."""
        by_id: Mapping[Any, Feature] = {feature.pk: feature for feature in metered}
        values: dict[str, Any] = {}
        for term in usage:
            if feature := by_id.get(term.feature):
                values[_how(feature)] = term.model
                values[_prices(feature)] = shown_usage(term, currency, get_language() or "en")
        return values

    def usage(self, currency: str) -> tuple[UsageTerm, ...]:
        """What was typed. What cannot be read says so beside the field."""
        found = []
        for feature in self.metered:
            model = self.cleaned_data.get(_how(feature))
            if not model:
                continue
            text = self.cleaned_data.get(_prices(feature)) or ""
            try:
                found.append(typed_usage(feature.pk, model, text, currency, get_language() or "en"))
            except Invalid as refusal:
                self.add_error(_prices(feature), refusal.errors[0].say(gettext))
        return tuple(found)

    def put_usage(self, path: str, words: str, usage: Sequence[UsageTerm]) -> bool:
        """Write a fault beside the prices that a path of the terms names (`usage[0].tiers[1].up_to`); False where it
        names none."""
        found = PATH.fullmatch(path)
        if found is None or int(found[1]) >= len(usage):
            return False
        wanted = usage[int(found[1])].feature
        feature = next(each for each in self.metered if each.pk == wanted)
        tier = re.match(r"tiers\[(\d+)\]", found[2])
        line = gettext("Line %(number)s: ") % {"number": int(tier[1]) + 1} if tier else ""
        self.add_error(_prices(feature), line + words)
        return True

    def usage_cell(self, feature: Feature) -> tuple[forms.BoundField, forms.BoundField]:
        """The two fields of a feature."""
        return self[_how(feature)], self[_prices(feature)]


def _how(feature: Feature) -> str:
    return f"usage_{feature.public_id}"


def _prices(feature: Feature) -> str:
    return f"usage_prices_{feature.public_id}"
