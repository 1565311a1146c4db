"""The form that says which column of an old member file is what, and how the file is to be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from billing.imports.cells import DAY_FIRST, MONTH_FIRST
from billing.imports.lines import Line
from billing.imports.mapping import FIELDS
from billing.imports.reading import shown
from billing.models import MemberImport
from merchants.languages import said_in
from merchants.models import Offer, OfferVersion, Site
from subscribers.selectors.pictures import newest_versions

MOST = 500
"""Offers and sites that the form lists."""


class ColumnsForm(forms.Form):
    """One choice a column of the file, and what holds for rows that say nothing."""

    order = forms.ChoiceField(
        label=gettext_lazy("Dates"),
        choices=[
            (DAY_FIRST, gettext_lazy("Day first: 31/01/2026")),
            (MONTH_FIRST, gettext_lazy("Month first: 01/31/2026")),
        ],
        help_text=gettext_lazy("2026-01-31 is understood either way."),
    )
    offer = forms.ChoiceField(
        label=gettext_lazy("Offer of rows that name none"), required=False, help_text=gettext_lazy("By its reference.")
    )
    site = forms.ChoiceField(label=gettext_lazy("Site of rows that name none"), required=False)
    without_mandate = forms.ChoiceField(
        label=gettext_lazy("Members without a SEPA mandate"),
        choices=[
            ("manual", gettext_lazy("pay by themselves: at the counter, by transfer")),
            ("automatic", gettext_lazy("are charged once they have left a card")),
        ],
    )

    def __init__(self, data: Any, *, row: MemberImport, lines: Sequence[Line]) -> None:
        terms = row.terms
        super().__init__(
            data, initial={name: terms.get(name) for name in ("order", "offer", "site", "without_mandate")}
        )
        by_column = {at: field for field, at in row.columns.items()}
        names = [("", _("not needed")), *[(field, _(name)) for field, name in FIELDS.items()]]
        self.headings = list(row.headings)
        for at, heading in enumerate(self.headings):
            self.fields[f"c{at}"] = forms.ChoiceField(
                label=heading or _("Column %(number)s") % {"number": at + 1},
                choices=names,
                required=False,
                initial=by_column.get(at, ""),
                widget=forms.Select(attrs={"class": "form-select"}),
            )
        self.samples = [[text for line in lines if (text := shown(line.cells[at]))] for at in range(len(self.headings))]
        _choices(self, "offer", _offers())
        _choices(
            self,
            "site",
            [(one.reference, one.name) for one in Site.objects.filter(closed_at=None).order_by("name")[:MOST]],
        )

    def lines(self) -> list[dict[str, Any]]:
        """Each column with its heading, what stands in its first rows, and its choice."""
        return [
            {"field": self[f"c{at}"], "heading": self[f"c{at}"].label, "samples": self.samples[at]}
            for at in range(len(self.headings))
        ]

    def clean(self) -> dict[str, Any]:
        """No field may stand in two columns."""
        found: dict[str, Any] = super().clean() or {}
        seen: dict[str, int] = {}
        for at in range(len(self.headings)):
            field = found.get(f"c{at}")
            if field and field in seen:
                first = self.headings[seen[field]] or str(seen[field] + 1)
                self.add_error(f"c{at}", _("The column “%(first)s” is this already.") % {"first": first})
            elif field:
                seen[field] = at
        return found

    def columns(self) -> dict[str, int]:
        """The column of each field."""
        chosen = ((self.cleaned_data.get(f"c{at}"), at) for at in range(len(self.headings)))
        return {field: at for field, at in chosen if field}

    def terms(self) -> dict[str, str]:
        """How the file is to be read."""
        return {name: self.cleaned_data[name] for name in ("order", "offer", "site", "without_mandate")}

    def places(self) -> dict[str, str]:
        """What is missing altogether stands above the form."""
        return {"columns": ""}


def _choices(form: forms.Form, name: str, choices: Sequence[tuple[str, str]]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = [("", _("none")), *choices]


def _offers() -> list[tuple[str, str]]:
    """Every offer, also those that are not sold any more: old members have them."""
    offers = dict(Offer.objects.order_by("reference").values_list("id", "reference")[:MOST])
    titles = dict(OfferVersion.objects.filter(id__in=newest_versions(offers).values()).values_list("offer_id", "title"))
    language = get_language() or "en"
    return [
        (reference, f"{said_in(titles[id_], language) or reference} ({reference})") for id_, reference in offers.items()
    ]
