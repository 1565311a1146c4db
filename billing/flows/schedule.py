"""Wishes for the end of the paid period: noted, shown, replaced by a new one of their kind, taken back (domain 12, 13).

What a wish does when its day comes is `engine.wishes`, carried out by `renew`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction

from billing.engine.due import next_action_at
from billing.engine.lives import live
from billing.engine.quoting import Later, coming
from billing.engine.wishes import WishKind, paid_until
from billing.flows import cancel, coupon_uses, suspend
from billing.flows.asks import Ask, ChangeOffer, Standing, details, gathered
from billing.flows.bring_up import bring_up, is_due
from billing.flows.given import withdraw_planned
from billing.flows.not_running import not_running
from billing.flows.purchase_coupons import count_uses
from billing.selectors.due import catalogue_of
from billing.selectors.planned import planned
from billing.selectors.snapshots import snapshots
from invoices.drafts import DraftInvoice
from merchants.actors import Actor
from merchants.ids import new_id
from merchants.models import Merchant
from merchants.now import Now
from merchants.refusals import Conflict, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers import history, shapes
from subscribers.models import ScheduledChange, Subscription
from subscribers.services import facts
from subscribers.snapshots import Scheduled, SubscriptionSnapshot


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a wish will do: on which day, the documents of that day, the subscription's options that end with it, and
    what comes later."""

    due_on: date
    after: SubscriptionSnapshot
    documents: tuple[DraftInvoice, ...]
    ended_options: tuple[str, ...]
    later: tuple[Later, ...]


def schedule(*, merchant_id: UUID, subscription_id: UUID, ask: Ask, actor: Actor, reason: str = "") -> Subscription:
    """Note a wish for the end of the paid period, in the place of one of its kind that waits; options are gathered: one
    more does not undo the last.

    Raises Invalid naming the field, Conflict (`subscription_not_running`, `subscription_ending`, `no_running_period`,
    `offer_archived`, `nothing_changes`, `option_over`).
    """
    with tenant(merchant_id):
        if isinstance(ask, ChangeOffer):
            coupon_uses.lock_for(cancel.lock(subscription_id), ask.coupons)
        _bring_up(merchant_id, subscription_id, actor)
        standing = _standing(merchant_id, subscription_id)
        kind, wanted = details(ask, standing)
        row, now = standing.row, standing.now
        waiting = _waiting(row).filter(kind=kind.value).select_for_update(of=("self",)).first()
        if waiting is not None:
            wanted = gathered(kind, waiting.details, wanted)
            settle(waiting, ScheduledChange.Status.REPLACED, actor=actor, now=now)
        if kind is WishKind.change_offer:
            give_way(row, actor=actor, now=now)
        count_uses([UUID(id_) for id_ in wanted.get(coupon_uses.ON, ())])
        wish = ScheduledChange(
            subscription=row, kind=kind.value, due_on=standing.due_on, details=wanted, created_at=now.at
        )
        history.create(wish, actor=actor, now=now, reason=reason)
        plan_again(row, standing.merchant, actor=actor, now=now)
        return row


def preview(*, merchant_id: UUID, subscription_id: UUID, ask: Ask) -> Effect:
    """What a wish would do, with all others that wait: the same refusals, nothing is written; what fell due before is
    made for the calculation, and undone with it."""
    with tenant(merchant_id), transaction.atomic():
        due = _bring_up(merchant_id, subscription_id, Actor.system("preview"))
        standing = _standing(merchant_id, subscription_id)
        kind, wanted = details(ask, standing)
        others = []
        for waiting in standing.picture.scheduled:
            if kind is WishKind.change_offer and waiting.kind == WishKind.move_version.value:
                continue
            if waiting.kind == kind.value:
                wanted = gathered(kind, waiting.payload, wanted)
            else:
                others.append(waiting)
        wish = Scheduled(id=str(new_id()), kind=kind.value, effective_on=standing.due_on, payload=wanted)
        wished = replace(standing.picture, scheduled=(*others, wish))
        catalogue = catalogue_of([wished])
        taken = live(wished, standing.due_on, catalogue=catalogue)
        after = taken[-1].after if taken else wished
        effect = Effect(
            due_on=standing.due_on,
            after=after,
            documents=tuple(draft for one in taken if one.step.on == standing.due_on for draft in one.drafts),
            ended_options=tuple(id_ for one in taken for id_ in one.step.ended_options),
            later=coming(after, catalogue=catalogue),
        )
        if due:
            transaction.set_rollback(True)
        return effect


def undo(*, merchant_id: UUID, subscription_id: UUID, kind: str | None, actor: Actor) -> Subscription:
    """Take back what is planned: a cancellation (`cancel`), one kind of wish, or with no kind all of it.

    Raises Conflict (`nothing_to_undo`, `subscription_not_running`).
    """
    with tenant(merchant_id):
        row = cancel.lock(subscription_id)
        merchant = Merchant.objects.get(id=merchant_id)
        now = now_for(merchant, row.test_clock_id)
        wishes = list(_waiting(row).filter(kind=kind) if kind else _waiting(row).exclude(kind=WishKind.move_version))
        suspends = row.suspended_from is not None and not row.suspension_begun
        if kind == "suspend" or (kind is None and suspends):
            row = suspend.undo(merchant_id=merchant_id, subscription_id=subscription_id, actor=actor)
        if kind == "suspend":
            return row
        if kind in (None, "cancel") and (row.service_ends_on is not None or not (wishes or suspends)):
            row = cancel.undo(merchant_id=merchant_id, subscription_id=subscription_id, actor=actor)
        elif not wishes and not (kind is None and suspends):
            raise Conflict(gettext_noop("Nothing of this kind is planned."), code="nothing_to_undo")
        for wish in wishes:
            settle(wish, ScheduledChange.Status.REVOKED, actor=actor, now=now)
            withdraw_planned(wish, actor=actor, now=now)
        if wishes:
            plan_again(row, merchant, actor=actor, now=now)
        return row


def _waiting(row: Subscription) -> Any:
    return ScheduledChange.objects.filter(subscription=row, status=ScheduledChange.Status.WAITING)


def _bring_up(merchant_id: UUID, subscription_id: UUID, actor: Actor) -> bool:
    """What fell due before a wish is made is made first, so that it is for a period that is not paid yet. Answers
    whether anything was."""
    row = cancel.lock(subscription_id)
    now = now_for(Merchant.objects.get(id=merchant_id), row.test_clock_id)
    if row.status not in cancel.LIVE or not is_due(row, now):
        return False
    bring_up(merchant_id, row, actor=actor, now=now)
    return True


def _standing(merchant_id: UUID, subscription_id: UUID) -> Standing:
    row = cancel.lock(subscription_id)
    merchant = Merchant.objects.get(id=merchant_id)
    if row.status not in cancel.LIVE:
        raise not_running(row)
    picture = snapshots([row], merchant)[row.pk]
    now = now_for(merchant, row.test_clock_id)
    due_on = paid_until(picture)
    wish = picture.suspension
    if wish is not None and wish.begun and wish.stops_billing and (due_on is None or due_on <= now.today):
        raise Conflict(
            gettext_noop("This subscription is suspended, and its billing stands still."),
            code="subscription_suspended",
            way_out=gettext_noop("Resume it first."),
        )
    if due_on is None:
        raise Conflict(gettext_noop("This subscription has no running period."), code="no_running_period")
    if picture.ends_on is not None and picture.ends_on <= due_on:
        raise Conflict(
            gettext_noop("This subscription ends by then."),
            code="subscription_ending",
            way_out=gettext_noop("Take the cancellation back first."),
        )
    return Standing(row=row, merchant=merchant, picture=picture, due_on=due_on, now=now)


def give_way(row: Subscription, *, actor: Actor, now: Now) -> None:
    """Who chooses an offer is not moved to another version of the one they had: the subscriber's own wish wins."""
    for wish in _waiting(row).filter(kind=WishKind.move_version).select_for_update(of=("self",)):
        settle(wish, ScheduledChange.Status.REPLACED, actor=actor, now=now)


def settle(wish: ScheduledChange, status: ScheduledChange.Status, *, actor: Actor, now: Now) -> None:
    """A wish that waits no longer; the uses of coupons that were held for it are given back, unless it is done."""
    history.update(wish, {"status": status.value, "settled_at": now.at}, actor=actor, now=now, verb=status.value)
    if status is not ScheduledChange.Status.DONE:
        coupon_uses.release(wish.details)


def plan_again(row: Subscription, merchant: Merchant, *, actor: Actor, now: Now) -> None:
    """When it is due next, now that its wishes are others; and the fact that they are."""
    picture = snapshots([row], merchant)[row.pk]
    history.update(row, {"next_action_at": next_action_at(picture)}, actor=actor, now=now, verb="planned")
    data = {"object": {**shapes.subscription(row), "scheduled": planned([row])[row.pk]}}
    facts.tell(row.subscriber_id, ("subscription.updated", row.pk, data), actor=actor, now=now)
