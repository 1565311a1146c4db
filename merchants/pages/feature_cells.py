"""Fields for what a stage or an option opens: one for each feature, by its kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from merchants.models import Feature
from merchants.pages.text_fields import TextsForm
from merchants.pitch import said
from merchants.refusals import Invalid
from merchants.terms import FeatureTerm
from merchants.typed import typed_quota

PATH = re.compile(r"features\[(\d+)\](?:\..+)?")


def cell_name(feature: Feature) -> str:
    """The field's name for a feature."""
    return f"feature_{feature.public_id}"


class FeatureCells(TextsForm):
    """A form with a field for each feature: a switch is ticked, a quota typed, a level chosen."""

    def __init__(self, *args: Any, features: Sequence[Feature], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.features = list(features)
        for feature in self.features:
            name = said(feature.title, feature.reference)
            field: forms.Field
            if feature.kind == Feature.Kind.SWITCH:
                field = forms.BooleanField(label=name, required=False)
            elif feature.kind == Feature.Kind.LEVEL:
                levels = [("", _("not open"))] + [(level, level) for level in feature.levels]
                field = forms.ChoiceField(label=name, required=False, choices=levels)
            else:
                field = forms.CharField(
                    label=name,
                    required=False,
                    max_length=30,
                    widget=forms.TextInput(attrs={"placeholder": _("not open"), "class": "is-quota"}),
                )
            self.fields[cell_name(feature)] = field

    @staticmethod
    def values_of(opened: Iterable[FeatureTerm], features: Sequence[Feature]) -> dict[str, Any]:
        """What is opened, as the fields show it."""
        by_id: Mapping[Any, FeatureTerm] = {term.feature: term for term in opened}
        values: dict[str, Any] = {}
        for feature in features:
            term = by_id.get(feature.pk)
            if term is None:
                continue
            if feature.kind == Feature.Kind.SWITCH:
                values[cell_name(feature)] = True
            elif feature.kind == Feature.Kind.LEVEL:
                values[cell_name(feature)] = term.level
            else:
                values[cell_name(feature)] = _("no limit") if term.quota is None else str(term.quota)
        return values

    def opened(self) -> tuple[FeatureTerm, ...]:
        """What was chosen. Faults of a quota stand beside it."""
        found = []
        for feature in self.features:
            value = self.cleaned_data.get(cell_name(feature))
            if not value:
                continue
            if feature.kind == Feature.Kind.SWITCH:
                found.append(FeatureTerm(feature=feature.pk))
            elif feature.kind == Feature.Kind.LEVEL:
                found.append(FeatureTerm(feature=feature.pk, level=value))
            else:
                try:
                    found.append(FeatureTerm(feature=feature.pk, quota=typed_quota(value)))
                except Invalid as refusal:
                    self.add_error(cell_name(feature), refusal.errors[0].say(_))
        return tuple(found)

    def put_at(self, path: str, words: str, opened: Sequence[FeatureTerm]) -> None:
        """Write a fault beside the field that a path of the terms names (`amount`, `features[2].quota`)."""
        found = PATH.fullmatch(path)
        name = {"amount": "price", "label": "label_en"}.get(path, path)
        if found and int(found[1]) < len(opened):
            wanted = opened[int(found[1])].feature
            name = next((cell_name(feature) for feature in self.features if feature.pk == wanted), "")
        self.add_error(name if name in self.fields else None, words)

    def cell(self, feature: Feature) -> forms.BoundField:
        """The field of a feature."""
        return self[cell_name(feature)]
