"""Numbers: taken from the series row, in the transaction that finalises, the last row it locks (domain 18)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection

from invoices.models import NumberSeries
from merchants.ids import new_id
from merchants.models import LegalEntity
from merchants.refusals import Invalid, gettext_noop
from merchants.tenancy.scope import current

LONGEST = 35
_PART = re.compile(r"\{(year|month|number)(?::0(\d{1,2})d)?\}")
_FORMAT = re.compile(r"(?:[A-Za-z0-9/_.-]|\{(?:year|month|number)(?::0\d{1,2}d)?\})+")


@dataclass(frozen=True, kw_only=True)
class Block:
    """Consecutive numbers of one series, all of one date. `first` is the first sequence number."""

    series_id: UUID
    format: str
    first: int
    on: date

    def number(self, at: int) -> str:
        """The text of the number at that place of the block, counted from 0."""
        return written(self.format, self.first + at, self.on)


def written(pattern: str, number: int, on: date) -> str:
    """A number as documents show it.

    >>> written("ON-{year}-{number:06d}", 412, date(2026, 11, 3))
    'ON-2026-000412'
    """
    values = {"year": on.year, "month": on.month, "number": number}

    def put(match: re.Match[str]) -> str:
        return f"{values[match[1]]:0{int(match[2] or 0)}d}"

    return _PART.sub(put, pattern)


def check_format(pattern: str, *, field: str = "number_format") -> str:
    """A format that gives distinct numbers of at most 35 characters for ever. Raises Invalid.

    >>> check_format("F{year}-{number:06d}")
    'F{year}-{number:06d}'
    """
    if not _FORMAT.fullmatch(pattern) or "{number" not in pattern:
        raise Invalid.at(
            field, "number_format_invalid", gettext_noop("Letters, digits, - / . _ and {number}, {year}, {month} only.")
        )
    if len(written(pattern, 10**9, date(2099, 12, 31))) > LONGEST:
        raise Invalid.at(field, "number_format_too_long", gettext_noop("Numbers would be longer than 35 characters."))
    return pattern


def series_for(entity: LegalEntity, kind: str, *, test_clock_id: UUID | None = None) -> UUID:
    """The series of a kind of document, made where there is none yet; a test clock has its own (`T…`).

    Two that make it at once: the unique constraint lets one win, and both get the same row.
    """
    prefix = "T" if test_clock_id else ""
    pattern = prefix + ("AV" if kind == NumberSeries.Kind.CREDIT_NOTE else "") + entity.number_format
    known = NumberSeries.objects.filter(legal_entity=entity, kind=kind, site=None, test_clock_id=test_clock_id)
    row = known.values_list("id", flat=True).first()
    if row:
        return row
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO invoices_numberseries"
            " (id, merchant_id, legal_entity_id, kind, test_clock_id, format, next_number)"
            " VALUES (%s, %s, %s, %s, %s, %s, 1) ON CONFLICT DO NOTHING",
            [new_id(), current(), entity.pk, kind, test_clock_id, check_format(pattern)],
        )
    return known.values_list("id", flat=True).get()


def take(series_id: UUID, count: int, today: date) -> Block:
    """`count` numbers of a series, dated max(today, the series' last date). Locks it until COMMIT: call last."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE invoices_numberseries SET next_number = next_number + %s, last_on = greatest(last_on, %s)"
            " WHERE id = %s RETURNING next_number, last_on, format",
            [count, today, series_id],
        )
        following, on, pattern = cursor.fetchone()
    return Block(series_id=series_id, format=pattern, first=following - count, on=on)


def by_series(series: Sequence[UUID]) -> dict[UUID, list[int]]:
    """Places by series, in a fixed order of series, so that two finalisers lock them alike."""
    places: dict[UUID, list[int]] = {}
    for at, series_id in enumerate(series):
        places.setdefault(series_id, []).append(at)
    return dict(sorted(places.items()))
