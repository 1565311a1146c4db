"""Files that strangers made: read within bounds or refused with a word, never believed."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime

import openpyxl
import pytest

from billing.imports import reading, workbooks
from billing.imports.cells import date_of, text_of
from billing.imports.lines import Line
from billing.imports.mapping import FIELDS, guess
from billing.imports.reading import read
from merchants.refusals import Invalid

TABLE = "Nom;Début\nZoé;01/02/2024\n"


def workbook(*rows, **sheets) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    for act in sheets.values():
        act(sheet)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def refused(content: bytes) -> str:
    with pytest.raises(Invalid) as found:
        list(read(content).lines)
    (error,) = found.value.errors
    assert error.field == "file"
    return error.code


def cells(content: bytes) -> list[tuple]:
    return [line.cells for line in read(content).lines]


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_table_is_read_in_the_encodings_of_its_time(coding):
    table = read(TABLE.encode(coding))
    assert table.headings == ("Nom", "Début") and list(table.lines) == [Line(2, ("Zoé", "01/02/2024"))]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_and_with_any_usual_separator(separator):
    content = f'Nom{separator}"Ville{separator} rue"\n"Zoé ""Z"""{separator}Lyon\n'.encode()
    assert read(content).headings == ("Nom", f"Ville{separator} rue")
    assert cells(content) == [('Zoé "Z"', "Lyon")]


def test_lines_are_numbered_as_a_spreadsheet_does_and_blank_ones_passed_over():
    content = '\n;;\nNom;Ville\n\nZoé;Lyon\n ; \n"a\nb";c\nd;e'.encode()
    assert [(line.number, line.cells[0]) for line in read(content).lines] == [(5, "Zoé"), (7, "a\nb"), (9, "d")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\x00\x00", "file_empty"),
        (b"\n;;;\n", "file_empty"),
        (b"Nom;Ville", "file_without_rows"),
        (b'Nom;Ville\n"Zo', "csv_broken"),
        (b'Nom;Ville\n"Zo"x;y\n', "csv_broken"),
        (b"Nom;" + b"\x81\x8d\x8f" + b"\nx;y", "encoding_unknown"),
        (bytes(range(256)) * 4, "file_not_a_table"),
        (b"%PDF-1.7\n\x00\x01\x02\x03", "file_not_a_table"),
        (b"\xff\xfeN\x00o", "encoding_unknown"),
        (reading.OLD_OFFICE + b"\x00" * 600, "file_of_old_excel"),
        (b"PK\x03\x04nothing", "workbook_broken"),
        (";".join(map(str, range(101))).encode() + b"\nx", "too_many_columns"),
        (b"Nom\n" + b"x" * 200_000, "csv_broken"),
    ],
)
def test_what_is_no_table_is_refused_with_a_word(content, code):
    assert refused(content) == code


def test_too_large_and_too_many(monkeypatch):
    assert refused(b"a" * (reading.LARGEST + 1)) == "file_too_large"
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    assert refused(b"Nom\n" + b"x\n" * 4) == "too_many_rows"
    assert len(cells(b"Nom\n" + b"x\n" * 3)) == 3


def test_a_row_wider_than_its_heading_and_a_cell_that_is_a_book_are_broken_not_cut():
    found = list(read(b"Nom;Ville\na;b;c\n" + b"d;" + b"e" * 1_001 + b"\nf;g\n").lines)
    assert [line.broken for line in found] == ["cells_beyond_heading", "cell_too_long", ""]
    assert len(str(found[1].cells[1])) == 1_000


def test_a_workbook_gives_dates_numbers_and_text():
    content = workbook(
        ["Nom", "Début", "Prix", "Tel"], ["Zoé", datetime(2024, 2, 1), 29.9, 612345678], [], ["Ana", "", None, True]
    )
    assert cells(content) == [("Zoé", date(2024, 2, 1), 29.9, 612345678.0), ("Ana", None, None, "1")]


def test_of_a_formula_the_value_counts_and_never_the_formula():
    content = workbook(["Nom", "Prix"], ["Zoé", "=1+1"], ['=HYPERLINK("http://x")', 3])
    assert cells(content) == [("Zoé", None), (None, 3.0)]  # never calculated: no value was saved
    with pytest.raises(Invalid) as wrong:
        text_of("#REF!", "name")
    assert wrong.value.code == "cell_error"


def test_merged_cells_break_their_rows_and_a_merged_heading_the_file():
    def merge(span):
        return lambda sheet: sheet.merge_cells(span)

    rows = (["Nom", "Ville"], ["Zoé", "Lyon"], ["Ana", "Bron"], ["Léa", "Nice"])
    found = read(workbook(*rows, a=merge("B2:B3")))
    assert [(line.number, line.broken) for line in found.lines] == [(2, "merged_cells"), (3, "merged_cells"), (4, "")]
    assert refused(workbook(*rows, a=merge("A1:B1"))) == "heading_merged"


def test_the_first_visible_sheet_counts():
    book = openpyxl.Workbook()
    book.active.sheet_state = "hidden"
    book.active.append(["secret"])
    book.create_sheet().append(["Nom"])
    book.worksheets[1].append(["Zoé"])
    kept = io.BytesIO()
    book.save(kept)
    assert cells(kept.getvalue()) == [("Zoé",)]


def repacked(content: bytes, change) -> bytes:
    """The workbook with one part after another changed by `change(name, bytes)`."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, change(part.filename, old.read(part)))
    return kept.getvalue()


def test_a_zip_bomb_is_not_unpacked(monkeypatch):
    good = workbook(["Nom"], ["Zoé"])
    bomb = repacked(good, lambda name, raw: raw + b" " * 40_000_000 if "sheet1" in name else raw)
    assert len(bomb) < 100_000 and refused(bomb) == "workbook_unpacks_too_large"
    monkeypatch.setattr(workbooks, "MOST_PARTS", 3)
    assert refused(good) == "workbook_unpacks_too_large"


@pytest.mark.parametrize("where", ["sheet1", "workbook.xml", "workbook.xml.rels", "styles"])
def test_entities_are_refused_wherever_they_are_defined(where):
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'

    def laughing(name, raw):
        if where not in name or (b"?>" not in raw and not raw.startswith(b"<")):
            return raw
        head, mark, rest = raw.partition(b"?>")
        return head + mark + laughs + rest if mark else laughs + raw

    book = repacked(workbook(["Nom"], ["Zoé"]), laughing)
    assert refused(book) == "workbook_broken"
    padded = repacked(
        workbook(["Nom"], ["Zoé"]), lambda name, raw: laughing(name, raw).replace(b"?>", b"?>" + b" " * 9_000, 1)
    )
    assert refused(padded) == "workbook_broken"


def test_a_zip_that_is_no_workbook_and_one_that_is_locked_are_refused():
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert refused(kept.getvalue()) == "file_not_a_table"
    locked = bytearray(workbook(["Nom"], ["Zoé"]))
    at = 0
    while (at := locked.find(b"PK\x01\x02", at)) >= 0:
        locked[at + 8] |= 1
        at += 4
    assert refused(bytes(locked)) == "workbook_locked"


def test_a_sheet_that_says_it_has_a_billion_rows_has_those_it_has():
    book = repacked(
        workbook(["Nom"], ["Zoé"]),
        lambda name, raw: raw.replace(b'ref="A1:A2"', b'ref="A1:XFD1048576"') if "sheet1" in name else raw,
    )
    assert cells(book) == [("Zoé",)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("31/02/2024", "date_missing"), ("29/02/2023", "date_missing"), ("32/01/2024", "date_missing"),
        ("01/13/2024", "date_missing"), ("00/00/0000", "date_missing"), ("0000-00-00", "date_missing"),
        ("1 mars 2024", "date_malformed"), ("20240131", "date_malformed"), ("31/01", "date_malformed"),
        ("31/01/1712", "date_out_of_range"), (12.5, "date_malformed"), (1e12, "date_malformed"),
    ],
)  # fmt: skip
def test_days_that_do_not_exist(text, code):
    with pytest.raises(Invalid) as found:
        date_of(text, "start_on")
    assert (found.value.errors[0].field, found.value.code) == ("start_on", code)


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (
            "N° adhérent;Nom;Prénom;E-mail;Tél. portable;Né(e) le;Salon;Formule;Début;Payé jusqu'au;Montant;IBAN;RUM;"
            "Date du mandat",
            "reference last_name first_name email phone birth_on site offer start_on paid_until amount iban "
            "mandate_reference mandate_signed_on",
        ),
        (
            "Member No;Full name;Email address;Mobile phone;Date of birth;Plan;Start date;Next billing date;"
            "Monthly fee",
            "reference name email phone birth_on offer start_on paid_until amount",
        ),
    ],
)
def test_columns_are_guessed_in_two_languages(headings, expected):
    found = guess(headings.split(";"))
    assert [found[name] for name in expected.split()] == list(range(len(found)))


def test_every_field_is_guessed_by_its_own_name_in_the_api():
    for name in set(FIELDS) - {"last_name", "first_name"}:
        assert name in guess([name]), name
