"""Making an export, in a worker: claim it in one scope, read and write piece by piece, store the file, say that it is
ready; and delete its file when its days are over.

A worker that falls silent is replaced by another, which begins anew: nothing of a half made file is ever used. Safe to
run twice at once: whoever lost the claim stops at its next piece.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from datetime import timedelta
from typing import Any, BinaryIO
from uuid import UUID

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db.models import Q

from billing.flows.export_writing import write
from billing.models import Export
from billing.models.exports import FORGOTTEN
from invoices.services.archive import NotPrinted
from merchants.clock import instant
from merchants.ids import new_id
from merchants.models import Merchant
from merchants.refusals import Refusal, gettext_noop
from merchants.tenancy.scope import tenant

STILL = timedelta(minutes=10)
"""Without a sign of life for so long, a worker is gone. A piece takes a second, storing a large file some minutes."""
WAITS = (1, 5, 15)
"""Minutes until the next try, by how many have failed; after the last of them it has failed."""
KEPT = timedelta(days=7)
"""How long its file is kept."""

Status = Export.Status
log = logging.getLogger(__name__)


class Taken(Exception):  # noqa: N818 - it ends this worker's part, it is no error
    """Another worker makes it by now, or it is not to be made any more."""


def make(*, merchant_id: UUID, export_id: UUID) -> None:
    """Make an export, unless that is done or another worker is at it. Call it outside any transaction.

    What goes wrong is written on its row, with when to try again, and does not raise.
    """
    claim = new_id()
    with tenant(merchant_id):
        row = _claimed(export_id, claim)
        if row is None:
            return
        merchant = Merchant.objects.get(id=merchant_id)
    former = row.path
    try:
        if row.tries > len(WAITS) + 1:
            raise Refusal(gettext_noop("Its worker stopped again and again."), code="interrupted")
        with tempfile.TemporaryFile() as file:
            write(file, row, merchant, tell=lambda rows: _tell(row, rows=rows))
            _store(file, row, former)
    except Taken:
        log.info("export %s is made by another worker", export_id)
    except NotPrinted as missing:
        _later(row, "not_printed", gettext_noop("%(number)s is not printed yet."), {"number": missing.number})
    except Refusal as refusal:
        _failed(row, code=refusal.code, msgid=refusal.detail, params=dict(refusal.params))
    except OSError:
        log.exception("export %s was not stored", export_id)
        _later(row, "store_away", gettext_noop("The store of files does not answer."))
    except Exception:
        log.exception("export %s was not made", export_id)
        _later(row, "fault", gettext_noop("Something went wrong on our side. It was noted."))


def expire(*, merchant_id: UUID, export_id: UUID) -> None:
    """Delete the file of an export whose days are over; the row stays. Raises OSError where the store is away."""
    with tenant(merchant_id):
        row = Export.objects.filter(id=export_id, status=Status.READY, expires_at__lte=instant()).first()
    if row is None:
        return
    default_storage.delete(row.path)
    with tenant(merchant_id):
        gone = Export.objects.filter(id=export_id, status=Status.READY)
        gone.update(status=Status.EXPIRED, path="", filters=_forgotten(row))


def _forgotten(row: Export) -> dict[str, str]:
    """Its filters without the words that were searched by: what says that there were some stays."""
    return {name: FORGOTTEN if name == "q" else value for name, value in row.filters.items()}


def _claimed(export_id: UUID, claim: UUID) -> Export | None:
    """The row, ours to make; None where it is not to be made now. Each claim is a try."""
    at = instant()
    due = Q(status=Status.WAITING, next_try_at__lte=at) | Q(status=Status.MAKING, beaten_at__lt=at - STILL)
    row = Export.objects.select_for_update().filter(due, id=export_id).first()
    if row is not None:
        row.status, row.claim, row.beaten_at, row.tries, row.rows = Status.MAKING, claim, at, row.tries + 1, 0
        row.save(update_fields=["status", "claim", "beaten_at", "tries", "rows"])
    return row


def _store(file: BinaryIO, row: Export, former: str) -> None:
    """Keep the file, then say that it is ready. Its place is written down before: whatever happens, it is found."""
    digest, size = _digest(file)
    path = f"exports/{row.tenant_id}/{row.pk}-{digest[:16]}.{row.format}"
    _tell(row, path=path)
    if former and former != path:
        default_storage.delete(former)
    file.seek(0)
    default_storage.save(path, File(file))
    at = instant()
    _tell(
        row,
        status=Status.READY,
        name=row.name,
        sha256=digest,
        size=size,
        made_at=at,
        expires_at=at + KEPT,
        claim=None,
        code="",
        msgid="",
        params={},
    )


def _digest(file: BinaryIO) -> tuple[str, int]:
    file.seek(0)
    found, size = hashlib.sha256(), 0
    while piece := file.read(1 << 20):
        found.update(piece)
        size += len(piece)
    return found.hexdigest(), size


def _tell(row: Export, **said: Any) -> None:
    """Write on the row, and that we live. Raises Taken where the claim is no longer ours."""
    with tenant(row.tenant_id):
        ours = Export.objects.filter(id=row.pk, claim=row.claim, status=Status.MAKING)
        if not ours.update(beaten_at=instant(), **said):
            raise Taken


def _later(row: Export, code: str, detail: str, params: dict[str, Any] | None = None) -> None:
    """Try again after a while; or never, where it was tried often enough."""
    if row.tries > len(WAITS):
        return _failed(row, code=code, msgid=detail, params=params or {})
    again = instant() + timedelta(minutes=WAITS[row.tries - 1])
    with tenant(row.tenant_id):
        ours = Export.objects.filter(id=row.pk, claim=row.claim, status=Status.MAKING)
        ours.update(status=Status.WAITING, claim=None, next_try_at=again, code=code, msgid=detail, params=params or {})
    return None


def _failed(row: Export, *, code: str, msgid: str, params: dict[str, Any]) -> None:
    with tenant(row.tenant_id):
        ours = Export.objects.filter(id=row.pk, claim=row.claim, status=Status.MAKING)
        ours.update(status=Status.FAILED, claim=None, code=code, msgid=msgid, params=params, filters=_forgotten(row))
