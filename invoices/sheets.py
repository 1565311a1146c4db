"""A signed paper set in words: the HTML that `pdf.render_sheet` prints. The template escapes every text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.template.loader import get_template
from django.utils.translation import override, pgettext

from invoices.strokes import HEIGHT, WIDTH, path
from merchants.languages import language_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is printed: `words` for the template, the issuer's `logo` and colour, and what runs at the head of the pages
    that follow (issuer, title, pattern of the page number)."""

    locale: str
    words: dict[str, Any]
    ink: str
    logo: bytes | None
    running: tuple[str, str, str]

    def html(self, has_logo: bool) -> str:
        """The whole sheet."""
        with override(self.locale):
            said = {
                **self.words,
                "locale": self.locale,
                "direction": language_of(self.locale).direction,
                "logo": has_logo,
                "label": {
                    "from": pgettext("paper", "From"),
                    "to": pgettext("paper", "To"),
                    "signature": pgettext("paper", "Signature"),
                },
                "width": WIDTH,
                "height": HEIGHT,
            }
            return get_template("invoices/paper/signed.html").render(said)

    @property
    def style(self) -> str:
        """What a signed paper needs beside the style of documents."""
        template: Any = get_template("invoices/paper/signed.css")
        return str(template.template.source)


def drawn(signature: dict[str, Any]) -> tuple[str, str]:
    """A signature as the path of a drawing, or as a name that was typed: one of the two is ''.

    >>> drawn({"typed": "Ana"}), drawn({"strokes": [[[0, 0], [9, 9]]]})
    (('', 'Ana'), ('M0 0L9 9', ''))
    """
    return path(signature.get("strokes") or ()), str(signature.get("typed") or "")


def running_words(issuer: str, title: str, locale: str) -> tuple[str, str, str]:
    """For papers of several pages, in their language."""
    with override(locale):
        return issuer, title, pgettext("paper", "page %(number)s of %(count)s")
