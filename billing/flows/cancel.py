"""Cancelling at the end of the paid period, and changing one's mind (domain 14)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from billing.selectors.snapshots import anchor_of
from merchants.actors import Actor
from merchants.models import Merchant
from merchants.now import Now, local_midnight
from merchants.refusals import Conflict, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers import history, shapes
from subscribers.models import Subscriber, Subscription
from subscribers.periods import boundary
from subscribers.selectors.pictures import offer_pictures
from subscribers.selectors.rights import verdict_of
from subscribers.services import facts

LIVE = (Subscription.Status.TRIALING, Subscription.Status.ACTIVE, Subscription.Status.SUSPENDED)


def lock(subscription_id: UUID) -> Subscription:
    """The subscription and its people, locked in the one order: payer and beneficiary by id, then the subscription."""
    known = Subscription.objects.get(id=subscription_id)
    people = sorted({known.payer_id, known.subscriber_id})
    list(Subscriber.objects.select_for_update().filter(id__in=people).order_by("id"))
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("offer_version__offer")
    return rows.get(id=subscription_id)


def last_paid_day(subscription: Subscription) -> date:
    """The first day that is neither paid nor free: the end of the free stage, or of the current period."""
    if subscription.current_period_end is None:
        raise Conflict(gettext_noop("This subscription has no running period."), code="no_running_period")
    if subscription.status != Subscription.Status.TRIALING or subscription.cycle_from is None:
        return subscription.current_period_end
    stage = offer_pictures([subscription.offer_version_id])[subscription.offer_version_id].stages[
        subscription.stage_position
    ]
    if not stage.is_free or stage.recurrences is None:
        return subscription.current_period_end
    return boundary(anchor_of(subscription), stage.interval, subscription.cycle_from, stage.recurrences)


def check_cancel(subscription: Subscription) -> date:
    """The first day without it, were it cancelled now at the end of its paid period. Raises Conflict where that needs
    more than a wish: it does not run, or it is under a commitment."""
    if subscription.status not in LIVE:
        raise Conflict(
            gettext_noop("A subscription that is %(status)s cannot be cancelled."),
            code="subscription_not_running",
            params={"status": subscription.status},
        )
    if subscription.service_ends_on is not None:
        return subscription.service_ends_on
    version = subscription.offer_version
    if version.commitment_intervals or version.notice_days:
        raise Conflict(
            gettext_noop("This subscription is under a commitment: its earliest end needs a person's decision."),
            code="commitment_running",
        )
    return last_paid_day(subscription)


def cancel_at_period_end(*, merchant_id: UUID, subscription_id: UUID, actor: Actor, reason: str = "") -> Subscription:
    """End a subscription with its paid period: every feature stays until then, nothing more is billed.

    An incomplete one has nothing to keep and must lapse; an ended one cannot be cancelled; asked twice it stays as it
    is. Raises Conflict.
    """
    with tenant(merchant_id):
        subscription = lock(subscription_id)
        now = now_for(Merchant.objects.get(id=merchant_id), subscription.test_clock_id)
        ends_on = check_cancel(subscription)
        if subscription.service_ends_on is not None:
            return subscription
        _end_on(subscription, ends_on, reason, actor=actor, now=now)
        data = {"object": shapes.subscription(subscription)}
        told = ("subscription.cancellation_scheduled", subscription.pk, data)
        facts.tell(subscription.subscriber_id, told, actor=actor, now=now)
        return subscription


def undo(*, merchant_id: UUID, subscription_id: UUID, actor: Actor) -> Subscription:
    """Take a cancellation back in time. Raises Conflict (`nothing_to_undo`, `subscription_not_running`)."""
    with tenant(merchant_id):
        subscription = lock(subscription_id)
        now = now_for(Merchant.objects.get(id=merchant_id), subscription.test_clock_id)
        if subscription.status not in LIVE or (
            subscription.service_ends_on is not None and subscription.service_ends_on <= now.today
        ):
            raise Conflict(gettext_noop("This subscription has already ended."), code="subscription_not_running")
        if subscription.service_ends_on is None:
            raise Conflict(gettext_noop("Nothing is cancelled."), code="nothing_to_undo")
        _end_on(subscription, None, "", actor=actor, now=now)
        data = {"object": shapes.subscription(subscription)}
        told = ("subscription.cancellation_undone", subscription.pk, data)
        facts.tell(subscription.subscriber_id, told, actor=actor, now=now)
        return subscription


def _end_on(subscription: Subscription, day: date | None, reason: str, *, actor: Actor, now: Now) -> None:
    columns = {
        "service_ends_on": day,
        "billing_ends_on": day,
        "cancelled_at": now.at if day else None,
        "cancel_reason": reason[:200],
    }
    for name, value in columns.items():
        setattr(subscription, name, value)
    verdict = verdict_of(subscription, now.today)
    subscription.refresh_from_db(fields=list(columns))
    until = local_midnight(verdict.until, now.zone) if verdict.until else None
    history.update(
        subscription,
        {**columns, "access": verdict.access.value, "access_reason": verdict.why, "access_until": until},
        actor=actor,
        now=now,
        verb="cancelled" if day else "cancellation_undone",
        reason=reason,
    )
