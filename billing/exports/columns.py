"""What an export's columns are: a name that does not change, words for people, and the type of what stands below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from django.utils.functional import Promise

from merchants.money import exponent


class Type(Enum):
    """What a column holds; any cell may be empty.

    An amount is in the major unit of its row's currency, with that currency's decimals; an instant is in UTC until it
    is written.
    """

    TEXT = "text"
    WHOLE = "whole"
    AMOUNT = "amount"
    NUMBER = "number"
    DAY = "day"
    INSTANT = "instant"


Cell = str | int | Decimal | date | datetime | None
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """`name` heads the column in CSV and Parquet and stays as it is; `title` heads it in a spreadsheet."""

    name: str
    type: Type
    title: str | Promise
    width: int = 0


Columns = Sequence[Column]


def text(name: str, title: str | Promise, width: int = 18) -> Column:
    """A column of text."""
    return Column(name, Type.TEXT, title, width)


def amount(name: str, title: str | Promise) -> Column:
    """A column of amounts."""
    return Column(name, Type.AMOUNT, title, 12)


def number(name: str, title: str | Promise) -> Column:
    """A column of exact numbers with up to six decimals."""
    return Column(name, Type.NUMBER, title, 10)


def whole(name: str, title: str | Promise) -> Column:
    """A column of whole numbers."""
    return Column(name, Type.WHOLE, title, 8)


def day(name: str, title: str | Promise) -> Column:
    """A column of calendar dates."""
    return Column(name, Type.DAY, title, 11)


def instant(name: str, title: str | Promise) -> Column:
    """A column of instants."""
    return Column(name, Type.INSTANT, title, 19)


def major(minor: int, currency: str) -> Decimal:
    """An amount in minor units as a decimal of the major one, exactly, with the currency's decimals.

    >>> major(-1299, "EUR"), major(1500, "JPY"), major(1, "TND")
    (Decimal('-12.99'), Decimal('1500'), Decimal('0.001'))
    """
    return Decimal(minor).scaleb(-exponent(currency))
