"""The tenant scope: one transaction that sees one merchant, and nothing outside it.

Three belts hold every tenant apart: this scope, managers that refuse to work outside it, and row-level security
that the database forces on every tenant table (`operations.TenantTable`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.db import connection, transaction

_current: ContextVar[UUID | None] = ContextVar("tenant", default=None)


class OutsideTenant(RuntimeError):  # noqa: N818 - said as people say it
    """A tenant's rows were asked for outside `tenant(…)`: a programming error, never shown to people."""


class AnotherTenant(RuntimeError):  # noqa: N818 - said as people say it
    """A second tenant was opened inside a first one: a programming error."""


def current() -> UUID:
    """The merchant whose scope is open. Raises OutsideTenant where none is."""
    merchant_id = _current.get()
    if merchant_id is None:
        raise OutsideTenant("Open a scope first: with tenant(merchant_id): …")
    return merchant_id


def current_or_none() -> UUID | None:
    """The merchant whose scope is open, or None."""
    return _current.get()


@contextmanager
def tenant(merchant_id: UUID) -> Iterator[None]:
    """One transaction that sees `merchant_id` only.

    Inside the same merchant's scope it joins that transaction; inside another's it raises AnotherTenant. On leaving
    the outer level every deferred guard is checked while the setting still stands: it is never reset before COMMIT,
    for the guards would then see no rows and refuse everything. COMMIT itself ends the setting (it is local).
    """
    outer = _current.get()
    if outer is not None:
        if outer != merchant_id:
            raise AnotherTenant(f"Scope of {outer} is open; {merchant_id} must wait for its end.")
        yield
        return
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(
                "SET CONSTRAINTS ALL DEFERRED; SELECT set_config('app.merchant_id', %s, true)", [str(merchant_id)]
            )
        token = _current.set(merchant_id)
        try:
            yield
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        finally:
            _current.reset(token)
