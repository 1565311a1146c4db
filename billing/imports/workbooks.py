"""An Excel workbook, read row by row. It is a ZIP of XML that a stranger made: how much it unpacks to is asked before
anything is unpacked, documents that define entities are refused, formulas count by the value that Excel last saved."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from zipfile import ZipFile

import openpyxl

from billing.imports.lines import MOST_COLUMNS, MOST_ROWS, Cell, Line, refused
from merchants.refusals import Invalid, gettext_noop

MOST_UNPACKED = 150 * 1024 * 1024
MOST_TIMES = 150
"""How many times larger than itself a part may become; sheets of real members become ten times."""
MOST_PARTS = 1_000
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"')


class _Merged(NamedTuple):
    first: int
    last: int


def read_workbook(content: bytes) -> Iterator[Line]:
    """The rows of the first sheet. Raises Invalid at `file`."""
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            _check(archive)
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            sheet: Any = next((one for one in book.worksheets if one.sheet_state == "visible"), None)
            if sheet is None:
                raise refused("file_empty", gettext_noop("This file is empty."))
            merged = _merged(archive, str(sheet._worksheet_path))
        yield from _lines(sheet, merged)
    except Invalid:
        raise
    except Exception as broken:
        detail = gettext_noop("This workbook cannot be read: open it in Excel, save it again as .xlsx.")
        raise Invalid.at("file", "workbook_broken", detail) from broken


def _lines(sheet: Any, merged: Mapping[int, _Merged]) -> Iterator[Line]:
    sheet.reset_dimensions()  # what the file says of its size is not believed
    empty = 0
    for at, row in enumerate(sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS * 2), start=1):
        cells = tuple(_cell(value) for value in row)
        empty = 0 if any(cell is not None for cell in cells) else empty + 1
        if empty > MOST_ROWS:
            return
        yield Line(at, cells, "merged_cells" if at in merged else "")


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, bool):
        return None if value is None else ("1" if value else "0")
    if isinstance(value, datetime | date):
        return value.date() if isinstance(value, datetime) else value
    if isinstance(value, int | float):
        number = float(value)
        return number if math.isfinite(number) else str(value)
    return str(value).strip() or None


def _check(archive: ZipFile) -> None:
    """Refuse what unpacks to too much, what is locked, and XML that defines things."""
    parts = archive.infolist()
    total = sum(part.file_size for part in parts)
    swollen = any(
        part.file_size > 1_000_000 and part.file_size > MOST_TIMES * max(part.compress_size, 1) for part in parts
    )
    if len(parts) > MOST_PARTS or total > MOST_UNPACKED or swollen:
        detail = gettext_noop("This workbook unpacks to far more than it should: copy its table into a new one.")
        raise refused("workbook_unpacks_too_large", detail)
    if any(part.flag_bits & 1 for part in parts):
        raise refused("workbook_locked", gettext_noop("This workbook has a password: save it without one."))
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        detail = gettext_noop("This is no table: upload a CSV file or an Excel workbook (.xlsx).")
        raise refused("file_not_a_table", detail)
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            with archive.open(part) as stream:
                if b"<!" in re.sub(rb"<!--.*?-->", b"", stream.read(4_096), flags=re.S):
                    raise zipfile.BadZipFile("a part that defines a document type")


def _merged(archive: ZipFile, path: str) -> dict[int, _Merged]:
    """The lines on which cells are merged with others."""
    found: dict[int, _Merged] = {}
    with archive.open(path.removeprefix("/")) as stream:
        rest = b""
        while piece := stream.read(1 << 20):
            rest += piece
            for _, first, _, last in _MERGED.findall(rest):
                span = _Merged(int(first), min(int(last), MOST_ROWS * 2))
                if len(found) <= MOST_ROWS:
                    found.update(dict.fromkeys(range(span.first, span.last + 1), span))
            rest = rest[-200:]
    return found
