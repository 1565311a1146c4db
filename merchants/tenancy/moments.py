"""Reading one moment: questions that take long are asked of a picture that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_SESSION = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL "


@contextmanager
def one_moment() -> Iterator[None]:
    """Transactions begun here see one moment and write nothing: else a payment settled between two questions would
    look like a fault."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_SESSION} REPEATABLE READ, READ ONLY")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"{_SESSION} READ COMMITTED, READ WRITE")
