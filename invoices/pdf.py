"""The only module that knows WeasyPrint: a `Paper` becomes the bytes of a PDF/A-3b file.

The same paper gives the same bytes: dates are the issue date, the identifier is made of the content, the faces are our
own. Nothing is fetched: the only addresses are the faces and the document's own logo, both in memory. What is dear is
kept from one document to the next: the fonts' configuration, the parsed stylesheet, the merchants' colours.

Never inside a transaction: a page takes about a tenth of a second.
"""

from __future__ import annotations

import hashlib
import logging
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from django.template.loader import get_template
from weasyprint import CSS, HTML, VERSION
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from invoices.logos import Logo, safe_logo
from invoices.paper import Paper
from invoices.typesetting import running_words, typeset

VARIANT = "pdf/a-3b"
FONTS = Path(__file__).resolve().parent / "fonts"

log = logging.getLogger(__name__)
logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every table that it reads
_press = Lock()
"""Pango's font map is not to be used by two threads at once: one document at a time in a process."""


class Denied(ValueError):  # noqa: N818 - the answer to an address, not a fault
    """Something in a document asked for an address: none is given."""


class _Enclosed(URLFetcher):  # type: ignore[misc]
    """Answers `paper:logo` and our own faces from memory, and nothing else in the world."""

    def __init__(self, logo: Logo | None = None) -> None:
        super().__init__(allowed_protocols=())
        self._logo = logo

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """The bytes behind one of our own addresses. Raises `Denied` for any other."""
        if url == "paper:logo" and self._logo is not None:
            return URLFetcherResponse(url, self._logo.content, {"Content-Type": self._logo.media_type})
        faces = _faces()
        if url.startswith("paper:") and url[6:] in faces:
            return URLFetcherResponse(url, faces[url[6:]], {"Content-Type": "font/woff2"})
        log.warning("a document asked for an address and was denied: %.200r", url)
        raise Denied(url[:200])


class _Plain(HTML):  # type: ignore[misc]
    """HTML without the browsers' default style: `paper.css` says all that a document needs (a sixth of its time)."""

    def _ua_stylesheets(self, forms: bool = False) -> list[CSS]:
        return []


@lru_cache(maxsize=1)
def _faces() -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted(FONTS.glob("*.woff2"))}


@lru_cache(maxsize=1)
def _stylesheet() -> str:
    template: Any = get_template("invoices/paper/paper.css")
    return str(template.template.source)


@lru_cache(maxsize=1)
def _fonts() -> FontConfiguration:
    return FontConfiguration()


@lru_cache(maxsize=1)
def _sheet() -> CSS:
    return CSS(string=_stylesheet(), font_config=_fonts(), url_fetcher=_Enclosed())


@lru_cache(maxsize=512)
def _colour(colour: str) -> CSS:
    return CSS(string=f".mark {{ color: {colour}; }}", font_config=_fonts(), url_fetcher=_Enclosed())


@lru_cache(maxsize=1)
def _press_mark() -> bytes:
    """Digest of all that shapes a document besides its words: stylesheet, faces, engine."""
    mark = hashlib.sha256(f"{VERSION}\n{VARIANT}\n{_stylesheet()}".encode())
    for name, face in _faces().items():
        mark.update(name.encode() + hashlib.sha256(face).digest())
    return mark.digest()


def render(paper: Paper) -> bytes:
    """Print a document: PDF/A-3b, A4, in the paper's language, the same bytes for the same paper.

    A logo that cannot be drawn safely is left out; the issuer's name stands in its place.
    """
    logo = safe_logo(paper.issuer.logo)
    html = typeset(paper, logo=logo)
    mark = hashlib.sha256(_press_mark() + html.encode() + paper.issuer.colour.encode())
    mark.update(logo.content if logo else b"")
    with _press:
        return _print(html, paper, logo, identifier=mark.digest()[:16])


def _print(html: str, paper: Paper, logo: Logo | None, *, identifier: bytes) -> bytes:
    sheets = [_sheet(), _colour(paper.issuer.colour)]
    source = _Plain(string=html, url_fetcher=_Enclosed(logo))
    document = source.render(font_config=_fonts(), stylesheets=sheets, pdf_variant=VARIANT)
    if len(document.pages) > 1:  # one page needs no number: only the others pay for a second layout
        sheets.append(_numbering(paper, len(document.pages)))
        document = source.render(font_config=_fonts(), stylesheets=sheets, pdf_variant=VARIANT)
    printed: bytes = document.write_pdf(pdf_variant=VARIANT, pdf_identifier=identifier)
    return printed


def _numbering(paper: Paper, pages: int) -> CSS:
    """The head of pages that follow: who, which document, which page of how many."""
    issuer, title, pattern = running_words(paper)
    before, _, rest = pattern.partition("%(number)s")
    after = rest.replace("%(count)s", str(pages))
    number = f"{_quoted(before)} counter(page) {_quoted(after)}"
    style = "font: 400 8pt/12pt 'Inter Paper', 'Inter Paper Extended'; color: #6B6761; vertical-align: middle"
    return CSS(
        string=(
            f"@page {{ @top-left {{ content: {_quoted(issuer)}; {style}; }}"
            f" @top-right {{ content: {_quoted(title + ', ')} {number}; {style}; }} }}"
            f"@page :first {{ @top-left {{ content: none; }} @top-right {{ content: {number}; }} }}"
        ),
        font_config=_fonts(),
        url_fetcher=_Enclosed(),
    )


def _quoted(text: str) -> str:
    """A CSS string: what could end it or escape is written as its number."""
    safe = "".join(sign if sign.isalnum() or sign in " .,-·" else f"\\{ord(sign):x} " for sign in text)
    return f'"{safe}"'
