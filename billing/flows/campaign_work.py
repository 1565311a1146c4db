"""A campaign carried on by a worker: each subscription in a transaction of its own, with its row of the campaign.

Killed at any moment, what was planned is written with its member, and the next worker goes on with who still waits. Two
workers at once plan for nobody twice: a member is locked while it is planned for, and one wish of a kind waits.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import OperationalError
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext

from billing.engine.versions import Move, move
from billing.engine.wishes import WishKind
from billing.flows import cancel, schedule
from billing.flows.bring_up import bring_up, is_due
from billing.flows.campaigns import earliest
from billing.models import Campaign, CampaignMember
from billing.selectors.due import catalogue_of
from billing.selectors.snapshots import snapshots
from merchants.actors import Actor, ActorKind, Channel
from merchants.clock import instant
from merchants.ids import show
from merchants.models import Merchant
from merchants.refusals import Refusal, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers import history, shapes
from subscribers.models import ScheduledChange, Subscription
from subscribers.selectors.pictures import offer_pictures
from subscribers.services import facts

STILL = timedelta(seconds=90)
"""Without a sign of life for so long, a worker is gone."""
AT_ONCE = 50
"""Members between two signs of life."""
FAULT = gettext_noop("Something went wrong on our side. It was noted.")
TAKEN_BACK = gettext_noop("The campaign was cancelled.")
Status = CampaignMember.Status
log = logging.getLogger(__name__)


def carry_on(*, merchant_id: UUID, campaign_id: UUID) -> int:
    """Plan for, or take back from, all that wait, unless another worker is at it. Answers how many it went through.
    Call it outside any transaction."""
    if not _claimed(merchant_id, campaign_id):
        return 0
    count, last = 0, UUID(int=0)
    while True:
        with tenant(merchant_id):
            campaign = Campaign.objects.select_related("to_version").get(id=campaign_id)
            back = campaign.status == Campaign.Status.CANCELLING
            rows = CampaignMember.objects.filter(campaign=campaign, id__gt=last, **_open(back)).order_by("id")
            found = list(rows.values_list("id", flat=True)[:AT_ONCE])
            Campaign.objects.filter(id=campaign_id).update(beaten_at=instant())
        if not found:
            break
        for member_id in found:
            plan_or_take_back(merchant_id, campaign, member_id, back=back)
            count, last = count + 1, member_id
    _settle(merchant_id, campaign_id)
    return count


def _open(back: bool) -> dict[str, Any]:
    """Which members have something to be done: planned moves to take back, or those who wait."""
    if back:
        return {"status": Status.SCHEDULED, "wish__status": ScheduledChange.Status.WAITING}
    return {"status": Status.WAITING}


def _claimed(merchant_id: UUID, campaign_id: UUID) -> bool:
    present = instant()
    free = Q(beaten_at=None) | Q(beaten_at__lt=present - STILL)
    under_way = Q(status__in=[Campaign.Status.PLANNING, Campaign.Status.CANCELLING])
    with tenant(merchant_id):
        return bool(Campaign.objects.filter(free, under_way, id=campaign_id).update(beaten_at=present))


def plan_or_take_back(merchant_id: UUID, campaign: Campaign, member_id: UUID, *, back: bool) -> None:
    """One member in a transaction of its own. What refuses it stands on the member; nothing is raised."""
    actor = _actor(campaign, back=back)
    try:
        with tenant(merchant_id):
            member = CampaignMember.objects.filter(id=member_id).first()
            if member is None:
                return
            row = cancel.lock(member.subscription_id)  # its payer and itself first: the order of all locks
            rows = CampaignMember.objects.select_for_update(of=("self",))
            member = rows.filter(id=member_id, **({"status": Status.SCHEDULED} if back else _open(back))).first()
            still = Campaign.objects.filter(id=campaign.pk, status=campaign.status).exists()
            if member is None or not still:
                return
            merchant = Merchant.objects.get(id=merchant_id)
            (_take_back if back else _plan)(campaign, member, row, merchant, actor)
    except Exception as error:
        _note(merchant_id, member_id, back, error)


def _plan(campaign: Campaign, member: CampaignMember, row: Subscription, merchant: Merchant, actor: Actor) -> None:
    """One wish of its own kind for its first renewal from the effect date on, and the fact that it was announced."""
    now = now_for(merchant, row.test_clock_id)
    if row.status in cancel.LIVE and is_due(row, now):
        bring_up(merchant.pk, row, actor=actor, now=now)
    picture = snapshots([row], merchant)[row.pk]
    to = offer_pictures([campaign.to_version_id])[campaign.to_version_id]
    day = earliest(campaign.effect_on, campaign.notice_days, now.today)
    kept = campaign.keep_commitment
    found = move(picture, to, earliest=day, keep_commitment=kept, catalogue=catalogue_of([picture]))
    wish = ScheduledChange(
        subscription=row,
        kind=WishKind.move_version.value,
        due_on=found.due_on,
        details={
            "offer_version": str(campaign.to_version_id),
            "campaign": str(campaign.pk),
            "not_before": found.not_before.isoformat(),
        },
        created_at=now.at,
    )
    history.create(wish, actor=actor, now=now, reason=campaign.reason)
    schedule.plan_again(row, merchant, actor=actor, now=now)
    data = {"object": shapes.subscription(row), "price_change": _announced(campaign, row, found)}
    facts.tell(row.subscriber_id, ("subscription.price_change_announced", row.pk, data), actor=actor, now=now)
    member.wish, member.status, member.due_on = wish, Status.SCHEDULED, found.due_on
    member.before, member.after = found.before, found.after
    member.yearly_before, member.yearly_after = found.yearly_before, found.yearly_after
    member.save()


def _announced(campaign: Campaign, row: Subscription, found: Move) -> dict[str, Any]:
    return {
        "campaign": campaign.public_id,
        "offer_version": campaign.to_version.number,
        "due_on": found.due_on.isoformat(),
        "amount_before": found.before,
        "amount_after": found.after,
        "currency": row.currency,
        "subscription": show("sub", row.pk),
        "reason": campaign.reason,
    }


def _take_back(campaign: Campaign, member: CampaignMember, row: Subscription, merchant: Merchant, actor: Actor) -> None:
    now = now_for(merchant, row.test_clock_id)
    wishes = ScheduledChange.objects.select_for_update(of=("self",))
    waiting = ScheduledChange.Status.WAITING
    wish = wishes.filter(id=member.wish_id, status=waiting).first() if member.wish_id else None
    if wish is None:
        return
    schedule.settle(wish, ScheduledChange.Status.REVOKED, actor=actor, now=now)
    schedule.plan_again(row, merchant, actor=actor, now=now)
    with translation.override(merchant.locale):
        member.status, member.code, member.detail = Status.SKIPPED, "campaign_cancelled", gettext(TAKEN_BACK)
    member.save(update_fields=["status", "code", "detail"])


def _note(merchant_id: UUID, member_id: UUID, back: bool, error: Exception) -> None:
    """Why it is left out, on the member: the others go on. What could not be taken back, or what the
    database could not do just then (a lock, a lost connection), stays as it was, and the next nudge tries again."""
    if isinstance(error, OperationalError):
        log.warning("campaign member %s waits for the next worker: %s", member_id, error)
        return
    if not isinstance(error, Refusal):
        log.exception("campaign member %s", member_id, exc_info=error)
        error = Refusal(FAULT, code="fault")
    if back:
        return
    with tenant(merchant_id), translation.override(Merchant.objects.get(id=merchant_id).locale):
        code, detail = error.code, error.say(gettext)
        mine = CampaignMember.objects.filter(id=member_id, status=Status.WAITING)
        mine.update(status=Status.SKIPPED, code=code[:60], detail=detail[:300])


def _actor(campaign: Campaign, *, back: bool) -> Actor:
    label = campaign.cancelled_by if back else campaign.begun_by
    kind, channel = ActorKind(campaign.actor_kind), Channel(campaign.channel)
    return Actor(kind=kind, id=campaign.actor_id, label=label, channel=channel)


def _settle(merchant_id: UUID, campaign_id: UUID) -> None:
    """Nobody waits any more; else (another worker holds one, it is cancelled since, the database was busy) let the
    next nudge look again at once."""
    with tenant(merchant_id):
        campaign = Campaign.objects.select_for_update(of=("self",), no_key=True).get(id=campaign_id)
        back = campaign.status == Campaign.Status.CANCELLING
        if campaign.status not in (Campaign.Status.PLANNING, Campaign.Status.CANCELLING):
            return
        if CampaignMember.objects.filter(campaign=campaign, **_open(back)).exists():
            Campaign.objects.filter(id=campaign_id).update(beaten_at=None)
            return
        campaign.status = Campaign.Status.CANCELLED if back else Campaign.Status.ANNOUNCED
        campaign.settled_at = instant()
        campaign.save(update_fields=["status", "settled_at"])
