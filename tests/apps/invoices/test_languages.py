"""A language is one row and one catalogue: German, added here and nowhere else, prints a document."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pypdf
import pytest
from babel.messages import Catalog
from babel.messages.mofile import write_mo
from django.utils.translation import trans_real

from invoices.calculations import say, say_days
from invoices.facturx.documents import Settled
from invoices.facturx.sampling import plain
from invoices.facturx.terms import terms
from invoices.paper import DayCount, Line, Settlement
from invoices.pdf import render
from invoices.strip import strip
from invoices.wording import narrow_span_words, rate_words
from merchants import languages, wording
from merchants.languages import Language, said_in
from merchants.typed import shown_amount, typed_amount
from tests.apps.invoices import papers

GERMAN = Language(
    code="de",
    name="Deutsch",
    locale="de_DE",
    day="d.",
    short_day="d. MMM",
    long_day="d. MMMM",
    weekday="EEEE, d. MMMM",
    period="{first} bis {last}",
    narrow_period="{first} bis {last}",
    on_day="am {day}",
    one_day="{days} Tag von {whole}",
    several_days="{days} Tage von {whole}",
    restored="wie vor der Änderung dieses Tages",
    given="geschenkt",
    given_instead="geschenkt, statt {amount}",
    committed_until="gebunden bis {day}",
    free="kostenlos",
    packages="{used} in Paketen zu {size}",
    groups=". ",
)
TEXTS = {
    "Invoice %(number)s": "Rechnung %(number)s",
    "Total incl. VAT": "Summe inkl. USt.",
    "Paid on %(day)s": "Bezahlt am %(day)s",
    "Left to pay": "Noch zu zahlen",
}


@pytest.fixture
def german(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Iterator[None]:
    """One row, one catalogue."""
    catalog = Catalog(locale="de")
    for text, german_text in TEXTS.items():
        catalog.add(text, german_text, context="paper")
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "django.mo").open("wb") as made:
        write_mo(made, catalog)
    monkeypatch.setitem(languages.TABLE, "de", GERMAN)
    settings.LOCALE_PATHS = [tmp_path, *settings.LOCALE_PATHS]
    settings.LANGUAGES = [(one.code, one.name) for one in languages.TABLE.values()]
    known = dict(trans_real._translations)
    trans_real._translations.clear()
    yield
    trans_real._translations.clear()
    trans_real._translations.update(known)


def test_dates_figures_and_calculations_are_german(german: None) -> None:
    span = papers.RUNNING
    assert wording.long_date_text(date(2026, 12, 1), "de") == "1. Dezember 2026"
    assert wording.weekday_text(date(2026, 11, 3), "de") == "Dienstag, 3. November"
    assert wording.period_text(span.start, span.end, "de") == "3. bis 19. November 2026"
    assert narrow_span_words(span, "de") == "3. bis 19. Nov. 2026"
    assert rate_words(Decimal("5.5"), "de") == "5,50\xa0%"
    assert wording.amount_text(123456, "EUR", "de") == "1.234,56\xa0€"
    assert (typed_amount("1.234,50", "EUR", "de"), shown_amount(1299, "EUR", "de")) == (123450, "12,99")
    inputs = {"currency": "EUR", "unit_amount": 1799, "quantity": 1, "days": 17, "whole_days": 31}
    assert say_days(inputs, amount=987, language="de") == "17,99\xa0€ × 17 Tage von 31"
    given = {"currency": "EUR", "unit_amount": 400, "quantity": 1, "instead_of": 400}
    assert say("complimentary", given, amount=0, language="de") == "geschenkt, statt 4,00\xa0€"


def test_a_document_is_printed_in_german_and_what_has_no_translation_in_english(german: None) -> None:
    usual = papers.usual()
    paper = replace(
        usual,
        locale="de",
        day_count=None,
        coming=None,
        lines=(Line(title="Familie", period=papers.RUNNING, rate=Decimal(20), amount=987),),
        settlements=(Settlement(means="card", detail="Visa 4242", on=date(2026, 11, 3), amount=987),),
    )
    text = re.sub(r"\s+", " ", pypdf.PdfReader(io.BytesIO(render(paper))).pages[0].extract_text())
    for said in ("Rechnung ON-2026-041436", "Bezahlt am 3. November 2026", "3. bis 19. November 2026",
                 "Summe inkl. USt. 9,87 €", "Noch zu zahlen 0,00 €", "Card Visa 4242, 3. November 9,87 €"):  # fmt: skip
        assert said in text, said
    assert "Facture" not in text


def test_the_xml_of_a_german_document_says_in_english_what_has_no_translation(german: None) -> None:
    said = terms(plain(settled=(Settled(means="cash", amount=1200),), locale="de"))
    assert (said["BT-81"], said["BT-82"]) == ("10", "Cash")


def test_days_of_an_arabic_title_are_set_as_a_paragraph_never_letter_by_letter() -> None:
    usual = papers.usual().day_count
    assert usual is not None
    before, after = usual.stretches
    assert len(strip(usual, "fr").labels) == 3
    family = "\u0627\u0644\u0639\u0627\u0626\u0644\u064a"
    drawn = strip(DayCount(why="", stretches=(before, replace(after, title=family))), "fr")
    assert drawn.labels == ()
    assert f"3 novembre, \u2068{family}\u2069, 17" in drawn.words
    assert drawn.filled.count("M") == 17
    assert drawn.empty.count("M") == 14


def test_a_text_by_language_falls_back(german: None) -> None:
    assert said_in({"de": "Monat", "en": "Month"}, "de-AT") == "Monat"
    assert said_in({"en": "Month", "fr": "Mois"}, "de") == "Month"
    assert said_in({"fr": "Mois"}, "de") == "Mois"


def test_no_row_no_german() -> None:
    assert not languages.is_spoken("de")
    assert wording.long_date_text(date(2026, 12, 1), "de") == "1 December 2026"
