"""What the API answers about exports, as types; and the rows in that form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypedDict, cast

from django.utils.translation import gettext

from billing.models import Export
from merchants.refusals import fill
from merchants.selectors.shapes import DayText, InstantText, Says, day_text, instant_text

_Days = TypedDict("_Days", {"from": DayText | None, "to": DayText | None})


class ExportErrorShape(TypedDict):
    """Why it failed, or why it is tried again."""

    code: str
    detail: str


class ExportShape(_Days):
    """A file of rows, made by a worker. `rows` grows while it is made; the file is deleted at `expires_at`."""

    id: str
    object: Annotated[str, Says(one_of=("export",))]
    kind: Annotated[str, Says(one_of=tuple(Export.Kind.values))]
    format: Annotated[str, Says(one_of=tuple(Export.Format.values))]
    filters: dict[str, str]
    locale: str
    bom: bool
    status: Annotated[str, Says(one_of=tuple(Export.Status.values))]
    error: ExportErrorShape | None
    rows: int
    name: str | None
    size: int | None
    sha256: str | None
    created_by: str | None
    created_at: InstantText
    made_at: InstantText | None
    expires_at: InstantText | None


class ExportLinkShape(TypedDict):
    """An address that gives the file to whoever asks, until `expires_at`. Ask for a new one each time."""

    object: Annotated[str, Says(one_of=("export_link",))]
    export: str
    url: str
    expires_at: InstantText


def exports_shown(rows: Sequence[Export]) -> list[ExportShape]:
    """Exports as the API shows them."""
    return [_shown(row) for row in rows]


def why(row: Export) -> str:
    """Why it failed or is tried again, in the reader's language; empty where nothing is wrong."""
    return fill(row.msgid, row.params, gettext) if row.code else ""


def _shown(row: Export) -> ExportShape:
    made = row.status in (Export.Status.READY, Export.Status.EXPIRED)
    return cast(
        ExportShape,
        {
            "id": row.public_id,
            "object": "export",
            "kind": row.kind,
            "format": row.format,
            "from": day_text(row.from_on),
            "to": day_text(row.to_on),
            "filters": row.filters,
            "locale": row.locale,
            "bom": row.bom,
            "status": row.status,
            "error": {"code": row.code, "detail": why(row)} if row.code else None,
            "rows": row.rows,
            "name": row.name or None,
            "size": row.size if made else None,
            "sha256": row.sha256 or None,
            "created_by": row.created_by or None,
            "created_at": instant_text(row.created_at),
            "made_at": instant_text(row.made_at),
            "expires_at": instant_text(row.expires_at),
        },
    )
