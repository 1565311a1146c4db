"""What readers of uploaded tables share: a row, its cells, and how a file is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from merchants.refusals import Invalid

MOST_ROWS = 50_000
MOST_COLUMNS = 100

Cell = str | date | float | None
"""A cell: text, or what a workbook knows to be a date or a number."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its number in the file as a spreadsheet shows it, and its cells. `broken`: a code where it cannot be
    believed (merged cells, cut cells)."""

    number: int
    cells: tuple[Cell, ...]
    broken: str = ""


def refused(code: str, detail: str, params: dict[str, object] | None = None) -> Invalid:
    """Why the file is refused: Invalid at `file`, to be raised."""
    return Invalid.at("file", code, detail, params)
