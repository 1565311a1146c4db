"""Form fields in the look: label, control, help, and the error beside it, tied together for screen readers.

Django 5.2 writes `aria-describedby` and `aria-invalid` on the control itself; the ids of help and error are its own.
"""

from __future__ import annotations

from typing import Any

from django import forms, template
from django.template.context import Context
from django.utils.safestring import SafeString

register = template.Library()


def control_class(widget: forms.Widget) -> str:
    """The class of a widget: what one types in, chooses from, or ticks."""
    if isinstance(widget, forms.CheckboxInput | forms.CheckboxSelectMultiple):  # the latter is a RadioSelect too
        return "tick"
    if isinstance(widget, forms.RadioSelect):
        return "pick"
    if isinstance(widget, forms.Select):
        return "form-select"
    return "form-control"


def kind_of(widget: forms.Widget) -> str:
    """Which shape the field takes: `tick` (label after), `choices` (a group), or `line`."""
    if isinstance(widget, forms.CheckboxInput):
        return "tick"
    if isinstance(widget, forms.RadioSelect):
        return "choices"
    return "line"


def _says_itself(field: forms.Field) -> bool:
    """Whether a field needs no mark though the form lets it be empty: one of a list, whose first words say what nothing
    means, or one that the act will ask for (`needed`)."""
    return isinstance(field.widget, forms.Select) or bool(getattr(field, "needed", False))


@register.inclusion_tag("components/field.html")
def field(bound: forms.BoundField, label: str = "", help: str | None = None, **attributes: Any) -> dict[str, Any]:
    """`{% field form.email %}`; `label` and `help` overrule the form's; other names become attributes of the control
    (`{% field form.price class="is-amount" inputmode="decimal" data_copy="x" %}`, underscores written as hyphens). A
    field that is `needed`, where what was chosen asks for it, is not called optional.
    """
    widget = bound.field.widget
    attrs = {name.replace("_", "-"): value for name, value in attributes.items()}
    attrs["class"] = f"{control_class(widget)} {attrs.get('class', widget.attrs.get('class', ''))}".strip()
    if isinstance(widget, forms.Textarea):
        attrs.setdefault("rows", "3")
    kind = kind_of(widget)
    control = "" if kind == "choices" else bound.as_widget(attrs=attrs)
    return {
        "bound": bound,
        "kind": kind,
        "control": control,
        "label": label or bound.label,
        "help": bound.help_text if help is None else help,
        "errors": bound.errors,
        "choices": list(bound.subwidgets) if kind == "choices" else [],
        "pick": control_class(widget),
        "optional": not bound.field.required and kind != "tick" and not _says_itself(bound.field),
    }


@register.inclusion_tag("components/form_errors.html")
def form_errors(form: forms.BaseForm) -> dict[str, Any]:
    """What is wrong with the form as a whole, and that fields below need attention; nothing where nothing is wrong."""
    return {"form": form, "errors": form.non_field_errors() if form.is_bound else [], "bound": form.is_bound}


@register.inclusion_tag("components/form_fields.html")
def form_fields(form: forms.BaseForm) -> dict[str, Any]:
    """`{% form_fields form %}`: errors of the whole, hidden fields, then every visible field."""
    return {"form": form}


@register.simple_tag(takes_context=True)
def hidden_fields(context: Context, form: forms.BaseForm) -> SafeString:
    """The form's hidden controls, where a page lays out the visible ones itself."""
    return SafeString("".join(str(bound) for bound in form.hidden_fields()))
