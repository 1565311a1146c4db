"""The only module, with `press`, that knows WeasyPrint: a `Paper` becomes the bytes of a PDF/A-3b file, its XML inside.

The same paper gives the same bytes: dates are the issue date, the identifier is made of the content, the faces are our
own. Nothing is fetched: the only addresses are the faces and the document's own logo, both in memory. What is dear is
kept from one document to the next (`press`): the fonts' configuration, the parsed stylesheet.

Never inside a transaction: a page takes about a tenth of a second.
"""

from __future__ import annotations

import hashlib
import io
import logging
from datetime import UTC, datetime, time
from functools import lru_cache
from threading import Lock

from weasyprint import CSS, VERSION, Attachment

from invoices.embedding import FILE_NAME, RELATIONSHIP, finish
from invoices.faces import FONTS, Chosen, choose
from invoices.logos import Logo, safe_logo
from invoices.paper import Paper
from invoices.press import Enclosed, Plain, Press, press_for, stylesheet
from invoices.sheets import Sheet
from invoices.typesetting import running_words, typeset

VARIANT = "pdf/a-3b"
LINES_OF_A_PAGE = 24
"""With more lines a document is taken for one of several pages: a right guess saves half its time."""

log = logging.getLogger(__name__)
_turn = Lock()
"""Pango's font map is not to be used by two threads at once: one document at a time in a process."""


@lru_cache(maxsize=1)
def _press_mark() -> bytes:
    """Digest of all that shapes a document besides its words: stylesheet, faces, engine."""
    locked = (FONTS / "lock.json").read_text()  # the digests of all faces
    return hashlib.sha256(f"{VERSION}\n{VARIANT}\n{stylesheet()}\n{locked}".encode()).digest()


@lru_cache(maxsize=512)
def _colour(colour: str) -> CSS:
    return CSS(string=f".mark {{ color: {colour}; }}", url_fetcher=Enclosed())


def render(paper: Paper, xml: bytes | None = None) -> bytes:
    """Print a document: PDF/A-3b, A4, in the paper's language, the same bytes for the same paper and XML.

    `xml`: the electronic invoice, which it then carries (Factur-X). A logo that cannot be drawn safely is left out; the
    issuer's name stands in its place.
    """
    logo = safe_logo(paper.issuer.logo)
    with _turn:
        html, press = _set(paper, logo)
        mark = hashlib.sha256(_press_mark() + html.encode() + paper.issuer.ink.encode())
        mark.update(logo.content if logo else b"")
        mark.update(hashlib.sha256(xml or b"").digest())
        return _print(html, press, paper, logo, xml, identifier=mark.digest()[:16])


def render_sheet(sheet: Sheet) -> bytes:
    """Print what is not a document of the books (a contract, a mandate): the same look, numbered pages, no XML."""
    logo = safe_logo(sheet.logo)
    with _turn:
        html = sheet.html(logo is not None)
        chosen = choose(html, country="")
        press = press_for(chosen.faces)
        source = Plain(string=chosen.drawn(html), url_fetcher=Enclosed(logo))
        for numbers in ("", _page_numbers(sheet.running, press.families)):
            style = press.css(sheet.style + numbers)
            sheets = [*press.sheets, _colour(sheet.ink), style]
            document = source.render(font_config=press.fonts, stylesheets=sheets, pdf_variant=VARIANT)
            if len(document.pages) == 1:
                break
        mark = hashlib.sha256(_press_mark() + html.encode() + sheet.style.encode() + (logo.content if logo else b""))
        printed: bytes = document.write_pdf(pdf_variant=VARIANT, pdf_identifier=mark.digest()[:16])
        return printed


def _print(html: str, press: Press, paper: Paper, logo: Logo | None, xml: bytes | None, *, identifier: bytes) -> bytes:
    sheets = [*press.sheets, _colour(paper.issuer.ink)]
    source = Plain(string=html, url_fetcher=Enclosed(logo))
    numbered = len(paper.lines) > LINES_OF_A_PAGE
    for _turn_of_two in range(2):  # one page needs no number: where that was guessed wrong it is set a second time
        all_sheets = [*sheets, _numbering(paper, press)] if numbered else sheets
        document = source.render(font_config=press.fonts, stylesheets=all_sheets, pdf_variant=VARIANT)
        if numbered == (len(document.pages) > 1):
            break
        numbered = not numbered
    kept = [_attachment(xml, paper)] if xml else None
    printed: bytes = document.write_pdf(
        finisher=finish if kept else None, attachments=kept, pdf_variant=VARIANT, pdf_identifier=identifier
    )
    return printed


def _attachment(xml: bytes, paper: Paper) -> Attachment:
    """The electronic invoice as a file of the PDF: made, like it, on the day of issue."""
    made = datetime.combine(paper.issued_on, time.min, tzinfo=UTC)
    return Attachment(
        file_obj=io.BytesIO(xml),
        name=FILE_NAME,
        description=f"Factur-X {paper.number}",
        relationship=RELATIONSHIP,
        created=made,
        modified=made,
    )


def _set(paper: Paper, logo: Logo | None) -> tuple[str, Press]:
    """The document in words, and the press that has its faces. What no face draws is a box, and told in the log."""
    html = typeset(paper, logo=logo)
    chosen = _chosen(html, paper)
    if chosen.missing:
        signs = " ".join(f"U+{ord(sign):04X}" for sign in sorted(chosen.missing)[:20])
        log.warning("%s: %d of its characters are not drawn: %s", paper.number, len(chosen.missing), signs)
    press = press_for(chosen.faces)
    if chosen.faces:  # the drawn strip of days names its families itself
        html = typeset(paper, logo=logo, families=press.families)
    return chosen.drawn(html), press


def _chosen(text: str, paper: Paper) -> Chosen:
    return choose("".join((text, *running_words(paper))), country=paper.customer.country)


def _numbering(paper: Paper, press: Press) -> CSS:
    """The head of pages that follow: who, which document, which page of how many."""
    issuer, title, pattern = map(_chosen("", paper).drawn, running_words(paper))
    return press.css(_page_numbers((issuer, title, pattern), press.families))


def _page_numbers(running: tuple[str, str, str], families: str) -> str:
    issuer, title, pattern = running
    before, _, rest = pattern.partition("%(number)s")
    between, _, after = rest.partition("%(count)s")
    number = f"{_quoted(before)} counter(page) {_quoted(between)} counter(pages) {_quoted(after)}"
    style = f"font: 400 8pt/12pt {families}; color: #6B6761; vertical-align: middle"
    return (
        f"@page {{ @top-left {{ content: {_quoted(issuer)}; {style}; }}"
        f" @top-right {{ content: {_quoted(title + ', ')} {number}; {style}; }} }}"
        f"@page :first {{ @top-left {{ content: none; }} @top-right {{ content: {number}; }} }}"
    )


def _quoted(text: str) -> str:
    """A CSS string: what could end it or escape is written as its number."""
    safe = "".join(sign if sign.isalnum() or sign in " .,-·" else f"\\{ord(sign):x} " for sign in text)
    return f'"{safe}"'
