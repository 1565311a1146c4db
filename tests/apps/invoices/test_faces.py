"""Faces of documents: names of the world are drawn, by our own faces alone, and what is not drawn is seen and told."""

from __future__ import annotations

import logging
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pikepdf
import pypdf
import pytest

from invoices import faces
from invoices.faces import BOX, PARTS_LIMIT, choose
from invoices.paper import Customer, Paper
from invoices.pdf import render
from invoices.press import _other_press, _OwnFaces, press_for
from tests.apps.invoices import papers
from tools import cut_paper_fonts
from tools.devstack import messages

NAMES = {
    "noto-sans-arabic": "محمد بن عبد الله",
    "noto-sans-hebrew": "דוד בן־גוריון",
    "noto-sans-thai": "สมชาย ใจดี",
    "noto-sans-devanagari": "अमित कुमार",
    "noto-sans-bengali": "অমিত রায়",
    "noto-sans-tamil": "அமித்",
    "noto-sans-armenian": "Արամ",
    "noto-sans-georgian": "გიორგი",
    "noto-sans-sc": "王小明",
    "noto-sans-jp": "田中たろう",
    "noto-sans-kr": "김철수",
    "noto-emoji": "🎉",
}


@pytest.fixture(autouse=True, scope="module")
def french() -> None:
    """The catalogues as they stand in the tree."""
    messages.compile_all()


def of(name: str, country: str = "") -> Paper:
    """A document for somebody of that name."""
    return replace(papers.usual(), day_count=None, customer=Customer(name=name, country=country))


def fonts_of(printed: bytes) -> set[str]:
    """The families embedded, without the letters that a subset puts before them."""
    with pikepdf.open(BytesIO(printed)) as pdf:
        found = [one for one in pdf.objects if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/Font"]
        return {str(one.BaseFont).split("+")[-1] for one in found if one.Subtype == "/Type0"}


class TestChoosing:
    @pytest.mark.parametrize(("package", "name"), NAMES.items())
    def test_a_script_has_its_own_faces(self, package: str, name: str) -> None:
        chosen = choose(f"Facture pour {name}")
        assert {face.package for face in chosen.faces} == {package}
        assert not chosen.missing

    def test_latin_greek_and_cyrillic_need_nothing_beside_inter(self) -> None:
        assert choose("Œuvre, Łukasz Żółć, Ελένη Παππά, Ольга, Nguyễn Văn Đức, 1 234,50 €, 3 × 4 − 2") == choose("")

    @pytest.mark.parametrize(
        ("text", "country", "forms"),
        [
            ("直", "", "sc"),
            ("直", "CN", "sc"),
            ("直", "JP", "jp"),
            ("直", "TW", "tc"),
            ("直", "HK", "tc"),
            ("直ノ", "CN", "jp"),
            ("直 김", "", "kr"),
        ],
    )
    def test_ideographs_take_the_forms_of_their_readers(self, text: str, country: str, forms: str) -> None:
        assert {face.package for face in choose(text, country=country).faces} == {f"noto-sans-{forms}"}

    def test_a_name_costs_a_few_parts_not_a_script(self) -> None:
        assert len(choose("王小明").faces) <= 3

    @pytest.mark.parametrize(
        ("codec", "first", "last", "without"),
        [("gb2312", 0xB0, 0xF7, 21), ("euc_jp", 0xB0, 0xF4, 0), ("euc_kr", 0xB0, 0xFD, 0), ("big5", 0xA4, 0xC6, 8)],
    )
    def test_what_is_commonly_written_is_drawn(self, codec: str, first: int, last: int, without: int) -> None:
        """Of the national sets of common characters, those that no face draws are counted (docs/decisions)."""
        seconds = (*range(0x40, 0x7F), *range(0xA1, 0xFF)) if codec == "big5" else range(0xA1, 0xFF)
        common = {bytes((a, b)).decode(codec, "ignore") for a in range(first, last + 1) for b in seconds} - {""}
        assert len(common) > 5_000
        drawn = faces._inter().union(*(faces._archive(f"noto-sans-{one}") for one in faces.IDEOGRAPHS))
        assert len({sign for sign in common if len(sign) == 1} - drawn) == without

    def test_a_text_of_everything_takes_no_more_parts_than_the_limit(self) -> None:
        chosen = choose("".join(map(chr, range(0x3400, 0xD7A4))))
        assert len(chosen.faces) <= PARTS_LIMIT + 1
        assert chosen.missing


class TestPrinted:
    def test_names_are_embedded_and_can_be_read_back(self) -> None:
        names = "王小明 田中 สมชาย 김철수 Արամ"
        printed = render(of(names))
        (page,) = pypdf.PdfReader(BytesIO(printed)).pages
        text = page.extract_text()
        assert all(name in text for name in ("王小明", "田中", "김철수", "Արամ"))
        families = fonts_of(printed)
        assert all(family.startswith(("Inter-Paper", "noto-")) for family in families), families
        assert any("noto-sans-armenian" in family for family in families)

    def test_an_invoice_in_latin_letters_embeds_inter_alone_whatever_was_printed_before(self) -> None:
        before = render(of("Camille Morel"))
        render(of("王小明 محمد 🎉"))
        assert render(of("Camille Morel")) == before
        assert all(family.startswith("Inter") for family in fonts_of(before))
        assert len(before) < 30_000

    def test_what_no_face_draws_is_a_box_and_told(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING, "invoices.pdf"):
            printed = render(of("Sigrún ᛋᛁ"))
        assert f"Sigrún {BOX}{BOX}" in pypdf.PdfReader(BytesIO(printed)).pages[0].extract_text()
        (record,) = [record for record in caplog.records if record.name == "invoices.pdf"]
        assert "ON-2026-041436: 2 of its characters are not drawn: U+16C1 U+16CB" in record.getMessage()

    def test_nothing_is_told_where_all_is_drawn(self, caplog: pytest.LogCaptureFixture) -> None:
        render(of("王小明"))
        assert not [record for record in caplog.records if record.name == "invoices.pdf"]

    def test_no_font_of_the_machine_is_known(self) -> None:
        from weasyprint.text.ffi import ffi, fontconfig

        own = _OwnFaces()
        known = fontconfig.FcConfigGetFonts(own._config, fontconfig.FcSetSystem)
        assert known == ffi.NULL or known.nfont == 0

    def test_presses_are_kept_and_bounded(self) -> None:
        chosen = choose("王小明").faces
        assert press_for(chosen) is press_for(chosen)
        assert press_for(()) is press_for(())
        assert (_other_press.cache_info().maxsize or 1_000) <= 12


class TestVendored:
    def test_the_files_are_those_of_the_lock(self) -> None:
        assert cut_paper_fonts.check() == []

    def test_a_stranger_among_the_files_is_found(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "stranger.woff2").write_bytes(b"x")
        (tmp_path / "lock.json").write_text('{"gone.woff2": "0"}')
        monkeypatch.setattr(cut_paper_fonts, "DEST", tmp_path)
        monkeypatch.setattr(cut_paper_fonts, "LOCK", tmp_path / "lock.json")
        assert cut_paper_fonts.check() == ["gone.woff2", "stranger.woff2"]
