"""Texts by language in the office's forms: one field of a form's class, an input for each language we speak."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language

from merchants.languages import codes
from merchants.wording import locale_of


class TextField(forms.Field):
    """A text by language. `title` stands for the fields `title_en`, `title_fr`… of its form; none must be filled in.
    The first of them carries the help."""

    def __init__(self, *, most: int, rows: int = 1, **options: Any) -> None:
        """`rows`: how many lines of it one sees; with one it has no line breaks."""
        super().__init__(required=False, **options)
        self.most, self.rows = most, rows

    def in_languages(self, name: str) -> dict[str, forms.Field]:
        """A field for each language, which its label names in the reader's."""
        names = locale_of(get_language() or "en").languages
        return {
            f"{name}_{code}": forms.CharField(
                label=f"{self.label}, {names[code]}",
                max_length=self.most,
                required=False,
                help_text="" if at else self.help_text,
                widget=forms.TextInput() if self.rows == 1 else forms.Textarea(attrs={"rows": self.rows}),
            )
            for at, code in enumerate(codes())
        }


class TextsForm(forms.Form):
    """A form that may have such fields: each makes place for those of its languages."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._languages: dict[str, list[str]] = {}
        fields: dict[str, forms.Field] = {}
        for name, field in self.fields.items():
            if isinstance(field, TextField):
                own = field.in_languages(name)
                self._languages[name] = list(own)
                fields |= own
            else:
                fields[name] = field
        self.fields = fields

    @property
    def by_language(self) -> dict[str, list[forms.BoundField]]:
        """Its texts, each as the fields of its languages: what a template goes through."""
        return {name: [self[field] for field in fields] for name, fields in self._languages.items()}


def texts(form: forms.Form, name: str) -> dict[str, str]:
    """The languages of a text that were filled in."""
    pairs = {code: str(form.cleaned_data.get(f"{name}_{code}") or "").strip() for code in codes()}
    return {code: text for code, text in pairs.items() if text}
