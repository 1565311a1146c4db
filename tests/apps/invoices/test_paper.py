"""Documents on paper: what they say, that they are PDF/A-3b, the same twice, and that nothing hostile gets through."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path

import pikepdf
import pypdf
import pytest

from invoices.logos import LOGO_BYTES, safe_logo
from invoices.paper import (
    WORDS_LIMIT,
    Customer,
    DayCount,
    DoesNotAddUp,
    Issuer,
    Line,
    Paper,
    Reference,
    Settlement,
    Span,
    Stretch,
    TaxLine,
    printable,
)
from invoices.pdf import render
from tests.apps.invoices import papers
from tools.devstack import messages

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True, scope="module")
def french() -> None:
    """The catalogues as they stand in the tree."""
    messages.compile_all()


def pages_of(printed: bytes) -> list[str]:
    """The text of each page, every blank a plain space."""
    reader = pypdf.PdfReader(BytesIO(printed))
    return [re.sub(r"\s+", " ", page.extract_text()) for page in reader.pages]


def text_of(paper: Paper) -> str:
    """The text of a document that has one page."""
    (text,) = pages_of(render(paper))
    return text


def without(paper: Paper, **fields: object) -> Paper:
    """The paper unpaid, without its strip of days, and with these fields."""
    bare: dict[str, object] = {"settlements": (), "day_count": None, "coming": None, "state": "open", "paid_on": None}
    return replace(paper, **(bare | fields))  # type: ignore[arg-type]


class TestWhatItSays:
    def test_a_usual_invoice_fits_one_page_and_says_all(self) -> None:
        text = text_of(papers.usual())
        for said in (
            "Facture ON-2026-041436",
            "Onde SAS",
            "Camille Morel",
            "7 montée du Diapason",
            "ON-204817",
            "3 au 19 nov. 2026",
            "Payée le 3 novembre 2026",
            "du 3 au 19 novembre 2026",
            "17,99 € × 17 jours sur 31",
            "Total TTC 9,87 €",
            "D’où viennent les 17 jours.",
            "Onde Hifi, 14 jours",
            "31 jours en tout",
            "20,00 % 8,22 € 1,65 € 9,87 €",
            "Avoir AV-2026-000318, Onde Hifi rendue 3,83 €",
            "Solde créditeur, parrainage du 28 octobre 1,50 €",
            "Carte Visa 4242, 3 novembre 4,54 €",
            "Reste à payer 0,00 €",
            "Prochaine facture le 20 novembre 2026 : Onde Famille 17,99 €",
            "Concerts en direct 0,00 €, soit 19,99 €.",
            "Onde SAS au capital de 100 000 €, 18 rue des Accordeurs, 69007 Lyon. RCS Lyon 999 412 075.",
            "TVA intracommunautaire FR90999412075.",
            "TVA exigible à l’encaissement",
            "Pas d’escompte pour paiement anticipé.",
        ):
            assert said in text, said
        assert "SIREN" not in text  # the registry's line says it already
        assert "40,00 €" not in text  # the recovery fee is between professionals

    def test_in_english(self) -> None:
        text = text_of(papers.usual_in_english())
        for said in (
            "Invoice ON-2026-041436",
            "3 to 19 Nov 2026",
            "Paid on 3 November 2026",
            "€17.99 × 17 days of 31",
            "Total incl. VAT €9.87",
            "Where the 17 days come from.",
            "20.00% €8.22 €1.65 €9.87",
            "Card Visa 4242, 3 November €9.87",
            "Left to pay €0.00",
            "Next invoice on 20 November 2026: Onde Famille €17.99, Extra device €2.00, €19.99 in all.",
        ):
            assert said in text, said
        assert "9,87" not in text

    def test_the_language_is_the_documents_not_the_readers(self) -> None:
        from django.utils.translation import override

        with override("en"):
            assert "Facture ON-2026-041436" in text_of(papers.usual())

    def test_a_professional_invoice_with_many_rates_stays_on_one_page(self) -> None:
        text = text_of(replace(papers.professional(), how_to_pay="Virement : IBAN FR76"))
        for said in (
            "Institut Lumière & Fils SAS Élodie Brûlé",
            "SIREN 552100554",
            "TVA FR40552100554",
            "BC-2026-889",
            "1er au 31 oct. 2026",
            "Abonnement cabines, formule Réseau avec assistance prioritaire et maintenance..",
            "12 × 89,90 € 20,00 % 1 078,80 €",
            "1 250 × 0,0375 € 20,00 % 46,88 €",
            "40 × 3,20 € 5,50 % 128,00 €",
            "Remise RENTREE 5 % des lignes à 20 % 20,00 % −56,28 €",
            "Total HT 1 483,40 €",
            "TVA 221,68 €",
            "Total TTC 1 705,08 €",
            "0,00 % 250,00 € 0,00 € 250,00 € Exonération, art. 261-4-4° a du CGI",
            "Virement, 1er novembre 500,00 €",
            "Reste à payer 1 205,08 €",
            "Reste 1 205,08 € à payer au plus tard le 1er décembre 2026",
            "Virement : IBAN FR76",
            "SIRET 812 345 678 00021",
            "option pour le paiement de la taxe d’après les débits",
            "trois fois le taux d’intérêt légal",
            "indemnité forfaitaire de 40,00 €",
        ):
            assert said in text, said

    def test_a_gift_stands_at_zero_with_what_it_would_have_cost(self) -> None:
        text = text_of(papers.professional())
        assert "Geste commercial : panne du 12 octobre au lieu de 49,00 € 20,00 % 0,00 €" in text

    def test_a_credit_note_names_its_invoice_and_where_it_went(self) -> None:
        text = text_of(papers.credit_note())
        for said in (
            "Avoir AV-2026-000318",
            "En votre faveur",
            "Facture ON-2026-038211",
            "du 20 octobre 2026",
            "Total de l’avoir TTC 3,83 €",
            "Restitution Facture ON-2026-041436 3,83 € Reste à rendre 0,00 €",
            "les jours d’Onde Hifi qui restaient vous sont rendus.",
        ):
            assert said in text, said
        assert "Échéance" not in text
        assert "escompte" not in text
        assert "−" not in text

    def test_what_is_missing_leaves_no_trace(self) -> None:
        paper = without(
            papers.usual(),
            customer=Customer(name="Camille Morel"),
            issuer=Issuer(name="Onde"),
            subscription="",
            period=None,
            due_on=None,
            mentions=(),
        )
        text = text_of(paper)
        assert "None" not in text
        assert "À Camille Morel" in text
        assert "À payer" in text
        assert "au plus tard" not in text
        assert text.endswith("Reste à payer 9,87 € Onde.") or "Onde." in text

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"due_on": date(2026, 12, 1)}, "À payer au plus tard le 1er décembre 2026"),
            ({"state": "paid", "settlements": (Settlement(means="cash", amount=987),)}, "Payée"),
            (
                {"state": "cancelled", "references": (Reference(number="AV-1", issued_on=date(2026, 11, 4)),)},
                "Annulée par l’avoir AV-1",
            ),
            ({"practice": True}, "Document d’essai, sans valeur"),
        ],
    )
    def test_where_it_stands(self, fields: dict[str, object], said: str) -> None:
        assert said in text_of(without(papers.usual(), **fields))

    def test_amounts_of_other_currencies_and_great_length(self) -> None:
        most = 999_999_999_999_999
        paper = without(
            papers.usual(),
            currency="TND",
            lines=(Line(title="Onde Famille", amount=most),),
            taxes=(TaxLine(rate=Decimal(20), base=833_333_333_333_333, vat=166_666_666_666_666),),
            net=833_333_333_333_333,
            vat=166_666_666_666_666,
            gross=most,
        )
        assert text_of(paper).count("999 999 999 999,999 TND") == 5  # sum, line, total, VAT table, left to pay

    def test_a_strip_too_narrow_for_its_labels_is_said_in_words(self) -> None:
        days = [date(2026, 11, 1), date(2026, 11, 3), date(2026, 11, 4), date(2026, 11, 8)]
        stretches = tuple(
            Stretch(title=f"Onde Famille Hifi {n}", span=Span(days[n], days[n + 1]), billed=n == 1) for n in range(3)
        )
        text = text_of(replace(papers.usual(), day_count=DayCount(why="Deux changements.", stretches=stretches)))
        assert "D’où vient ce jour." in text
        assert (
            "3 novembre, Onde Famille Hifi 1, 1 jour · 4 novembre, Onde Famille Hifi 2, 4 jours · 7 jours en tout"
            in text
        )

    def test_mentions_too_long_for_the_foot_are_printed_whole(self) -> None:
        mentions = tuple(f"Mention {number} " + "du contrat " * 25 + "finie." for number in range(8))
        text = " ".join(pages_of(render(replace(papers.usual(), mentions=mentions))))
        for number in range(8):
            assert f"Mention {number} du contrat" in text
        assert text.count("finie.") == 8


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


class TestItAddsUp:
    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"gross": 988, "vat": 166}, "lines and discounts"),
            ({"net": 821}, "are not the gross"),
            ({"taxes": (TaxLine(rate=Decimal(20), base=823, vat=164),)}, "VAT by rate"),
            ({"settlements": (Settlement(means="card", amount=988),)}, "more was settled"),
            ({"settlements": ()}, "are left to pay"),
        ],
    )
    def test_what_contradicts_itself_is_not_printed(self, fields: dict[str, object], why: str) -> None:
        with pytest.raises(DoesNotAddUp, match=why):
            replace(papers.usual(), **fields)  # type: ignore[arg-type]


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


class Canary(BaseHTTPRequestHandler):
    """Counts whoever comes."""

    visits: list[str] = []

    def do_GET(self) -> None:
        self.visits.append(self.path)
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def canary() -> Iterator[str]:
    """The address of a server that nothing may ask."""
    Canary.visits.clear()
    server = HTTPServer(("127.0.0.1", 0), Canary)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


class TestHostileInput:
    def test_the_canary_sings_where_nothing_is_denied(self, canary: str) -> None:
        from weasyprint import HTML

        HTML(string=f'<img src="{canary}/x.png">').write_pdf()
        assert Canary.visits == ["/x.png"]

    def test_nothing_is_fetched_from_net_or_disk(self, canary: str, tmp_path: Path) -> None:
        secret = tmp_path / "secret.css"
        secret.write_text('body::before { content: "TREASURE" }')
        evil = (
            f'<img src="{canary}/a.png"><link rel=stylesheet href="{secret.as_uri()}"><script src="{canary}/b.js">'
            f"</script><style>@import url({canary}/c.css)</style>{{{{7*7}}}}${{7*7}}"
        )
        svg = f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{canary}/d.png"/></svg>'.encode()
        paper = without(
            papers.usual(),
            issuer=Issuer(name=evil, brand=evil, address=(evil, evil), capital=evil, rcs=evil, logo=svg),
            customer=Customer(name=evil, company=evil, address=(evil,), vat_id=evil, siren=evil, reference=evil),
            lines=(Line(title=evil, detail=evil, formula=evil, amount=987),),
            taxes=(TaxLine(rate=Decimal(20), base=822, vat=165, reason=evil),),
            how_to_pay=evil,
            reason=evil,
            mentions=(evil, evil),
            number="<b>\"'}@page{",
        )
        text = " ".join(pages_of(render(paper)))
        assert Canary.visits == []
        assert "TREASURE" not in text
        assert "{{7*7}}" in text
        assert "49" not in re.sub(r"4949|\d{3,}", "", text)
        assert "Facture <b>\"'}@page{" in text

    def test_huge_words_controls_and_foreign_scripts_are_bounded(self) -> None:
        paper = without(
            papers.usual(),
            issuer=Issuer(name="M" * 100_000, brand="x" * 100_000, address=("y" * 100_000,) * 100),
            customer=Customer(
                name="\u202egnirts" * 5_000,
                address=("e\u0301\u0302\u0303\u0304\u0305" * 9_000, "\x00\ud800日本語 عربى 🎉👩‍👩‍👧", "B" * 1_000_000),
            ),
            lines=(
                Line(title="Z" * 1_000_000, detail="é" * 50_000, formula="1×" * 90_000, amount=970),
                *(Line(title="W" * 9_000, amount=1) for _ in range(17)),
            ),
            mentions=("m" * 1_000_000,) * 50,
        )
        started = time.monotonic()
        printed = render(paper)
        assert time.monotonic() - started < 60
        text = " ".join(pages_of(printed))
        assert "9,87 €" in text
        assert "\u202e" not in text
        assert len(printed) < 1_000_000

    def test_text_is_made_printable(self) -> None:
        assert printable("Cafe\u0301\n\n Bleu \u202e\u2066\x00\ufeff\ud800") == "Café Bleu"
        assert printable("o" + "\u0301" * 50) == "ó" + "\u0301" * 3
        assert printable("a" * 500, limit=10) == "aaaaaaaaa…"
        assert printable("👩‍👩‍👧") == "👩‍👩‍👧"


def png(width: int, height: int) -> bytes:
    """A grey PNG that says it is this large."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\x00" * (height * (width + 1)) if height < 3_000 else b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">%s</svg>'


class TestLogos:
    @pytest.mark.parametrize(
        "content",
        [
            papers.LOGO,
            (SVG % '<defs><linearGradient id="g"><stop offset="0"/></linearGradient></defs>'
             '<rect width="9" height="9" fill="url(#g)"/>').encode(),
            png(60, 40),
        ],
        ids=["svg", "gradient", "png"],
    )  # fmt: skip
    def test_plain_ones_are_drawn(self, content: bytes) -> None:
        assert safe_logo(content) is not None
        drawn = render(replace(papers.usual(), issuer=replace(papers.ONDE, logo=content)))
        bare = render(replace(papers.usual(), issuer=replace(papers.ONDE, logo=None)))
        assert drawn != bare

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"GIF89a",
            b"<svg>",
            SVG.encode() % b"<script>alert(1)</script>",
            SVG.encode() % b'<image href="file:///etc/passwd"/>',
            SVG.encode() % b'<use xlink:href="#a"/>',
            SVG.encode() % b"<style>@import url(http://evil)</style>",
            SVG.encode() % b'<rect fill="url(http://evil)"/>',
            SVG.encode() % b'<rect style="background:url(file:///etc/passwd)"/>',
            SVG.encode() % b'<rect onload="alert(1)"/>',
            SVG.encode() % b"<foreignObject/>",
            SVG.encode() % (b"<path/>" * 2_000),
            b'<!DOCTYPE svg [<!ENTITY a "aa">]>' + SVG.encode() % b"<path/>",
            b'<!DOCTYPE svg SYSTEM "file:///etc/passwd">' + SVG.encode() % b"<path/>",
            b'<html xmlns="http://www.w3.org/1999/xhtml"/>',
            SVG.encode() % (b" " * LOGO_BYTES),
            png(60_000, 60_000),
            b"\x89PNG\r\n\x1a\n",
        ],
    )
    def test_others_are_left_out_and_the_name_stands_in_their_place(self, content: bytes) -> None:
        assert safe_logo(content) is None

    def test_the_name_stands_where_the_logo_cannot(self) -> None:
        issuer = replace(papers.ONDE, name="Soleil", brand="", logo=b"<svg>")
        assert text_of(replace(papers.usual(), issuer=issuer)).startswith("Soleil Facture")

    def test_what_passes_and_still_cannot_be_drawn_does_not_stop_the_document(self) -> None:
        broken = (SVG % '<path d="M0 0 L nonsense"/><rect width="x"/>').encode()
        assert "9,87 €" in text_of(replace(papers.usual(), issuer=replace(papers.ONDE, logo=broken)))
