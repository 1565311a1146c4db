"""The forms of exports, read back by other people's programs: csv of the standard library, openpyxl, pyarrow."""

from __future__ import annotations

import csv
import io
import random
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest

from billing.exports import as_parquet
from billing.exports.as_csv import CsvFile
from billing.exports.as_parquet import ParquetFile
from billing.exports.as_xlsx import XlsxFile
from billing.exports.cells import harmless
from billing.exports.columns import amount, day, instant, major, number, text, whole

COLUMNS = (
    text("name", "Name"),
    whole("count", "How many"),
    amount("total", "Total"),
    number("rate", "Rate"),
    day("on", "Day"),
    instant("at", "At"),
)
AT = datetime(2026, 10, 25, 0, 30, 15, 250_000, tzinfo=UTC)  # 02:30 in Paris, the first of two
ROWS = [
    ("Lucie Garnier", 3, Decimal("12.99"), Decimal("5.5"), date(2026, 2, 28), AT),
    ("Noël « Œuvre », 🎵\u202f!", -1, Decimal("-0.01"), Decimal("0.000001"), date(1899, 12, 31), None),
    (None, None, Decimal("9999999999999.99"), Decimal("20"), None, datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC)),
    ('a;b,"c"', 2**53, Decimal("1500"), None, date(2024, 2, 29), AT),
]
HOSTILE = [
    '=HYPERLINK("http://x.example","pay")',
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    '"=1+1',
    " ' \u00a0=1+1",
    "\u200b\ufeff=1+1",
    "＝1+1",
    "−1",
    "a\x00b\x07c",
    "one\r\ntwo\n=three",
    "+33 6 12 34 56 78",
]


def as_csv(rows: Any, **how: Any) -> bytes:
    file = io.BytesIO()
    writer = CsvFile(file, COLUMNS, zone="Europe/Paris", **how)
    writer.write(rows)
    writer.close()
    return file.getvalue()


def as_book(rows: Any, **how: Any) -> Any:
    file = io.BytesIO()
    about = ("About", [("Rows", "=1+1"), ("Span", "2026-01-01 – 2026-01-31")])
    writer = XlsxFile(file, COLUMNS, zone="Europe/Paris", title="Invoices", about=about, made_at=AT, **how)
    writer.write(rows)
    writer.close()
    file.seek(0)
    return openpyxl.load_workbook(file)


def as_table(rows: Any) -> Any:
    file = io.BytesIO()
    writer = ParquetFile(file, COLUMNS)
    writer.write(rows)
    writer.close()
    file.seek(0)
    return pyarrow.parquet.ParquetFile(file)


def test_csv_says_numbers_dates_and_instants_plainly():
    read = list(csv.reader(io.StringIO(as_csv(ROWS).decode(), newline="")))
    assert read == [
        ["name", "count", "total", "rate", "on", "at"],
        ["Lucie Garnier", "3", "12.99", "5.5", "2026-02-28", "2026-10-25T02:30:15+02:00"],
        ["Noël « Œuvre », 🎵\u202f!", "-1", "-0.01", "0.000001", "1899-12-31", ""],
        ["", "", "9999999999999.99", "20", "", "1970-01-01T00:59:59+01:00"],
        ['a;b,"c"', "9007199254740992", "1500", "", "2024-02-29", "2026-10-25T02:30:15+02:00"],
    ]


def test_csv_is_bytes_that_rfc_4180_asks_for():
    found = as_csv(ROWS[3:])
    assert found == (
        b'name,count,total,rate,on,at\r\n"a;b,""c""",9007199254740992,1500,,2024-02-29,2026-10-25T02:30:15+02:00\r\n'
    )
    assert as_csv(ROWS, bom=True) == b"\xef\xbb\xbf" + as_csv(ROWS)


def test_french_csv_has_semicolons_and_decimal_commas():
    lines = as_csv(ROWS, commas=True).decode().split("\r\n")
    assert lines[0] == "name;count;total;rate;on;at"
    assert lines[1] == "Lucie Garnier;3;12,99;5,5;2026-02-28;2026-10-25T02:30:15+02:00"
    assert lines[4].startswith('"a;b,""c""";9007199254740992;1500;;')


@pytest.mark.parametrize("cell", HOSTILE)
@pytest.mark.parametrize("how", [{}, {"commas": True}, {"bom": True}])
def test_no_cell_of_a_csv_is_a_formula(cell, how):
    said = as_csv([(cell, -5, Decimal("-12.99"), None, None, None)], **how).decode("utf-8-sig")
    assert said.count("\r\n") == 2 and said.count("\n") == 2  # one line a row, whatever a text holds
    (row,) = list(csv.reader(io.StringIO(said, newline=""), delimiter=";" if "commas" in how else ","))[1:]
    assert row[0].lstrip(" \u00a0\"'\u200b\ufeff")[:1] not in set("=+-@＝−") or row[0].startswith("'")
    assert not any(ord(sign) < 32 or ord(sign) in {0x7F, 0xFEFF} for sign in row[0])
    assert row[1:3] == ["-5", "-12,99" if "commas" in how else "-12.99"]  # numbers stay numbers


@pytest.mark.parametrize("cell", ["a;=1+1", 'b; "=HYPERLINK(1)', "c,=1+1", "d, +1"])
def test_a_csv_split_at_another_countrys_separator_holds_no_formula_either(cell):
    for how, foreign in (({}, ";"), ({"commas": True}, ",")):
        line = as_csv([(cell, None, None, None, None, None)], **how).decode().split("\r\n")[1]
        assert not any(part.strip(' "')[:1] in set("=+@") for part in line.split(foreign)), (how, line)


def test_harmless_texts_are_left_as_they_are():
    for said in ("Lucie", "Garnier-Roux", "1+1=2", "a = b", "lucie@courriel.example", "«Bleu»", "", "12,99 €", "'90s"):
        assert harmless(said) == said


def test_a_workbook_holds_real_dates_and_numbers():
    sheet = as_book(ROWS).worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["Name", "How many", "Total", "Rate", "Day", "At"]
    first = sheet[2]
    assert [cell.value for cell in first] == [
        "Lucie Garnier", 3, 12.99, 5.5, datetime(2026, 2, 28), datetime(2026, 10, 25, 2, 30, 15, 250_000),
    ]  # fmt: skip
    assert [cell.data_type for cell in first][1:] == ["n", "n", "n", "d", "d"]
    assert [first[2].number_format, sheet[5][2].number_format, first[4].number_format] == [
        "#,##0.00",
        "#,##0",
        "yyyy-mm-dd",
    ]
    assert sheet[3][2].value == -0.01 and sheet[4][2].value == 9999999999999.99
    assert sheet[3][4].value == "1899-12-31"  # workbooks know no day before 1900
    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["A"].width > 17
    assert sheet.auto_filter.ref == "A1:F5"


@pytest.mark.parametrize("cell", HOSTILE)
def test_no_cell_of_a_workbook_is_a_formula(cell):
    sheet = as_book([(cell, -5, Decimal("-12.99"), None, None, None)]).worksheets[0]
    assert sheet["A2"].data_type != "f" and sheet["A2"].value == harmless(cell)
    assert (sheet["B2"].value, sheet["C2"].value) == (-5, -12.99)


def test_a_workbook_says_what_it_is_and_its_words_come_to_nothing():
    about = as_book(ROWS)["About"]
    assert [[cell.value for cell in row] for row in about.rows] == [
        ["Rows", "'=1+1"],
        ["Span", "2026-01-01 – 2026-01-31"],
    ]


def test_more_rows_than_a_sheet_holds_go_on_in_the_next_one():
    book = as_book([(str(n), n, None, None, None, None) for n in range(7)], most=4)
    assert book.sheetnames == ["Invoices", "Invoices 2", "Invoices 3", "About"]
    held = [[row[1].value for row in book[name].iter_rows(min_row=2)] for name in book.sheetnames[:3]]
    assert held == [[0, 1, 2], [3, 4, 5], [6]]
    assert [book[name]["A1"].value for name in book.sheetnames[:3]] == ["Name"] * 3


def test_a_text_too_long_for_a_cell_is_cut_and_says_so():
    sheet = as_book([("x" * 40_000, None, None, None, None, None)]).worksheets[0]
    assert len(sheet["A2"].value) == 32_767 and sheet["A2"].value.endswith("…")


def test_parquet_is_typed_and_exact():
    found = as_table(ROWS)
    assert found.schema_arrow == pyarrow.schema(
        [
            ("name", pyarrow.string()),
            ("count", pyarrow.int64()),
            ("total", pyarrow.decimal128(18, 3)),
            ("rate", pyarrow.decimal128(18, 6)),
            ("on", pyarrow.date32()),
            ("at", pyarrow.timestamp("us", tz="UTC")),
        ]
    )
    assert [tuple(row.values()) for row in found.read().to_pylist()] == ROWS
    assert found.metadata.created_by == "tacite"
    assert {found.metadata.row_group(0).column(n).compression for n in range(6)} == {"GZIP"}


def test_parquet_leaves_texts_as_they_are():
    found = as_table([(cell, None, None, None, None, None) for cell in HOSTILE])
    assert found.read()["name"].to_pylist() == HOSTILE


def test_parquet_of_many_groups_of_rows_with_and_without_empty_cells(monkeypatch):
    monkeypatch.setattr(as_parquet, "ROWS", 1_000)
    chance = random.Random(7)
    rows = [
        (
            None if chance.random() < 0.3 else f"é{n}" * chance.randrange(4),
            n,
            None if n % 17 else major(n * 7 - 9_000, "EUR"),
            Decimal(n) / 8,
            None if n < 1_000 else date.fromordinal(700_000 + n),
            None if n % 2 else datetime.fromtimestamp(n * 1_234.5, UTC),
        )
        for n in range(3_333)
    ]
    found = as_table(rows)
    assert [found.metadata.row_group(n).num_rows for n in range(found.num_row_groups)] == [1_000, 1_000, 1_000, 333]
    assert [tuple(row.values()) for row in found.read().to_pylist()] == rows


def test_parquet_without_rows_has_its_columns():
    found = as_table([])
    assert (found.metadata.num_rows, found.read().num_rows) == (0, 0)
    assert found.schema_arrow.names == [column.name for column in COLUMNS]


class Nowhere(io.RawIOBase):
    """Takes everything, keeps nothing."""

    def __init__(self) -> None:
        self.at = 0

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, to: int, whence: int = 0) -> int:
        self.at = to if whence == 0 else self.at + to
        return self.at

    def write(self, data: Any) -> int:
        self.at += len(data)
        return len(data)


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_memory_does_not_grow_with_the_rows(form, monkeypatch):
    monkeypatch.setattr(as_parquet, "ROWS", 200)

    def peak(pieces: int) -> int:
        file: Any = Nowhere()
        tracemalloc.start()
        if form == "csv":
            writer: Any = CsvFile(file, COLUMNS, zone="Europe/Paris")
        elif form == "xlsx":
            writer = XlsxFile(file, COLUMNS, zone="Europe/Paris", title="x", about=("About", []), made_at=AT)
        else:
            writer = ParquetFile(file, COLUMNS)
        for piece in range(pieces):
            writer.write([(f"{piece} {n}", n, Decimal("12.99"), Decimal(20), AT.date(), AT) for n in range(100)])
        writer.close()
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(1)  # what is loaded once
    assert peak(16) < peak(4) * 1.25 + 32_768
