"""Pages of a list by keyset: the cursor says after which row to go on, so that inserts shift nothing and page 1,000 is
as quick as page 1."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from merchants.refusals import Invalid, gettext_noop
from merchants.tenancy.scope import current

M = TypeVar("M", bound=Model)
LIMIT, MOST = 25, 100


@dataclass(frozen=True, slots=True)
class Keyset:
    """The order of a list: columns, `-` for descending; together they are unique, and an index carries them."""

    columns: tuple[str, ...] = ("-id",)


NEWEST = Keyset()


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Some rows, whether more follow, and the cursor to them."""

    rows: list[M]
    has_more: bool
    next_cursor: str | None


def check_limit(text: str | None) -> int:
    """How many rows: 1 to 100, 25 unless said. Raises Invalid (`limit_out_of_range`).

    >>> check_limit(None), check_limit("100")
    (25, 100)
    """
    if text is None:
        return LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST):
        raise Invalid.at("limit", "limit_out_of_range", gettext_noop("A limit is from 1 to %(most)s."), {"most": MOST})
    return int(text)


def page(queryset: QuerySet[M], *, cursor: str | None, limit: int, by: Keyset = NEWEST) -> Page[M]:
    """One page of `queryset` in the order of `by`. Needs the tenant's scope.

    A cursor holds for one list of one merchant. Raises Invalid (`cursor_invalid`) for any other, or none of ours.
    """
    tag = _tag(queryset.model, by)
    ordered = queryset.order_by(*by.columns)
    if cursor is not None:
        ordered = ordered.filter(_after(by, _values(queryset.model, by, _open(cursor, tag))))
    rows = list(ordered[: limit + 1])
    has_more = len(rows) > limit
    rows = rows[:limit]
    last = [getattr(rows[-1], column.lstrip("-")) for column in by.columns] if has_more else None
    return Page(rows, has_more, _seal(tag, last) if last is not None else None)


def _tag(model: type[Model], by: Keyset) -> str:
    """Marks whose and which list a cursor is of. Row-level security guards the rows, not this."""
    name = f"{current()}|{model._meta.label}|{','.join(by.columns)}"
    return hashlib.sha256(name.encode()).hexdigest()[:8]


def _seal(tag: str, values: Sequence[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    text = json.dumps([tag, *plain], separators=(",", ":"), default=str)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _refuse() -> Invalid:
    return Invalid.at("cursor", "cursor_invalid", gettext_noop("This cursor is not one of this list."))


def _open(cursor: str, tag: str) -> list[Any]:
    try:
        if len(cursor) > 1_000:
            raise ValueError
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise _refuse() from None
    if not isinstance(found, list) or not found or found[0] != tag:
        raise _refuse()
    return found[1:]


def _values(model: type[Model], by: Keyset, plain: list[Any]) -> list[Any]:
    if len(plain) != len(by.columns) or not all(isinstance(value, str | int) for value in plain):
        raise _refuse()
    try:
        values = [
            model._meta.get_field(column.lstrip("-")).to_python(value)  # type: ignore[union-attr]
            for column, value in zip(by.columns, plain, strict=True)
        ]
    except (ValidationError, ValueError, OverflowError):
        raise _refuse() from None
    if any(isinstance(value, str) and "\x00" in value for value in values) or any(
        isinstance(value, int) and abs(value) >= 1 << 63 for value in values if not isinstance(value, UUID)
    ):
        raise _refuse()
    return values


def _after(by: Keyset, values: list[Any]) -> Q:
    """Rows that come after the values: (a, b) > (x, y) written out as a > x or a = x and b > y."""
    wanted, equal = Q(pk__in=[]), Q()
    for column, value in zip(by.columns, values, strict=True):
        name = column.lstrip("-")
        beyond = Q(**{f"{name}__{'lt' if column.startswith('-') else 'gt'}": value})
        wanted |= equal & beyond
        equal &= Q(**{name: value})
    return wanted
