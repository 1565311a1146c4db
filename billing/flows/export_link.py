"""A link that opens an export's file for some minutes, and what says that there is none to open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from billing.models import Export
from merchants.clock import instant
from merchants.links import check, mint_until
from merchants.refusals import Conflict, gettext_noop
from merchants.tenancy.scope import tenant

PURPOSE = "export"
LASTS = timedelta(minutes=15)
"""How long a link opens its file: enough to begin a download, too little to be kept."""
ASK_AGAIN = 5
"""Seconds after which one may ask again for a file that is being made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address that opens the file without a key, and until when."""

    url: str
    expires_at: datetime


class ExportNotReady(Conflict):
    """It is being made: `retry_after` says when to ask."""

    code = "export_not_ready"
    detail = gettext_noop("This file is being made.")
    way_out = gettext_noop("Ask again in a moment.")
    retry_after = ASK_AGAIN


def link_to(row: Export) -> Link:
    """A new link to an export's file. Raises ExportNotReady, Conflict (`export_failed`, `export_expired`)."""
    if row.status == Export.Status.FAILED:
        raise Conflict(
            gettext_noop("This file could not be made."),
            code="export_failed",
            way_out=gettext_noop("Ask for a new export."),
        )
    if row.status == Export.Status.EXPIRED or (row.expires_at and row.expires_at <= instant()):
        raise Conflict(
            gettext_noop("This file was deleted: exports are kept for seven days."),
            code="export_expired",
            way_out=gettext_noop("Ask for a new export."),
        )
    if row.status != Export.Status.READY:
        raise ExportNotReady
    until = instant() + LASTS
    token = mint_until(PURPOSE, row.tenant_id, row.pk, until=until)
    return Link(url=settings.PUBLIC_URL + reverse("export_file", args=[token]), expires_at=until)


def opened(token: str) -> Export | None:
    """The export whose file a link opens; None where the link is not ours or has lapsed, or the file is gone."""
    found = check(PURPOSE, token)
    if found is None:
        return None
    merchant_id, export_id = found
    return ready(merchant_id, export_id)


def ready(merchant_id: UUID, export_id: UUID) -> Export | None:
    """An export whose file is there."""
    with tenant(merchant_id):
        row: Export | None = Export.objects.filter(id=export_id, status=Export.Status.READY).first()
    return row if row is not None and row.expires_at is not None and row.expires_at > instant() else None
