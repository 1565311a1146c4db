"""The chain of a series: each document's link holds the one before it and its own content, so that none can be changed,
taken out, put in or moved without breaking every link after it. The series' row keeps the last one, so that a tail that
was cut off shows too.
"""

from __future__ import annotations

import hashlib
from datetime import date
from uuid import UUID

from invoices.models import CreditNote, Invoice

BEGINNING = "0" * 64
"""What stands before a chain's first link."""


def link(previous: str, *, series_id: UUID, sequence: int, number: str, issued_on: date, content_hash: str) -> str:
    """A document's link: SHA-256 of six lines: the link before, series, place in it, number, date, content's digest.

    >>> link(BEGINNING, series_id=UUID(int=1), sequence=1, number="2026-000001", issued_on=date(2026, 11, 3),
    ...      content_hash="ab" * 32)
    'b4c22d044bbdb551f6950184b309dd83342ebe19426caead582f9bf5d0c5e89d'
    """
    said = f"{previous}\n{series_id}\n{sequence}\n{number}\n{issued_on}\n{content_hash}\n"
    return hashlib.sha256(said.encode()).hexdigest()


def link_of(row: Invoice | CreditNote, previous: str) -> str:
    """The link of a document that has its number and its content's digest."""
    assert row.series_id is not None and row.sequence is not None and row.number and row.issued_on
    return link(
        previous,
        series_id=row.series_id,
        sequence=row.sequence,
        number=row.number,
        issued_on=row.issued_on,
        content_hash=row.content_hash,
    )
