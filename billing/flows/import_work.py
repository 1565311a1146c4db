"""An old member file carried on by a worker: read and checked, or its good rows enrolled, batch by batch, each batch a
transaction of its own with its rows; then proved, by reading back what stands.

Killed at any moment, what was committed stays: a check begins anew, enrolling goes on with the rows that are not
enrolled yet. Two workers at once: each batch holds the import's row and its claim, so that one of them stops.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Q

from billing.engine.lives import next_charge
from billing.flows import imports
from billing.flows.import_repeats import Seen, known_faults
from billing.flows.import_rows import Around, enrol_rows, members_of
from billing.flows.purchase import issuing_entity
from billing.imports.checking import Found, check
from billing.imports.members import Catalogue, Member, Terms
from billing.imports.reading import read, shown
from billing.models import ImportFile, ImportRow, MemberImport
from billing.selectors.import_lookups import Known, catalogue_of, known_of
from billing.selectors.snapshots import snapshots
from merchants.actors import Actor, ActorKind, Channel
from merchants.clock import instant
from merchants.ids import new_id
from merchants.models import Merchant
from merchants.now import Now
from merchants.refusals import FieldError, Invalid, Refusal, gettext_noop
from merchants.secrets import seal, unseal
from merchants.selectors.clocks import now_for
from merchants.tenancy import bulk
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from subscribers.snapshots import SubscriptionSnapshot

STILL = timedelta(seconds=90)
"""Without a sign of life for so long, a worker is gone. A batch takes a second or two."""
AT_ONCE = 200
"""Rows of one transaction."""
MOST_TRIES = 5
Status = MemberImport.Status
Row = ImportRow.Status
log = logging.getLogger(__name__)


class Taken(Exception):  # noqa: N818 - it ends this worker's part, it is no error
    """Another worker carries it on by now, or it is not to be carried on any more."""


def carry_on(*, merchant_id: UUID, import_id: UUID) -> None:
    """Check or enrol, unless another worker is at it. Call it outside any transaction."""
    claim = new_id()
    with tenant(merchant_id):
        row = _claimed(import_id, claim)
    if row is None:
        return
    try:
        if row.tries > MOST_TRIES:
            raise Refusal(gettext_noop("Its worker stopped again and again."), code="interrupted")
        if row.status == Status.CHECKING:
            _check_all(merchant_id, row)
        else:
            _enrol_all(merchant_id, row)
    except Taken:
        log.info("import %s is carried on by another worker", import_id)
    except Refusal as refusal:
        _failed(merchant_id, row, refusal)


def _claimed(import_id: UUID, claim: UUID) -> MemberImport | None:
    present = instant()
    free = Q(beaten_at=None) | Q(beaten_at__lt=present - STILL)
    under_way = Q(status__in=[Status.CHECKING, Status.ENROLLING])
    rows = MemberImport.objects.select_for_update(of=("self",), no_key=True)
    row = rows.filter(free, under_way, id=import_id).first()
    if row is not None:
        row.claim, row.beaten_at, row.tries = claim, present, row.tries + 1
        row.save(update_fields=["claim", "beaten_at", "tries"])
    return row


def _beat(row: MemberImport, **columns: Any) -> None:
    """A sign of life in the batch's own transaction. Raises Taken where the claim is another's by now."""
    mine = MemberImport.objects.filter(pk=row.pk, claim=row.claim, status=row.status)
    if not mine.update(beaten_at=instant(), **columns):
        raise Taken
    for name, value in columns.items():
        setattr(row, name, value)


def _around(merchant_id: UUID, row: MemberImport) -> Around:
    merchant = Merchant.objects.get(id=merchant_id)
    actor = Actor(kind=ActorKind(row.actor_kind), id=row.actor_id, label=row.created_by, channel=Channel.import_)
    catalogue = catalogue_of(merchant, issuing_entity())
    return Around(merchant=merchant, catalogue=catalogue, actor=actor, now=now_for(merchant))


def _failed(merchant_id: UUID, row: MemberImport, refusal: Refusal) -> None:
    """Why the file cannot be read, or enrolling cannot go on: back to where the staff can do something."""
    error = refusal.errors[0] if isinstance(refusal, Invalid) and refusal.errors else None
    with tenant(merchant_id):
        mine = MemberImport.objects.filter(pk=row.pk, claim=row.claim)
        mine.update(
            status=Status.CHECKED,
            claim=None,
            beaten_at=None,
            code=(error.code if error else refusal.code)[:60],
            msgid=error.detail if error else refusal.detail,
            params=dict(error.params if error else refusal.params),
        )


def _check_all(merchant_id: UUID, row: MemberImport) -> None:
    with tenant(merchant_id):
        content = unseal(ImportFile.objects.values_list("content", flat=True).get(member_import=row))
        ImportRow.objects.filter(member_import=row).delete()
        around = _around(merchant_id, row)
    terms = Terms(columns=row.columns, **row.terms)
    lines, seen, count = read(content).lines, Seen(), 0
    while batch := list(islice(lines, AT_ONCE)):
        with tenant(merchant_id):
            found = [check(line, terms, around.catalogue, around.now) for line in batch]
            known = known_of([one.member for one in found if one.member])
            bulk.insert([_row_of(row, one, seen, known) for one in found])
            count += len(batch)
            _beat(row, rows=count)
    with tenant(merchant_id):
        _beat(row, status=Status.CHECKED, claim=None, checked_at=around.now.at)


def _row_of(row: MemberImport, found: Found, seen: Seen, known: Known) -> ImportRow:
    member, faults, status = found.member, list(found.faults), Row.GOOD
    if member is not None:
        faults = seen.faults(member)
        if not faults and member.key in known.keys:
            status = Row.KNOWN
        elif not faults:
            faults = known_faults(member, known)
    if faults:
        status = Row.FAULTY
    said: dict[str, Any] = {"cells": [shown(cell) for cell in found.line.cells]}
    if member is not None and status == Row.GOOD:
        said["member"] = member.plain()
    sold = member.sold if member else None
    return bulk.lean(
        ImportRow,
        member_import_id=row.pk,
        line=found.line.number,
        key=member.key if member else "",
        status=status.value,
        sealed=seal(json.dumps(said, ensure_ascii=False).encode()),
        faults=[told(one) for one in faults],
        offer_id=sold.offer_id if sold else None,
        currency=sold.picture.currency if sold else "",
        paid_until=member.paid_until if member else None,
        amount=member.amount if member else None,
        with_mandate=bool(member and member.mandate),
    )


def told(error: FieldError) -> dict[str, Any]:
    """A fault as its row keeps it."""
    params = {name: value if isinstance(value, int) else str(value) for name, value in error.params.items()}
    return {"field": error.field, "code": error.code, "detail": error.detail, "params": params}


def _enrol_all(merchant_id: UUID, row: MemberImport) -> None:
    while True:
        try:
            with tenant(merchant_id):
                _held(row)
                good = ImportRow.objects.select_for_update(of=("self",)).filter(member_import=row, status=Row.GOOD)
                batch = list(good.order_by("line")[:AT_ONCE])
                if not batch:
                    break
                _enrol(batch, _around(merchant_id, row))
                _beat(row)
        except IntegrityError as clash:  # somebody was enrolled elsewhere between the look and the write: look again
            log.warning("import %s: a batch is tried again: %s", row.pk, clash)
            with tenant(merchant_id):
                row.tries += 1
                _beat(row, tries=row.tries)
            if row.tries > MOST_TRIES:
                raise Refusal(gettext_noop("Its worker stopped again and again."), code="interrupted") from clash
    _prove(merchant_id, row)
    with tenant(merchant_id):
        _held(row)
        ImportFile.objects.filter(member_import=row).delete()
        _beat(row, status=Status.DONE, claim=None, done_at=now_for(Merchant.objects.get(id=merchant_id)).at)


def _held(row: MemberImport) -> None:
    mine = MemberImport.objects.select_for_update(of=("self",), no_key=True).filter(pk=row.pk, claim=row.claim)
    if not mine.filter(status=row.status).exists():
        raise Taken


def _enrol(batch: Sequence[ImportRow], around: Around) -> None:
    """Enrol who can still be; what has changed since the check stands on the row."""
    members = members_of(batch, around)
    known = known_of(list(members.values()))
    pairs, late = [], []
    for row in batch:
        member = members.get(row.pk)
        faults = _now_faults(member, known, around.catalogue, around.now)
        if member is None or faults:
            late.append((row.pk, Row.FAULTY.value, [told(one) for one in faults]))
        elif member.key in known.keys:
            late.append((row.pk, Row.KNOWN.value, []))
        else:
            pairs.append((row, member))
    bulk.update(ImportRow, ("status", "faults"), late)
    enrol_rows(pairs, around)


def _now_faults(member: Member | None, known: Known, catalogue: Catalogue, now: Now) -> list[FieldError]:
    if member is None:
        detail = gettext_noop("The offer has a new version since the check: upload the rest anew.")
        return [FieldError(field="offer", code="offer_changed", detail=detail)]
    return [] if member.key in known.keys else known_faults(member, known)


def _prove(merchant_id: UUID, row: MemberImport) -> None:
    """Read back what stands of everybody enrolled: the day and the amount of the next charge, from the subscriptions
    themselves, by the engine that will bill them."""
    while True:
        with tenant(merchant_id):
            merchant = Merchant.objects.get(id=merchant_id)
            waiting = ImportRow.objects.filter(member_import=row, status=Row.ENROLLED, next_on=None)
            batch = list(waiting.order_by("line").values_list("id", "subscription_id")[:AT_ONCE])
            if not batch:
                return
            lives = list(Subscription.objects.filter(id__in=[life for _, life in batch]).select_related("payer"))
            pictures = snapshots(lives, merchant, {one.payer_id: one.payer for one in lives})
            found = [(id_, *_next(pictures[life])) for id_, life in batch]
            bulk.update(ImportRow, ("next_on", "next_amount"), found)
            _beat(row)


def _next(picture: SubscriptionSnapshot) -> tuple[date, int]:
    """When its next period begins, and what is charged next."""
    charged = next_charge(picture)
    return picture.current_period.end if picture.current_period else picture.start_on, charged[1] if charged else 0


def expire(*, merchant_id: UUID, import_id: UUID) -> None:
    """Forget an import whose days are over."""
    with tenant(merchant_id):
        imports.expire(import_id)
