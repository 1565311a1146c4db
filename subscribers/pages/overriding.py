"""A feature set by hand, and its end: dialogs on a subscriber's page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from merchants import ids
from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.languages import said_in
from merchants.models import Feature
from merchants.refusals import NotFound, Refusal
from merchants.selectors.clocks import now_for
from subscribers.models import Subscriber
from subscribers.pages.features import value_of
from subscribers.pages.listing import name_of
from subscribers.pages.page import found
from subscribers.rights import Right
from subscribers.services import overriding
from subscribers.services.overriding import Moved, Override

NUMBER, UNLIMITED = "number", "unlimited"
FIELDS = {"quota": "number", "level": "right", "until": "last_day"}
"""A refusal's fields, as the form calls them."""


class OverrideForm(forms.Form):
    """Which right, how much, until which day (the last with it), and why."""

    right = forms.ChoiceField(label=lazy("Feature"))
    number = forms.IntegerField(label=lazy("Quota per period"), min_value=1, max_value=10**12, required=False)
    last_day = forms.DateField(
        label=lazy("Last day"),
        required=False,
        help_text=lazy("Empty: until somebody ends it."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    reason = forms.CharField(
        label=lazy("Reason"), max_length=400, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.given: dict[str, tuple[Feature, str]] = {}
        choices = [("", "—")]
        for feature in Feature.objects.filter(archived_at=None).exclude(kind=Feature.Kind.METERED).order_by("id"):
            for value, words in _ways(feature):
                key = f"{feature.public_id}.{value}" if value else feature.public_id
                self.given[key] = (feature, value)
                choices.append((key, words))
        field = self.fields["right"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    @property
    def feature(self) -> Feature:
        """The feature of the chosen right."""
        return self.given[self.cleaned_data["right"]][0]

    @property
    def override(self) -> Override:
        """What is asked for."""
        feature, value = self.given[self.cleaned_data["right"]]
        last_day = self.cleaned_data["last_day"]
        return Override(
            quota=self.cleaned_data["number"] if value == NUMBER else None,
            unlimited=value == UNLIMITED,
            level=feature.levels[int(value)] if feature.kind == Feature.Kind.LEVEL else None,
            until_on=last_day + timedelta(days=1) if last_day else None,
            reason=self.cleaned_data["reason"],
        )


class EndForm(forms.Form):
    """Why it ends."""

    reason = forms.CharField(
        label=lazy("Reason"), max_length=400, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


def feature_of(shown: str) -> Feature:
    """The feature whose id stands in the address. Raises NotFound."""
    key = ids.read("fea", shown)
    row = Feature.objects.filter(id=key).first() if key else None
    if row is None:
        raise NotFound
    return row


@office_page(permission="see_subscribers", post="give_gestures")
def subscriber_feature_set(request: OfficeRequest, subscriber: str) -> HttpResponse:
    """The dialog with what it would change, again at each change of what is asked; POST does it."""
    office, row = request.office, found(subscriber)
    now = now_for(office.merchant, row.test_clock_id)
    action = office.url("subscriber_feature_set", subscriber=subscriber)
    context = {"action": action, "preview_url": action, "today": now.today, "name": name_of(row)}
    context |= {"title": _("Set a feature by hand"), "may_do": office.may("give_gestures")}
    if request.method == "POST":
        form = OverrideForm(request.POST)
        if form.is_valid():
            with beside(form, FIELDS):
                overriding.set_override(row.pk, form.feature, form.override, actor=office.actor, now=now)
            if form.is_valid():
                messages.success(request, _("%(feature)s is set by hand.") % {"feature": title_of(form.feature)})
                return redirect(office.url("subscriber", subscriber=subscriber))
        return dialog(request, "subscribers/override.html", row, {**context, "form": form}, status=422)
    asked = "right" in request.GET
    form = OverrideForm(_without_reason(request.GET) if asked else None)
    context |= {"form": form}
    if asked:
        if form.is_valid():
            context |= _foreseen(lambda: overriding.foresee(row.pk, form.feature, form.override, now=now))
            context |= {"feature": title_of(form.feature)}
        return office_render(request, "subscribers/override_preview.html", context)
    return dialog(request, "subscribers/override.html", row, context)


@office_page(permission="see_subscribers", post="give_gestures")
def subscriber_feature_end(request: OfficeRequest, subscriber: str, feature: str) -> HttpResponse:
    """The dialog that ends what was set by hand, with what is left then; POST does it."""
    office, row, wanted = request.office, found(subscriber), feature_of(feature)
    now = now_for(office.merchant, row.test_clock_id)
    action = office.url("subscriber_feature_end", subscriber=subscriber, feature=feature)
    form = EndForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with beside(form):
            reason = form.cleaned_data["reason"]
            overriding.end_override(row.pk, wanted, reason=reason, actor=office.actor, now=now)
        if form.is_valid():
            messages.success(request, _("%(feature)s is no longer set by hand.") % {"feature": title_of(wanted)})
            return redirect(office.url("subscriber", subscriber=subscriber))
    context = {"action": action, "today": now.today, "name": name_of(row), "form": form, "ends": True}
    context |= {"title": _("End %(feature)s set by hand") % {"feature": title_of(wanted)}}
    context |= {"may_do": office.may("give_gestures"), "feature": title_of(wanted)}
    context |= _foreseen(lambda: overriding.foresee_end(row.pk, wanted, now=now))
    status = 422 if request.method == "POST" else 200
    return dialog(request, "subscribers/override.html", row, context, status=status)


def dialog(
    request: OfficeRequest, template: str, row: Subscriber, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """The dialog for the page that asked for it, or on a page of its own where its address was opened."""
    if request.headers.get("HX-Request") == "true":
        return office_render(request, template, context, status=status)
    back = request.office.url("subscriber", subscriber=row.public_id)
    alone = {**context, "dialog": template, "back": back}
    return office_render(request, "subscribers/alone.html", alone, status=status)


def title_of(feature: Feature) -> str:
    """What a feature is called."""
    return said_in(feature.title, get_language() or "en") or feature.reference


def _ways(feature: Feature) -> list[tuple[str, str]]:
    """In which ways a feature can be given: what stands in the choice's value, and its words."""
    title = title_of(feature)
    if feature.kind == Feature.Kind.LEVEL:
        levels = enumerate(feature.levels)
        return [(str(at), _("%(feature)s: %(what)s") % {"feature": title, "what": level}) for at, level in levels]
    if feature.kind == Feature.Kind.QUOTA:
        ways = ((NUMBER, _("a quota")), (UNLIMITED, _("without limit")))
        return [(way, _("%(feature)s: %(what)s") % {"feature": title, "what": words}) for way, words in ways]
    return [("", title)]


def _without_reason(query: Any) -> Any:
    """What is asked while the reason is not yet written: the preview needs none."""
    given = query.copy()
    if not given.get("reason", "").strip():
        given["reason"] = "—"
    return given


def _foreseen(foresee: Any) -> dict[str, Any]:
    try:
        moved: Moved = foresee()
    except Refusal as refusal:
        said = " ".join(error.say(_) for error in refusal.errors) or refusal.say(_)
        return {"refusal": said}
    return {
        "before": _said(moved.before),
        "after": _said(moved.after),
        "last_day": moved.after.until - timedelta(days=1) if moved.after and moved.after.until else None,
        "same": _worth(moved.before) == _worth(moved.after),
        "foreseen": True,
    }


def _said(right: Right | None) -> str:
    return value_of(right) if right else _("no")


def _worth(right: Right | None) -> tuple[object, ...]:
    return (right.on, right.level, right.quota, right.unlimited, right.until) if right else (False,)
