"""The file: PDF/A-3b, our own faces, the same bytes twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from invoices.paper import (
    Customer,
    Paper,
)
from invoices.pdf import render
from tests.apps.invoices import papers
from tests.apps.invoices.papers import pages_of
from tools.devstack import messages

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True, scope="module")
def french() -> None:
    """The catalogues as they stand in the tree."""
    messages.compile_all()


class TestTheFile:
    def test_it_says_that_it_is_pdf_a_3b(self) -> None:
        with pikepdf.open(BytesIO(render(papers.usual()))) as pdf:
            xmp = pdf.Root.Metadata.read_bytes()
            assert xmp.count(b"<rdf:RDF") == 1
            with pdf.open_metadata() as metadata:
                assert metadata["pdfaid:part"] == "3"
                assert metadata["pdfaid:conformance"] == "B"
                assert metadata["dc:title"] == "Facture ON-2026-041436"
                assert metadata["xmp:CreateDate"] == "2026-11-03T00:00:00Z"
            assert str(pdf.docinfo.CreationDate) == "D:20261103000000+00'00"
            assert str(pdf.docinfo.ModDate) == "D:20261103000000+00'00"
            (intent,) = pdf.Root.OutputIntents
            assert intent.S == pikepdf.Name.GTS_PDFA1
            assert len(intent.DestOutputProfile.read_bytes()) > 1000
            assert pdf.Root.Lang == "fr"
            assert "/ID" in pdf.trailer
            assert not pdf.is_encrypted
            assert not {"/OpenAction", "/AA", "/AcroForm"} & set(pdf.Root.keys())
            assert [round(float(side)) for side in pdf.pages[0].mediabox] == [0, 0, 595, 842]

    def test_every_face_is_our_own_embedded_and_can_be_read_back(self) -> None:
        paper = replace(papers.usual(), customer=Customer(name="Łukasz Żółć, Ελένη Παππά, Ольга Иванова"))
        printed = render(paper)
        assert "Łukasz Żółć, Ελένη Παππά, Ольга Иванова" in pages_of(printed)[0]
        with pikepdf.open(BytesIO(printed)) as pdf:
            fonts = [
                item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/Font"
            ]
            whole = [font for font in fonts if font.Subtype == "/Type0"]
            assert len(whole) == 5  # latin in two weights, and latin extended, greek and cyrillic where the name stands
            for font in whole:
                assert "Inter" in str(font.BaseFont)
                assert "/ToUnicode" in font
                assert "/FontFile2" in font.DescendantFonts[0].FontDescriptor

    def test_the_same_paper_is_the_same_bytes_in_any_process(self, tmp_path: Path) -> None:
        here = render(papers.usual()) + render(papers.abroad())
        assert render(papers.usual()) + render(papers.abroad()) == here
        program = (
            "import django, sys; django.setup()\n"
            "from tests.apps.invoices import papers\nfrom invoices.pdf import render\n"
            "render(papers.professional()); usual = render(papers.usual())\n"
            "open(sys.argv[1], 'wb').write(usual + render(papers.abroad()))"
        )
        for seed in ("1", "2"):
            there = tmp_path / seed
            environment = {**os.environ, "PYTHONHASHSEED": seed, "DJANGO_SETTINGS_MODULE": "billing.settings"}
            command = [sys.executable, "-c", program, str(there)]
            subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120)
            assert there.read_bytes() == here

    def test_another_paper_has_another_identifier(self) -> None:
        identifiers = set()
        for paper in (papers.usual(), replace(papers.usual(), number="ON-2026-041437"), papers.usual_in_english()):
            with pikepdf.open(BytesIO(render(paper))) as pdf:
                identifiers.add(bytes(pdf.trailer.ID[0]))
        assert len(identifiers) == 3

    def test_threads_take_turns(self) -> None:
        kinds: list[Callable[[], Paper]] = [papers.usual, papers.professional, papers.credit_note]
        alone = [render(kind()) for kind in kinds]
        with ThreadPoolExecutor(3) as pool:
            together = list(pool.map(lambda number: render(kinds[number % 3]()), range(9)))
        assert together == alone * 3
