"""Features: what the merchant's service checks. Listed, made, renamed, given levels, withdrawn."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.http.references import find
from merchants.models import Feature
from merchants.pages.text_fields import TextField, TextsForm, texts
from merchants.permissions import Permission
from merchants.pitch import said
from merchants.services.catalogue.features import create_feature, update_feature

KINDS = [
    ("switch", gettext_lazy("Switch: one has it or not")),
    ("quota", gettext_lazy("Quota: so many each period")),
    ("level", gettext_lazy("Level: one of an ordered list")),
    ("metered", gettext_lazy("Metered: what is used is counted and billed")),
]
AGGREGATIONS = [
    ("sum", gettext_lazy("Sum: all quantities together")),
    ("max", gettext_lazy("Maximum: the highest quantity of the period")),
    ("count", gettext_lazy("Count: how many records")),
    ("unique", gettext_lazy("Unique: how many different values")),
]


class FeatureForm(TextsForm):
    """A feature; reference and kind are asked for once."""

    reference = forms.CharField(
        label=gettext_lazy("Reference"),
        max_length=120,
        help_text=gettext_lazy("What your site asks for, such as audio_quality. It stays."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    title = TextField(label=gettext_lazy("Name"), most=120)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=KINDS, widget=forms.RadioSelect, initial="switch")
    levels = forms.CharField(
        label=gettext_lazy("Levels"),
        required=False,
        widget=forms.Textarea(attrs={"rows": "4"}),
        help_text=gettext_lazy("One a line, from low to high. Levels that exist stay, in their order."),
    )

    aggregation = forms.ChoiceField(
        label=gettext_lazy("Counted as"),
        choices=AGGREGATIONS,
        required=False,
        help_text=gettext_lazy("Of what is metered: how the records of a period become one quantity. It stays."),
    )

    def __init__(self, *args: Any, feature: Feature | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if feature is not None:
            del self.fields["reference"], self.fields["kind"], self.fields["aggregation"]
            if feature.kind != Feature.Kind.LEVEL:
                del self.fields["levels"]

    def levels_typed(self) -> list[str]:
        """The levels, one a line."""
        return [line.strip() for line in self.cleaned_data.get("levels", "").splitlines() if line.strip()]


NAMES = {"title": "title_en", **{f"levels[{place}]": "levels" for place in range(20)}}


@office_page(permission="see_catalogue")
def features(request: OfficeRequest) -> HttpResponse:
    """All features, those in use first."""
    rows = sorted(Feature.objects.order_by("reference"), key=lambda row: row.archived_at is not None)
    kinds = {key: str(words).partition(":")[0] for key, words in KINDS}
    counted = {key: str(words).partition(":")[0] for key, words in AGGREGATIONS}
    context = {
        "rows": [
            {
                "feature": row,
                "title": said(row.title, row.reference),
                "kind": kinds.get(row.kind, row.kind),
                "counted": counted.get(row.aggregation, ""),
            }
            for row in rows
        ],
        "may_edit": request.office.may(Permission.edit_catalogue),
        "part": "features",
    }
    return office_render(request, "merchants/features.html", context)


@office_page(permission="edit_catalogue")
def feature_new(request: OfficeRequest) -> HttpResponse:
    """Make one."""
    form = FeatureForm(request.POST or None)
    if form.is_valid():
        with beside(form, NAMES):
            create_feature(
                reference=form.cleaned_data["reference"],
                kind=form.cleaned_data["kind"],
                title=texts(form, "title"),
                levels=form.levels_typed() if form.cleaned_data["kind"] == Feature.Kind.LEVEL else (),
                aggregation=form.cleaned_data["aggregation"]
                if form.cleaned_data["kind"] == Feature.Kind.METERED
                else "",
                actor=request.office.actor,
                now=request.office.now,
            )
        if form.is_valid():
            messages.success(
                request, _("Offers and options may open “%(name)s” now.") % {"name": said(texts(form, "title"))}
            )
            return redirect(request.office.url("offer_features"))
    context = {"form": form, "heading": _("New feature"), "part": "features", "act": _("Create the feature")}
    return office_render(request, "merchants/catalogue_form.html", context, status=422 if form.is_bound else 200)


@office_page(permission="edit_catalogue")
def feature_edit(request: OfficeRequest, feature: str) -> HttpResponse:
    """Rename it, add levels."""
    row = find(Feature.objects.all(), feature)
    begins = {**{f"title_{code}": text for code, text in row.title.items()}, "levels": "\n".join(row.levels)}
    form = FeatureForm(request.POST or None, feature=row, initial=begins)
    if form.is_valid():
        with beside(form, NAMES):
            update_feature(
                row,
                title=texts(form, "title"),
                levels=form.levels_typed() if row.kind == Feature.Kind.LEVEL else None,
                actor=request.office.actor,
                now=request.office.now,
            )
        if form.is_valid():
            messages.success(request, _("Saved."))
            return redirect(request.office.url("offer_features"))
    context = {
        "form": form,
        "heading": said(row.title, row.reference),
        "part": "features",
        "act": _("Save"),
        "archived": row.archived_at is not None,
        "archive_url": request.office.url("offer_feature_archive", feature=row.public_id),
        "archive_note": _("No new offer can open it. What opens it already keeps doing so."),
    }
    return office_render(request, "merchants/catalogue_form.html", context, status=422 if form.is_bound else 200)


@require_POST
@office_page(permission="edit_catalogue")
def feature_archive(request: OfficeRequest, feature: str) -> HttpResponse:
    """Withdraw it, or bring it back."""
    row = find(Feature.objects.all(), feature)
    update_feature(row, archived=row.archived_at is None, actor=request.office.actor, now=request.office.now)
    return redirect(request.office.url("offer_features"))
