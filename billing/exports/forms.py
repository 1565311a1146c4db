"""The forms of an export's file: which writer makes it, how it is called, what it says it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import BinaryIO, Protocol

from django.utils.translation import gettext as _

from billing.exports.as_csv import CsvFile
from billing.exports.as_parquet import ParquetFile
from billing.exports.as_xlsx import XlsxFile
from billing.exports.columns import Row
from billing.exports.kinds import KINDS
from billing.models import Export
from merchants.wording import decimal_sign

MEDIA_TYPES: Mapping[str, str] = {
    Export.Format.CSV: "text/csv; charset=utf-8",
    Export.Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Export.Format.PARQUET: "application/vnd.apache.parquet",
    Export.Format.TXT: "text/plain; charset=iso-8859-15",
    Export.Format.ZIP: "application/zip",
}


class RowsFile(Protocol):
    """What every form takes: rows, piece by piece, then the end."""

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""

    def close(self) -> None:
        """Write the end."""


def opened(file: BinaryIO, export: Export, *, merchant: str, zone: str, at: datetime) -> RowsFile:
    """The writer of an export's form, in the active language. CSV has semicolons where it has decimal commas."""
    kind = KINDS[export.kind]
    if export.format == Export.Format.CSV:
        return CsvFile(file, kind.columns, zone=zone, commas=decimal_sign(export.locale) == ",", bom=export.bom)
    if export.format == Export.Format.PARQUET:
        return ParquetFile(file, kind.columns)
    about = [
        (_("Merchant"), merchant),
        (_("Rows"), f"{kind.title}. {kind.about}"),
        *(((_("Span"), f"{span_text(export)} ({kind.counts_by})"),) if span_text(export) else ()),
        *((name, str(value)) for name, value in sorted(export.filters.items())),
        (_("Made at"), f"{at:%Y-%m-%d %H:%M} UTC"),
        (_("Times of day"), zone),
        (_("Export’s id"), export.public_id),
    ]
    return XlsxFile(file, kind.columns, zone=zone, title=str(kind.title), about=(_("About"), about), made_at=at)


def span_text(export: Export) -> str:
    """Its days: `2026-01-01 – 2026-03-31`, either end open; empty where both are.

    >>> from datetime import date
    >>> span_text(Export(from_on=date(2026, 1, 1))), span_text(Export())
    ('2026-01-01 –', '')
    """
    if export.from_on is None and export.to_on is None:
        return ""
    return f"{export.from_on or ''} – {export.to_on or ''}".strip()


def file_name(export: Export) -> str:
    """Under which name it is saved: the kind, the days, the form.

    >>> from datetime import date
    >>> file_name(Export(kind="payments", format="csv", from_on=date(2026, 1, 1), to_on=date(2026, 1, 31)))
    'payments-2026-01-01-2026-01-31.csv'
    >>> file_name(Export(kind="subscribers", format="xlsx"))
    'subscribers.xlsx'
    """
    parts = [export.kind.replace("_", "-"), *(str(day) for day in (export.from_on, export.to_on) if day)]
    return f"{'-'.join(parts)}.{export.format}"
