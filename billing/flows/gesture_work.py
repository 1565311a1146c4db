"""A batch of gestures carried on by a worker: each subscription in a transaction of its own, with its row of the batch.

Killed at any moment, what was given is written with its member, and the next worker goes on with who still waits. Two
workers at once give to nobody twice: a member is locked while it is given to, and the database knows one gesture of a
batch for each subscription.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.db import OperationalError
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext

from billing.flows import give, undo_gesture
from billing.flows.gesture_batches import giving_of
from merchants.actors import Actor, ActorKind, Channel
from merchants.clock import instant
from merchants.gesture_limits import API_KEY
from merchants.models import Merchant
from merchants.refusals import Refusal, gettext_noop
from merchants.tenancy.scope import tenant
from subscribers.models import GestureBatch, GestureMember

STILL = timedelta(seconds=90)
"""Without a sign of life for so long, a worker is gone."""
AT_ONCE = 50
"""Members between two signs of life."""
FAULT = gettext_noop("Something went wrong on our side. It was noted.")

Status = GestureMember.Status
log = logging.getLogger(__name__)


def carry_on(*, merchant_id: UUID, batch_id: UUID) -> int:
    """Give to, or take back from, all that wait, unless another worker is at it. Answers how many it went through. Call
    it outside any transaction."""
    if not _claimed(merchant_id, batch_id):
        return 0
    count, last = 0, UUID(int=0)
    while True:
        with tenant(merchant_id):
            batch = GestureBatch.objects.select_related("coupon").get(id=batch_id)
            undoing = batch.status == GestureBatch.Status.UNDOING
            state = Status.GIVEN if undoing else Status.WAITING
            rows = GestureMember.objects.filter(batch=batch, status=state, id__gt=last).order_by("id")
            members = list(rows.values_list("id", flat=True)[:AT_ONCE])
            GestureBatch.objects.filter(id=batch_id).update(beaten_at=instant())
        if not members:
            break
        for member_id in members:
            (_undo_one if undoing else _give_one)(merchant_id, batch, member_id)
            count, last = count + 1, member_id
    _settle(merchant_id, batch_id)
    return count


def _claimed(merchant_id: UUID, batch_id: UUID) -> bool:
    present = instant()
    free = Q(beaten_at=None) | Q(beaten_at__lt=present - STILL)
    under_way = Q(status__in=[GestureBatch.Status.GIVING, GestureBatch.Status.UNDOING])
    with tenant(merchant_id):
        return bool(GestureBatch.objects.filter(free, under_way, id=batch_id).update(beaten_at=present))


def _give_one(merchant_id: UUID, batch: GestureBatch, member_id: UUID) -> None:
    try:
        with tenant(merchant_id):
            member = _locked(member_id, Status.WAITING)
            if member is None:
                return
            gesture = give.give(
                merchant_id=merchant_id,
                subscription_id=member.subscription_id,
                giving=giving_of(batch),
                role=None if batch.given_as == API_KEY else batch.given_as,
                actor=_actor(batch, batch.given_by),
                batch_id=batch.pk,
                coupon=batch.coupon,
            )
            member.gesture, member.status = gesture, Status.GIVEN
            member.save(update_fields=["gesture", "status"])
    except Exception as error:
        _note(merchant_id, member_id, Status.WAITING, Status.REFUSED, error)


def _undo_one(merchant_id: UUID, batch: GestureBatch, member_id: UUID) -> None:
    try:
        with tenant(merchant_id):
            member = _locked(member_id, Status.GIVEN)
            if member is None or member.gesture_id is None:
                return
            actor = _actor(batch, batch.undone_by)
            undo_gesture.undo(
                merchant_id=merchant_id, gesture_id=member.gesture_id, actor=actor, reason=batch.undo_reason
            )
            member.status = Status.UNDONE
            member.save(update_fields=["status"])
    except Exception as error:
        _note(merchant_id, member_id, Status.GIVEN, Status.KEPT, error)


def _locked(member_id: UUID, status: Status) -> GestureMember | None:
    rows = GestureMember.objects.select_for_update(of=("self",), skip_locked=True)
    return rows.filter(id=member_id, status=status).first()


def _note(merchant_id: UUID, member_id: UUID, before: Status, after: Status, error: Exception) -> None:
    """Why it could not be given, or taken back, on the member: the others go on. What the database could not do just
    then (a lock, a lost connection) is no reason: it is as it was, and the next nudge tries again."""
    if isinstance(error, OperationalError):
        log.warning("gesture member %s waits for the next worker: %s", member_id, error)
        return
    if not isinstance(error, Refusal):
        log.exception("gesture member %s", member_id, exc_info=error)
        error = Refusal(FAULT, code="fault")
    with tenant(merchant_id), translation.override(Merchant.objects.get(id=merchant_id).locale):
        code, detail = error.code, error.say(gettext)
        mine = GestureMember.objects.filter(id=member_id, status=before)
        mine.update(status=after, code=code[:60], detail=detail[:300])


def _actor(batch: GestureBatch, label: str) -> Actor:
    return Actor(kind=ActorKind(batch.actor_kind), id=batch.actor_id, label=label, channel=Channel(batch.channel))


def _settle(merchant_id: UUID, batch_id: UUID) -> None:
    """Nobody waits any more; else (another worker holds one, it is taken back since, the database was busy) let the
    next nudge look again at once."""
    with tenant(merchant_id):
        batch = GestureBatch.objects.select_for_update(of=("self",), no_key=True).get(id=batch_id)
        undoing = batch.status == GestureBatch.Status.UNDOING
        open_ = GestureMember.objects.filter(batch=batch, status=Status.GIVEN if undoing else Status.WAITING)
        if batch.status not in (GestureBatch.Status.GIVING, GestureBatch.Status.UNDOING):
            return
        if open_.exists():
            GestureBatch.objects.filter(id=batch_id).update(beaten_at=None)
            return
        batch.status = GestureBatch.Status.UNDONE if undoing else GestureBatch.Status.GIVEN
        batch.settled_at = instant()
        batch.save(update_fields=["status", "settled_at"])
