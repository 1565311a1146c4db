"""An old member file, as the staff bring it in: uploaded, its columns named, checked, enrolled, discarded. A worker
does what takes long (`import_work`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from billing.imports.cells import DAY_FIRST, MONTH_FIRST, order_of
from billing.imports.lines import Line
from billing.imports.mapping import FIELDS, guess
from billing.imports.reading import read
from billing.models import ImportFile, ImportRow, MemberImport
from merchants.actors import Actor
from merchants.clock import instant
from merchants.models import Offer, Site
from merchants.now import Now
from merchants.refusals import Conflict, FieldError, Invalid, gettext_noop
from merchants.secrets import seal, unseal

KEPT = timedelta(days=30)
"""How long a file, and what its faulty rows say, are kept."""
SEEN = 200
"""Rows that are looked at to guess the order of day and month."""
WITHOUT_MANDATE = ("manual", "automatic")
Status = MemberImport.Status
OPEN = (Status.NEW, Status.CHECKED)
"""States in which columns may be named anew."""


def upload(content: bytes, *, name: str, actor: Actor, now: Now) -> tuple[MemberImport, bool]:
    """Keep a file, its columns guessed; True where it was not there before. A file that was uploaded already is that
    import again, whatever it is called. Needs the tenant's scope. Raises Invalid at `file`."""
    table = read(content)
    lines = list(islice(table.lines, SEEN))
    sha256 = hashlib.sha256(content).hexdigest()
    known = MemberImport.objects.exclude(status=Status.DISCARDED).filter(sha256=sha256).first()
    if known is not None:
        return known, False
    columns = guess(table.headings)
    dates = (line.cells[columns[field]] for field in DATES if field in columns for line in lines)
    row = MemberImport.objects.create(
        name=name.strip()[-160:] or "?",
        sha256=sha256,
        size=len(content),
        kind=table.kind,
        headings=list(table.headings),
        columns=columns,
        terms={"order": order_of(dates), "offer": "", "site": "", "without_mandate": "manual"},
        actor_kind=actor.kind.value,
        actor_id=actor.id[:64],
        created_by=actor.label[:120],
        created_at=now.at,
        forget_at=instant() + KEPT,
    )
    ImportFile.objects.create(member_import=row, content=seal(content))
    return row, True


DATES = ("start_on", "paid_until", "birth_on", "mandate_signed_on")


def first_lines(row: MemberImport, most: int = 3) -> list[Line]:
    """The first rows of the file, to be looked at beside its headings."""
    content = ImportFile.objects.filter(member_import=row).values_list("content", flat=True).first()
    return list(islice(read(unseal(content)).lines, most)) if content else []


def begin_check(row_id: UUID, *, columns: Mapping[str, int], terms: Mapping[str, str]) -> MemberImport:
    """Have every row checked under these columns and terms; what an earlier check found is forgotten. Needs the
    tenant's scope; afterwards a worker is nudged. Raises Invalid naming `columns`, `offer`, `site`, `order`,
    `without_mandate`; Conflict (`import_under_way`)."""
    row = _locked(row_id)
    if row.status not in OPEN:
        raise under_way()
    if errors := _faults(row, columns, terms):
        raise Invalid(code=errors[0].code, errors=errors)
    ImportRow.objects.filter(member_import=row).delete()
    row.columns, row.terms = dict(columns), dict(terms)
    row.status, row.rows, row.tries = Status.CHECKING, 0, 0
    row.code, row.msgid, row.params, row.claim, row.beaten_at, row.checked_at = "", "", {}, None, None, None
    row.forget_at = instant() + KEPT
    row.save()
    return row


def begin_enrolling(row_id: UUID, *, actor: Actor, now: Now) -> MemberImport:
    """Have every good row enrolled, in this member's name. Asked twice it is asked once. Needs the tenant's scope;
    afterwards a worker is nudged. Raises Conflict (`import_not_checked`, `nobody_to_enrol`)."""
    row = _locked(row_id)
    if row.status in (Status.ENROLLING, Status.DONE):
        return row
    if row.status != Status.CHECKED or row.code:
        raise Conflict(gettext_noop("Check the file first."), code="import_not_checked")
    if not ImportRow.objects.filter(member_import=row, status=ImportRow.Status.GOOD).exists():
        detail = gettext_noop("No row of this file can be enrolled.")
        raise Conflict(detail, code="nobody_to_enrol", way_out=gettext_noop("Correct the file, or name its columns."))
    row.status, row.claim, row.beaten_at, row.begun_at, row.tries = Status.ENROLLING, None, None, now.at, 0
    row.actor_kind, row.actor_id, row.created_by = actor.kind.value, actor.id[:64], actor.label[:120]
    row.save()
    return row


def discard(row_id: UUID) -> MemberImport:
    """Forget the file and all that it says; nobody was enrolled by it. Needs the tenant's scope. Raises Conflict."""
    row = _locked(row_id)
    if row.status not in (*OPEN, Status.DISCARDED):
        raise under_way()
    forget(row)
    row.status = Status.DISCARDED
    row.save(update_fields=["status"])
    return row


def forget(row: MemberImport) -> None:
    """Delete the file and what is left of what its rows say; rows of those who were enrolled stay, for the proof."""
    ImportFile.objects.filter(member_import=row).delete()
    ImportRow.objects.filter(member_import=row).exclude(status=ImportRow.Status.ENROLLED).update(sealed=b"")
    MemberImport.objects.filter(pk=row.pk).update(forget_at=None)
    row.forget_at = None


def expire(row_id: UUID) -> None:
    """Forget an import whose days are over: one that was never enrolled is discarded. Needs the tenant's scope."""
    row = _locked(row_id)
    if row.forget_at is None or row.forget_at > instant() or row.status in (Status.CHECKING, Status.ENROLLING):
        return
    if row.status in OPEN:
        discard(row_id)
    else:
        forget(row)


def under_way() -> Conflict:
    """A worker is at it, or it is over."""
    detail = gettext_noop("This import is under way, or over.")
    return Conflict(detail, code="import_under_way", way_out=gettext_noop("Upload the file anew to begin another."))


def _locked(row_id: UUID) -> MemberImport:
    return MemberImport.objects.select_for_update(of=("self",), no_key=True).get(id=row_id)


def _faults(row: MemberImport, columns: Mapping[str, int], terms: Mapping[str, Any]) -> list[FieldError]:
    found = []
    if columns.keys() - FIELDS.keys() or not all(0 <= at < len(row.headings) for at in columns.values()):
        found.append(FieldError(field="columns", code="column_unknown", detail=gettext_noop("No such column.")))
    if not columns.keys() & {"name", "first_name", "last_name"}:
        found.append(_missing(gettext_noop("Say which column has the name.")))
    if "offer" not in columns and not terms.get("offer"):
        found.append(_missing(gettext_noop("Say which column has the offer, or choose one for all."), "offer"))
    if "start_on" not in columns:
        found.append(_missing(gettext_noop("Say which column has the day since when they are members.")))
    if "paid_until" not in columns:
        found.append(_missing(gettext_noop("Say which column has the day until which they have paid.")))
    if terms.get("offer") and not Offer.objects.filter(reference=terms["offer"]).exists():
        detail = gettext_noop("No offer has this name or reference.")
        found.append(FieldError(field="offer", code="offer_unknown", detail=detail))
    if terms.get("site") and not Site.objects.filter(reference=terms["site"]).exists():
        detail = gettext_noop("No site has this name or reference.")
        found.append(FieldError(field="site", code="site_unknown", detail=detail))
    if terms.get("order") not in (DAY_FIRST, MONTH_FIRST):
        found.append(FieldError(field="order", code="invalid_choice", detail=gettext_noop("Day or month first.")))
    if terms.get("without_mandate") not in WITHOUT_MANDATE:
        detail = gettext_noop("How members without a mandate pay.")
        found.append(FieldError(field="without_mandate", code="invalid_choice", detail=detail))
    return found


def _missing(detail: str, field: str = "columns") -> FieldError:
    return FieldError(field=field, code="column_missing", detail=detail)
