"""Rows as a workbook: real dates and numbers, a frozen head, a second sheet that says what the file is.

Written row by row into a temporary file (XlsxWriter's constant memory). Text is only ever written as text, and is made
harmless besides: what is saved on as CSV from there must not come alive either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import BinaryIO
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook

from billing.exports.cells import bounded, harmless
from billing.exports.columns import Cell, Columns, Row

MOST = 1_048_576
"""Rows of one sheet, its head included; what is more stands on further sheets."""
FIRST_DAY = date(1900, 3, 1)
"""Before it the calendar of workbooks is wrong: such a day is written as text."""


class XlsxFile:
    """Writes rows as they come, sheet after sheet."""

    def __init__(
        self,
        file: BinaryIO,
        columns: Columns,
        *,
        zone: str,
        title: str,
        about: tuple[str, Sequence[tuple[str, str]]],
        made_at: datetime,
        most: int = MOST,
    ) -> None:
        self._columns, self._zone, self._title, self._about, self._most = columns, ZoneInfo(zone), title, about, most
        self._book = Workbook(file, {"constant_memory": True})
        self._book.use_zip64()
        self._book.set_properties({"title": title, "created": made_at.replace(tzinfo=None)})
        self._head = self._book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._instant = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._decimals = [
            self._book.add_format({"num_format": "#,##0" + ("." + "0" * places if places else "")})
            for places in range(7)
        ]
        self._sheets = 0
        self._begin_sheet()

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows."""
        for row in rows:
            if self._at == self._most:
                self._end_sheet()
                self._begin_sheet()
            for place, cell in enumerate(row):
                if cell is not None:
                    self._put(place, cell)
            self._at += 1

    def close(self) -> None:
        """Write the sheet about the file, and all of it. The file beneath stays open."""
        self._end_sheet()
        name, said = self._about
        sheet = self._book.add_worksheet(_sheet_name(name))
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 60)
        for at, (what, value) in enumerate(said):
            sheet.write_string(at, 0, harmless(what), self._head)
            sheet.write_string(at, 1, bounded(harmless(value)))
        self._book.close()

    def _begin_sheet(self) -> None:
        self._sheets += 1
        name = self._title if self._sheets == 1 else f"{self._title[:25]} {self._sheets}"
        self._sheet = self._book.add_worksheet(_sheet_name(name))
        self._sheet.freeze_panes(1, 0)
        for place, column in enumerate(self._columns):
            self._sheet.set_column(place, place, column.width)
            self._sheet.write_string(0, place, str(column.title), self._head)
        self._at = 1

    def _end_sheet(self) -> None:
        self._sheet.autofilter(0, 0, max(self._at - 1, 0), len(self._columns) - 1)

    def _put(self, place: int, cell: Cell) -> None:
        sheet, at = self._sheet, self._at
        if isinstance(cell, str):
            sheet.write_string(at, place, bounded(harmless(cell)))
        elif isinstance(cell, datetime):
            sheet.write_datetime(at, place, cell.astimezone(self._zone).replace(tzinfo=None), self._instant)
        elif isinstance(cell, date):
            if cell < FIRST_DAY:
                sheet.write_string(at, place, cell.isoformat())
            else:
                sheet.write_datetime(at, place, cell, self._day)
        elif isinstance(cell, Decimal):
            places = max(0, -int(cell.as_tuple().exponent))
            sheet.write_number(at, place, float(cell), self._decimals[min(places, 6)])
        elif cell is not None:
            sheet.write_number(at, place, cell)


def _sheet_name(text: str) -> str:
    """A sheet's name has no sign that an address of cells uses, and 31 characters at most.

    >>> _sheet_name("Invoices / [all]")
    'Invoices   all'
    """
    return "".join(" " if sign in "[]:*?/\\'" else sign for sign in text).strip()[:31]
