"""Parts of the offer editor: a cell of the features' table, a level by its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from django import forms, template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from merchants.templatetags.components import level
from merchants.templatetags.fields import control_class, field

register = template.Library()


class Cells(Protocol):
    """A form that has a field for each feature."""

    def cell(self, feature: Any) -> forms.BoundField: ...


@register.simple_tag
def cell_field(bound: forms.BoundField, label: str) -> SafeString:
    """A control without a visible label (row and column say it): `label` is read aloud, the error stands below."""
    widget = bound.field.widget
    classes = f"{control_class(widget)} {widget.attrs.get('class', '')}".strip()
    control = bound.as_widget(attrs={"class": classes, "aria-label": label})
    errors = format_html_join(
        "",
        '<span class="field-help" data-state="bad" id="{}">{}</span>',
        ((f"{bound.auto_id}_error", error) for error in bound.errors),
    )
    return format_html("{}{}", control, errors)


@register.simple_tag
def level_of(name: str, levels: Sequence[str]) -> SafeString:
    """The steps of a level among a feature's levels; nothing where the feature has it no more.

    >>> level_of("hifi", ["standard", "high", "hifi"]).count("is-on"), level_of("gone", ["standard"])
    (3, '')
    """
    if name not in levels:
        return SafeString("")
    return level(list(levels).index(name) + 1, len(levels))


@register.inclusion_tag("components/field.html")
def cell_of(form: Cells, feature: object) -> dict[str, Any]:
    """The field of a feature in an option's form, with its label."""
    return field(form.cell(feature))
