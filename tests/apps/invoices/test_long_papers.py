"""Documents of many lines: heads that repeat, pages that are numbered, texts that are bounded."""

from __future__ import annotations

import time

import pytest

from invoices.paper import (
    WORDS_LIMIT,
    Line,
)
from invoices.pdf import render
from tests.apps.invoices import papers
from tests.apps.invoices.papers import pages_of, text_of, without
from tools.devstack import messages


@pytest.fixture(autouse=True, scope="module")
def french() -> None:
    """The catalogues as they stand in the tree."""
    messages.compile_all()


class TestLongDocuments:
    def test_heads_repeat_and_pages_are_numbered(self) -> None:
        busy = time.process_time()
        pages = pages_of(render(papers.long(300)))
        assert len(pages) > 5
        text = " ".join(pages)
        for number in range(1, 301):
            assert f"Option {number:03}" in text
        for position, page in enumerate(pages, 1):
            assert f"page {position} sur {len(pages)}" in page
            assert "Onde SAS au capital de 100 000 €" in page
            assert ("Désignation Calcul Montant TTC" in page) == ("Option" in page)
            assert ("Facture ON-2026-041436, page" in page) == (position > 1)
        assert text.count("Total TTC 360,00 €") == 1
        (last,) = [page for page in pages if "Total TTC" in page]
        assert "Option 300" in last  # a total never stands alone
        assert time.process_time() - busy < 30  # three seconds of a processor that does nothing else

    def test_a_long_guess_that_was_wrong_is_set_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        right = render(papers.usual())
        monkeypatch.setattr("invoices.pdf.LINES_OF_A_PAGE", 0)
        assert render(papers.usual()) == right

    def test_texts_of_great_length_are_cut_so_that_all_lines_together_are_bounded(self) -> None:
        line = Line(title="W" * 9_000, detail="é" * 9_000, formula="1×" * 9_000, amount=0)
        paper = without(papers.usual(), lines=(*(line for _ in range(299)), Line(title="Reste", amount=987)))
        texts = [len(text) for one in paper.lines for text in (one.title, one.detail, one.formula)]
        assert sum(texts) <= WORDS_LIMIT
        assert (texts[0], paper.lines[0].title[-1], paper.lines[-1].title) == (35, "…", "Reste")

    def test_three_hundred_usual_lines_are_left_whole(self) -> None:
        title = "Abonnement cabines, formule Réseau avec assistance"
        lines = tuple(Line(title=title, amount=0) for _ in range(299))
        paper = without(papers.usual(), lines=(*lines, Line(title="Reste", amount=987)))
        assert paper.lines[0].title == title

    def test_one_page_has_no_page_number(self) -> None:
        assert "page 1" not in text_of(papers.usual())

    def test_too_many_lines_are_refused(self) -> None:
        with pytest.raises(ValueError, match="1 to 1000 lines"):
            papers.long(1001)
