"""Nothing hostile gets through: no address is fetched, texts are bounded, logos are safe or left out."""

from __future__ import annotations

import re
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from invoices.logos import LOGO_BYTES, safe_logo
from invoices.paper import (
    Customer,
    Issuer,
    Line,
    TaxLine,
    printable,
)
from invoices.pdf import render
from tests.apps.invoices import papers
from tests.apps.invoices.papers import pages_of, text_of, without
from tools.devstack import messages


@pytest.fixture(autouse=True, scope="module")
def french() -> None:
    """The catalogues as they stand in the tree."""
    messages.compile_all()


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
