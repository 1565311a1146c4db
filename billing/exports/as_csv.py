"""Rows as CSV (RFC 4180): UTF-8, CRLF, quotes doubled. Two dialects: comma and decimal point, or French semicolon and
decimal comma. Dates as in ISO 8601, instants with the merchant's offset: `2026-11-22T10:30:00+01:00`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import BinaryIO
from zoneinfo import ZoneInfo

from billing.exports.cells import harmless
from billing.exports.columns import Cell, Columns, Row

BOM = "\ufeff"
"""Tells spreadsheets that the file is UTF-8; programs rather go without."""


class CsvFile:
    """Writes rows as they come: nothing is kept."""

    def __init__(self, file: BinaryIO, columns: Columns, *, zone: str, commas: bool = False, bom: bool = False) -> None:
        self._zone, self._commas = ZoneInfo(zone), commas
        self._foreign = "," if commas else ";"
        self._text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
        if bom:
            self._text.write(BOM)
        self._rows = csv.writer(self._text, delimiter=";" if commas else ",", lineterminator="\r\n")
        self._rows.writerow([column.name for column in columns])

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows."""
        self._rows.writerows([self._cell(cell) for cell in row] for row in rows)

    def close(self) -> None:
        """Nothing more comes. The file beneath stays open."""
        self._text.flush()
        self._text.detach()

    def _cell(self, cell: Cell) -> str:
        if cell is None:
            return ""
        if isinstance(cell, str):
            return harmless(cell, self._foreign)
        if isinstance(cell, datetime):
            return cell.astimezone(self._zone).isoformat(timespec="seconds")
        if isinstance(cell, date):
            return cell.isoformat()
        if isinstance(cell, Decimal):
            written = f"{cell:f}"
            return written.replace(".", ",") if self._commas else written
        return str(cell)
