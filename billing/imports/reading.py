"""An uploaded table, CSV or XLSX, as a heading and rows of text: bounded in every direction before it is believed.

CSV in UTF-8, UTF-16 or Windows-1252, separated by comma, semicolon, tab or bar. What cannot be read is refused with a
word for whoever uploaded it; no line is ever left out silently.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from billing.imports.lines import MOST_COLUMNS, MOST_ROWS, Cell, Line, refused
from billing.imports.workbooks import read_workbook
from merchants.refusals import gettext_noop

LARGEST = 20 * 1024 * 1024
LONGEST_CELL = 1_000
SEPARATORS = ";,\t|"
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
OLD_OFFICE = b"\xd0\xcf\x11\xe0"
"""How files of Excel 97 begin, and workbooks with a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What was found: the kind of file, its headings, and its rows, read as they are asked for."""

    kind: str
    headings: tuple[str, ...]
    lines: Iterator[Line]


def read(content: bytes) -> Table:
    """The table of a file. Raises Invalid at `file`, at once or while its lines are read."""
    if not content.strip(b"\x00 \r\n\t"):
        raise refused("file_empty", gettext_noop("This file is empty."))
    if len(content) > LARGEST:
        raise refused("file_too_large", gettext_noop("At most %(most)s MB."), {"most": LARGEST // 1024 // 1024})
    if content.startswith(OLD_OFFICE):
        detail = gettext_noop("A workbook of an old Excel, or one with a password: save it as .xlsx without one.")
        raise refused("file_of_old_excel", detail)
    if content.startswith(b"PK\x03\x04"):
        kind, rows = "xlsx", read_workbook(content)
    else:
        kind, rows = "csv", _csv_lines(content)
    return _table(kind, rows)


def _table(kind: str, rows: Iterator[Line]) -> Table:
    """The first row that says anything is the heading."""
    for line in rows:
        if any(cell is not None for cell in line.cells):
            if line.broken:
                detail = gettext_noop("Cells of the heading are merged: undo that, one heading a column.")
                raise refused("heading_merged", detail)
            headings = tuple(shown(cell) for cell in line.cells)
            while headings and not headings[-1]:
                headings = headings[:-1]
            if len(headings) > MOST_COLUMNS:
                raise refused("too_many_columns", gettext_noop("At most %(most)s columns."), {"most": MOST_COLUMNS})
            return Table(kind=kind, headings=headings, lines=_bounded(rows, len(headings)))
    raise refused("file_empty", gettext_noop("This file is empty."))


def _bounded(rows: Iterator[Line], width: int) -> Iterator[Line]:
    """Rows that say something, as wide as the heading."""
    count = 0
    for line in rows:
        if not any(cell is not None for cell in line.cells):
            continue
        count += 1
        if count > MOST_ROWS:
            raise refused("too_many_rows", gettext_noop("At most %(most)s rows: cut the file."), {"most": MOST_ROWS})
        beyond = any(cell is not None for cell in line.cells[width:])
        cells = (*line.cells[:width], *[None] * (width - len(line.cells)))
        broken = line.broken or ("cells_beyond_heading" if beyond else "")
        if any(isinstance(cell, str) and len(cell) > LONGEST_CELL for cell in cells):
            broken = "cell_too_long"
            cells = tuple(cell[:LONGEST_CELL] if isinstance(cell, str) else cell for cell in cells)
        yield Line(line.number, cells, broken)
    if not count:
        raise refused("file_without_rows", gettext_noop("There are no rows below the heading."))


def shown(cell: Cell) -> str:
    """A cell as a person reads it.

    >>> shown(612.0), shown(29.9), shown(date(2026, 3, 1)), shown(None)
    ('612', '29.9', '2026-03-01', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        cell = cell.date()
    return cell.isoformat() if isinstance(cell, date) else cell


def _csv_lines(content: bytes) -> Iterator[Line]:
    text = decoded(content)
    separator = separator_of(text)
    csv.field_size_limit(131_072)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    before = 0
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            detail = gettext_noop("A quotation mark that opens on line %(line)s is not closed as it should be.")
            raise refused("csv_broken", detail, {"line": before + 1}) from None
        number, before = before + 1, rows.line_num
        if len(row) > MOST_COLUMNS * 2:
            raise refused("too_many_columns", gettext_noop("At most %(most)s columns."), {"most": MOST_COLUMNS})
        yield Line(number, tuple(cell.strip() or None for cell in row))


def decoded(content: bytes) -> str:
    """The text of a CSV file. Raises Invalid (`file_not_a_table`, `encoding_unknown`).

    >>> decoded("é".encode("cp1252")), decoded("\\ufeffé".encode()), decoded("é;a".encode("utf-16"))
    ('é', 'é', 'é;a')
    """
    coding = next((name for mark, name in BOMS if content.startswith(mark)), "")
    nuls = content[:4_000].count(0)
    if not coding and nuls:
        halves = (content[:4_000:2].count(0), content[1:4_000:2].count(0))
        if max(halves) < 3 * min(halves) or max(halves) * 8 < len(content[:4_000]):
            raise refused(
                "file_not_a_table", gettext_noop("This is no table: upload a CSV file or an Excel workbook (.xlsx).")
            )
        coding = "utf-16-be" if halves[0] > halves[1] else "utf-16-le"
    for each in (coding,) if coding else ("utf-8", "cp1252"):
        try:
            text = content.decode(each)
        except UnicodeDecodeError:
            continue
        if "\x00" in text or "\ufffd" in text or sum(c < " " and c not in "\t\r\n\x1c" for c in text[:4_000]) > 2:
            break
        return text.removeprefix("\ufeff")
    else:
        detail = gettext_noop("Its letters cannot be read: save it as “CSV UTF-8”.")
        raise refused("encoding_unknown", detail)
    raise refused("file_not_a_table", gettext_noop("This is no table: upload a CSV file or an Excel workbook (.xlsx)."))


def separator_of(text: str) -> str:
    r"""What separates cells: the sign that the heading has most often outside quotes.

    >>> separator_of('Nom;"Adresse, ville";Date\n'), separator_of("a\tb\n"), separator_of("name\n")
    (';', '\t', ';')
    """
    for line in io.StringIO(text):
        if line.strip():
            plain = "".join(part for at, part in enumerate(line.split('"')) if at % 2 == 0)
            return max(SEPARATORS, key=lambda sign: plain.count(sign))
    return ";"
