"""Many rows of a tenant at once: COPY into a temporary table, then one INSERT … SELECT or UPDATE … FROM.

COPY itself does not work under row-level security, so it never touches a tenant's table: what it filled is inserted
through the same policies, constraints and triggers as any other row. Few rows go the plain way: a temporary table costs
more than it saves. Everything happens in the open scope's transaction.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models
from django.db.models.base import ModelState
from django.db.models.expressions import DatabaseDefault

from merchants.tenancy.scope import current

M = TypeVar("M", bound=models.Model)

FEW = 8
"""Up to so many rows are written by one plain statement."""

_SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def insert(rows: Sequence[models.Model]) -> None:
    """Write new rows of one model. Columns that the database fills by itself are left to it."""
    if not rows:
        return
    model = type(rows[0])
    known = rows[0].__dict__
    columns = [name for name in _written(model) if name in known and not isinstance(known[name], DatabaseDefault)]
    for row in rows:
        row._state.adding = False
    if len(rows) <= FEW:
        _insert_few(model, columns, rows)
    else:
        insert_values(model, columns, map(attrgetter(*columns), rows))


def lean(model: type[M], **values: Any) -> M:
    """A new row without the ceremony of the model's own constructor, which costs more than all else of writing a line:
    no signal, no descriptor. `values` are attribute names (`invoice_id`, not `invoice`); what is not said takes its
    default, and what the database fills by itself is left to it."""
    row = model.__new__(model)
    held = row.__dict__
    held["_state"] = ModelState()
    fixed, made = _defaults(model)
    held.update(fixed)
    for name, make in made:
        if name not in values:
            held[name] = make()
    held.update(values)
    return row


def insert_values(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write new rows given as values in the order of `columns` (attribute names, `merchant_id` among them)."""
    fields: list[Any] = [model._meta.get_field(name) for name in columns]
    listed = ", ".join(f'"{field.column}"' for field in fields)
    temporary = _filled(model, fields, rows)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {model._meta.db_table} ({listed}) SELECT {listed} FROM {temporary}")  # noqa: S608 - names of the model


def update(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Set `columns` of rows given as `(id, *values)`; how many there were. The caller holds their locks.

    The planner knows nothing of a temporary table: it is made to look each row up by its key, since any other plan
    would read the whole table.
    """
    fields: list[Any] = [model._meta.get_field(name) for name in ("id", *columns)]
    table = model._meta.db_table
    given = list(rows)
    if len(given) <= FEW:
        return _update_few(table, fields, given)
    temporary = _filled(model, fields, given)
    put = ", ".join(f'"{field.column}" = v."{field.column}"' for field in fields[1:])
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;"  # noqa: S608 - names of the model
            f" UPDATE {table} AS t SET {put} FROM {temporary} AS v WHERE t.id = v.id AND t.merchant_id = %s",
            [current()],
        )
        count = int(cursor.rowcount)
        cursor.execute("SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on")
    return count


def _insert_few(model: type[models.Model], columns: Sequence[str], rows: Sequence[models.Model]) -> None:
    """One plain INSERT, without the compiler of the models."""
    fields: list[Any] = [model._meta.get_field(name) for name in columns]
    listed = ", ".join(f'"{field.column}"' for field in fields)
    one = f"({', '.join(['%s'] * len(fields))})"
    values = [
        field.get_db_prep_save(getattr(row, name), connection)
        for row in rows
        for name, field in zip(columns, fields, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({listed}) VALUES {', '.join([one] * len(rows))}",  # noqa: S608 - names of the model
            values,
        )


def _update_few(table: str, fields: Sequence[Any], rows: Sequence[Sequence[Any]]) -> int:
    if not rows:
        return 0
    put = ", ".join(f'"{field.column}" = v."{field.column}"' for field in fields[1:])
    one = "(" + ", ".join(f"%s::{field.db_type(connection)}" for field in fields) + ")"
    listed = ", ".join(f'"{field.column}"' for field in fields)
    values = [
        _json(value) if isinstance(field, models.JSONField) and value is not None else value
        for row in rows
        for field, value in zip(fields, row, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} AS t SET {put} FROM (VALUES {', '.join([one] * len(rows))}) AS v ({listed})"  # noqa: S608
            " WHERE t.id = v.id AND t.merchant_id = %s",
            [*values, current()],
        )
        return int(cursor.rowcount)


@lru_cache(maxsize=64)
def _defaults(model: type[models.Model]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """Defaults that never change, and those that are made for each row."""
    fixed: dict[str, Any] = {}
    made: list[tuple[str, Callable[[], Any]]] = []
    for field in model._meta.local_concrete_fields:
        if callable(field.default) and field.default is not models.NOT_PROVIDED:
            made.append((field.attname, field.default))
        elif field.has_default():
            fixed[field.attname] = field.default
        else:
            fixed[field.attname] = field.get_default()  # what the database makes, None, or an empty text
    return fixed, made


@lru_cache(maxsize=64)
def _written(model: type[models.Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.local_concrete_fields if not field.generated)


def _filled(model: type[models.Model], fields: Sequence[Any], rows: Iterable[Sequence[Any]]) -> str:
    """A temporary table of this session with these columns, emptied and filled. It is made once and emptied by COMMIT;
    a second use in one transaction empties it first."""
    table, listed = model._meta.db_table, ", ".join(f'"{field.column}"' for field in fields)
    name = "bulk_" + hashlib.sha256(f"{table} {listed}".encode()).hexdigest()[:24]
    encode = [_encoder(field) for field in fields]
    buffer = io.StringIO()
    for row in rows:
        buffer.write("\t".join([put(value) for put, value in zip(encode, row, strict=True)]))
        buffer.write("\n")
    buffer.seek(0)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ON COMMIT DELETE ROWS AS"  # noqa: S608 - names of the model
            f" SELECT {listed} FROM {table} WITH NO DATA; TRUNCATE {name}"
        )
        cursor.copy_expert(f"COPY {name} ({listed}) FROM STDIN", buffer)
    return name


def _encoder(field: Any) -> Callable[[Any], str]:
    if isinstance(field, models.JSONField):
        return _document
    if isinstance(field, models.BinaryField):
        return _bytes
    if isinstance(field, models.UUIDField) or (
        field.is_relation and field.target_field.get_internal_type() == "UUIDField"
    ):
        return _key
    return text


def _key(value: Any) -> str:
    if isinstance(value, UUID):
        return f"{value.int:032x}"
    return r"\N" if value is None else str(value)


def _bytes(value: Any) -> str:
    return r"\N" if value is None else rf"\\x{bytes(value).hex()}"


def _document(value: Any) -> str:
    return r"\N" if value is None else _json(value).translate(_SPECIAL)


def text(value: Any) -> str:
    r"""A value in COPY's text form.

    >>> text(None), text(True), text("a\tb\\"), text(date(2026, 1, 31))
    ('\\N', 't', 'a\\tb\\\\', '2026-01-31')
    """
    kind = type(value)
    if kind is str:
        found: str = value
        return found.translate(_SPECIAL)
    if value is None:
        return r"\N"
    if kind is bool:
        return "t" if value else "f"
    if isinstance(value, int | UUID | Decimal):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, str):
        return str(value).translate(_SPECIAL)
    raise TypeError(f"a {kind.__name__} has no text form for COPY")
