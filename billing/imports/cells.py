"""What people write in the cells of a member file, understood or refused: dates, numbers, telephones. Pure.

A date is never guessed cell by cell: the file's order of day and month is asked for once. `31/02/2024` is refused, and
so is a number that only looks like a date.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from billing.imports.lines import Cell
from billing.imports.reading import shown
from merchants.refusals import FieldError, Invalid, gettext_noop

DAY_FIRST, MONTH_FIRST = "dmy", "mdy"
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_TYPED = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})")
_TIME = re.compile(r"[T ]+\d{1,2}[:h]\d{2}(:\d{2})?(\.\d+)?(Z|[+-]\d{2}:?\d{2})?$")
_EXCEL_DAY_0 = date(1899, 12, 30)
_EXCEL_DAYS = range(10_000, 110_000)
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
_ERRORS = ("#REF!", "#VALUE!", "#N/A", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#N/D", "#VALEUR!", "#NOM?")


def fault(field: str, code: str, detail: str, **params: object) -> FieldError:
    """What is wrong with one cell."""
    return FieldError(field=field, code=code, detail=detail, params=params)


def text_of(cell: Cell, field: str) -> str:
    """Its text on one line, composed, without the apostrophe that keeps spreadsheets from taking it for a formula.
    Raises Invalid where a workbook shows an error there.

    >>> text_of("'+33 6 12", "phone"), text_of("  d'Artagnan ", "name")
    ('+33 6 12', "d'Artagnan")
    """
    text = " ".join(unicodedata.normalize("NFC", shown(cell)).split())
    if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@"):
        text = text[1:]
    if text.upper() in _ERRORS:
        raise Invalid.at(field, "cell_error", gettext_noop("A formula of the file went wrong here."))
    return text


def date_of(cell: Cell, field: str, order: str = DAY_FIRST) -> date | None:
    """The date in a cell; None in an empty one. Raises Invalid (`date_malformed`, `date_missing`, `date_out_of_range`).

    >>> date_of("31/01/2024", "start_on"), date_of("2024-01-31 00:00:00", "start_on"), date_of("1.2.24", "start_on")
    (datetime.date(2024, 1, 31), datetime.date(2024, 1, 31), datetime.date(2024, 2, 1))
    >>> date_of("01/31/2024", "start_on", "mdy"), date_of(45322.0, "start_on")
    (datetime.date(2024, 1, 31), datetime.date(2024, 1, 31))
    >>> try:
    ...     date_of("31/02/2024", "start_on")
    ... except Invalid as refusal:
    ...     refusal.code
    'date_missing'
    """
    if isinstance(cell, datetime):
        cell = cell.date()
    if isinstance(cell, date):
        return _ranged(cell, field)
    if isinstance(cell, float):
        if int(cell) not in _EXCEL_DAYS:
            raise Invalid.at(field, "date_malformed", gettext_noop("This is no date: write it such as 31/01/2026."))
        return _ranged(_EXCEL_DAY_0 + timedelta(days=int(cell)), field)
    text = _TIME.sub("", text_of(cell, field)).strip(" '")
    if not text:
        return None
    if found := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in found.groups())
    elif found := _TYPED.fullmatch(text):
        first, second, year = (int(part) for part in found.groups())
        day, month = (first, second) if order == DAY_FIRST else (second, first)
        year += 0 if year > 99 else 2000 if year < 50 and field != "birth_on" else _century(year)
    else:
        raise Invalid.at(field, "date_malformed", gettext_noop("This is no date: write it such as 31/01/2026."))
    try:
        return _ranged(date(year, month, day), field)
    except ValueError:
        raise Invalid.at(field, "date_missing", gettext_noop("This day is not in the calendar.")) from None


def _century(year: int) -> int:
    """Two digits of a year of birth, or of long ago: nobody is born in the future.

    >>> 30 + _century(30), 12 + _century(12)
    (1930, 2012)
    """
    return 1900 if year > 26 else 2000


def _ranged(day: date, field: str) -> date:
    if not EARLIEST <= day <= LATEST:
        raise Invalid.at(field, "date_out_of_range", gettext_noop("A year from 1900 to 2199."))
    return day


def order_of(cells: Iterable[Cell]) -> str:
    """Which comes first in a file's dates, by those that can only be read one way; the day where none says.

    >>> order_of(["01/02/2024", "12/31/2023"]), order_of(["01/02/2024"]), order_of(["31/12/2023"])
    ('mdy', 'dmy', 'dmy')
    """
    for cell in cells:
        if isinstance(cell, str) and (found := _TYPED.fullmatch(_TIME.sub("", cell.strip()))):
            first, second = int(found[1]), int(found[2])
            if second > 12 >= first:
                return MONTH_FIRST
            if first > 12 >= second:
                return DAY_FIRST
    return DAY_FIRST


def count_of(cell: Cell, field: str) -> int:
    """A whole number from 1 to 999; 1 in an empty cell. Raises Invalid."""
    text = text_of(cell, field)
    if not text:
        return 1
    if not re.fullmatch(r"[0-9]{1,3}", text, re.ASCII) or not int(text):
        raise Invalid.at(field, "quantity_malformed", gettext_noop("A whole number from 1 to 999."))
    return int(text)


def phone_of(cell: Cell, country: str) -> str:
    """A telephone number; a workbook that took a French one for a number lost its first zero.

    >>> phone_of(612345678.0, "FR"), phone_of("06 12 34 56 78", "FR"), phone_of("+33 (0)6.12", "FR")
    ('0612345678', '06 12 34 56 78', '+33 (0)6.12')
    """
    text = text_of(cell, "phone")
    lost = isinstance(cell, float) and country == "FR" and re.fullmatch(r"[1-9][0-9]{8}", text, re.ASCII)
    return f"0{text}" if lost else text
