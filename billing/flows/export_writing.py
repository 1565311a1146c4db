"""What an export's file holds, written piece by piece: rows in one of their forms, a file of accounting entries, a
year's archive."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO
from uuid import UUID

from django.db import connection
from django.utils import translation
from django.utils.text import slugify

from billing.exports import forms
from billing.exports.asked import Asked
from billing.exports.kinds import KINDS
from billing.exports.reading import read
from billing.models import Export
from invoices.fec_check import verify
from invoices.services.archiving import archive
from invoices.services.fec import fec, named, numbered_from
from merchants.clock import instant
from merchants.ids import read as read_id
from merchants.models import LegalEntity, Merchant
from merchants.now import Now
from merchants.refusals import Refusal, gettext_noop
from merchants.tenancy.scope import tenant

Tell = Callable[[int], None]
"""Hears how many rows are written so far, and thereby that we live."""


def write(file: BinaryIO, row: Export, merchant: Merchant, *, tell: Tell) -> None:
    """All rows, into a file of this machine. Gives the export its file's name. Raises NotPrinted, Refusal, and whatever
    `tell` raises."""
    asked = asked_of(row, merchant)
    if row.kind == Export.Kind.FEC:
        _write_entries(file, row, asked, tell)
    elif row.kind == Export.Kind.ARCHIVE:
        _write_archive(file, row, asked, tell)
    else:
        _write_rows(file, row, merchant, asked, tell)


def _write_rows(file: BinaryIO, row: Export, merchant: Merchant, asked: Asked, tell: Tell) -> None:
    with translation.override(row.locale):
        row.name = forms.file_name(row)
        writer = forms.opened(file, row, merchant=merchant.name, zone=merchant.timezone, at=instant())
        for piece in read(KINDS[row.kind].sources, asked):
            writer.write(piece)
            row.rows += len(piece)
            tell(row.rows)
        writer.close()


def _write_entries(file: BinaryIO, row: Export, asked: Asked, tell: Tell) -> None:
    """A file of accounting entries, read again by a reader that knows nothing of how it was made."""
    assert row.from_on is not None and row.to_on is not None  # begin() wants both
    entity_id: UUID = asked.filters["legal_entity"]
    with tenant(row.tenant_id):
        row.name = named(entity_id, last=row.to_on)
        starts_at = numbered_from(entity_id, first=row.from_on)
    for at, piece in enumerate(fec(entity_id, first=row.from_on, last=row.to_on, merchant_id=row.tenant_id)):
        file.write(piece)
        row.rows += piece.count(b"\n") if at else 0  # the first piece is the header
        tell(row.rows)
    file.seek(0)
    verdict = verify(iter(lambda: file.read(1 << 20), b""), starts_at=starts_at)
    if verdict.faults:
        params = {"fault": str(verdict.faults[0])}
        raise Refusal(gettext_noop("The file would not pass: %(fault)s"), code="file_faulty", params=params)


def _write_archive(file: BinaryIO, row: Export, asked: Asked, tell: Tell) -> None:
    """A year's documents with their seal. It is read as one moment, in which nothing can be written: another thread,
    with a connection of its own, says how far it is."""
    assert row.from_on is not None  # begin() wants a year
    entity_id: UUID = asked.filters["legal_entity"]
    with tenant(row.tenant_id):
        entity = LegalEntity.objects.filter(id=entity_id).first()
        row.name = f"{slugify(entity.name if entity else '') or 'archive'}-{row.from_on.year}.zip"
    with ThreadPoolExecutor(max_workers=1) as beside:

        def told(count: int) -> None:
            row.rows = count
            beside.submit(_alone, tell, count).result()

        row.rows = archive(entity_id, row.from_on.year, file, merchant_id=row.tenant_id, told=told)


def _alone(tell: Tell, count: int) -> None:
    """Tell, on a connection that is closed afterwards."""
    try:
        tell(count)
    finally:
        connection.close()


def asked_of(row: Export, merchant: Merchant) -> Asked:
    """An export's row as the question that it asks."""
    filters = {name: read_id(value.partition("_")[0], value) or value for name, value in row.filters.items()}
    return Asked(
        merchant_id=merchant.pk,
        zone=merchant.timezone,
        locale=row.locale,
        today=Now(at=instant(), zone=merchant.timezone).today,
        real_time=not merchant.is_sandbox,
        from_on=row.from_on,
        to_on=row.to_on,
        filters={**filters, **({"q": row.filters["q"]} if "q" in row.filters else {})},
        sites=tuple(row.sites),
    )
