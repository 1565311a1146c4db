"""Cancelling, at the end of what is paid, on a day or at once; and changing one's mind (domain 14)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from billing.engine.due import next_action_at
from billing.engine.leaving import Refunding, committed_until, earliest_end
from billing.engine.lives import live
from billing.engine.wishes import paid_until
from billing.flows.giving_back import Back, backs, give_back
from billing.flows.renew import renew
from billing.selectors.due import catalogue_of
from billing.selectors.snapshots import snapshots
from invoices.drafts import DraftInvoice
from invoices.services.credit_plans import To
from merchants.actors import Actor
from merchants.models import Merchant
from merchants.now import Now, local_midnight
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers import history, shapes
from subscribers.models import Subscriber, Subscription
from subscribers.selectors.rights import verdict_of
from subscribers.services import facts
from subscribers.snapshots import SubscriptionSnapshot

LIVE = (Subscription.Status.TRIALING, Subscription.Status.ACTIVE, Subscription.Status.SUSPENDED)


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """How it ends: with its paid period (or later, where commitment or notice say so), `now`, or on a day, the first
    without it. `refund` is what the running period gives back where it ends now, to the payer's balance or back to the
    means that paid (`to`). `waive_commitment` lets it end before its time, with a reason."""

    when: Literal["period_end", "now"] | date = "period_end"
    refund: Refunding = Refunding.none
    to: To = "refund"
    waive_commitment: bool = False
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What cancelling would do: the first day without it, what is given back by invoice, and what is billed still."""

    ends_on: date
    backs: tuple[Back, ...] = ()
    documents: tuple[DraftInvoice, ...] = ()


def lock(subscription_id: UUID) -> Subscription:
    """The subscription and its people, locked in the one order: payer and beneficiary by id, then the subscription."""
    known = Subscription.objects.get(id=subscription_id)
    people = sorted({known.payer_id, known.subscriber_id})
    list(Subscriber.objects.select_for_update().filter(id__in=people).order_by("id"))
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("offer_version__offer")
    return rows.get(id=subscription_id)


def foresee(row: Subscription, leaving: Leaving, *, merchant: Merchant, now: Now) -> Foreseen:
    """What cancelling would do, by the same calculation as the act; nothing is written. Needs the tenant's scope.

    Raises Conflict (`subscription_not_running`, `no_running_period`, `commitment_running`) or Invalid (`ends_in_past`,
    `refund_needs_now`, `reason_required`).
    """
    picture = snapshots([row], merchant)[row.pk]
    day = _end_of(row, picture, leaving, now)
    if day > now.today:
        return Foreseen(ends_on=day)
    ended = replace(picture, service_ends_on=day, billing_ends_on=day)
    taken = live(ended, now.today, at=now.at, catalogue=catalogue_of([ended]))
    return Foreseen(
        ends_on=day,
        backs=backs(picture, day, refund=leaving.refund, to=leaving.to),
        documents=tuple(draft for one in taken for draft in one.drafts),
    )


def cancel(*, merchant_id: UUID, subscription_id: UUID, leaving: Leaving, actor: Actor) -> Subscription:
    """End a subscription. With its paid period every feature stays until then and nothing more is billed; now it ends
    with this transaction: a closing document where something was in arrears, and credit notes for what is given back.

    Asked twice is asked once; one day takes the place of another. What fell due before and was not made yet is made
    on the way, up to the end and no further (domain 5). Raises what `foresee` raises.
    """
    with tenant(merchant_id):
        row = lock(subscription_id)
        merchant = Merchant.objects.get(id=merchant_id)
        now = now_for(merchant, row.test_clock_id)
        seen = foresee(row, leaving, merchant=merchant, now=now)
        if row.service_ends_on is not None and (leaving.when == "period_end" or row.service_ends_on == seen.ends_on):
            return row
        _end_on(row, seen.ends_on, leaving.reason, merchant=merchant, actor=actor, now=now)
        if seen.ends_on > now.today:
            data = {"object": shapes.subscription(row)}
            facts.tell(row.subscriber_id, ("subscription.cancellation_scheduled", row.pk, data), actor=actor, now=now)
            return row
        renewed = renew(merchant_id=merchant_id, batch=[subscription_id], now=now, actor=actor, asked_at=now.at)
        if subscription_id not in renewed.taken:  # else money would go back for something that goes on
            raise Conflict(
                gettext_noop("This subscription could not be ended."),
                code="subscription_not_ended",
                way_out=gettext_noop("Nothing was changed. See whether a billing run has parked it."),
            )
        give_back(seen.backs, reason=leaving.reason, to=leaving.to, actor=actor, now=now)
        return lock(subscription_id)


def cancel_at_period_end(*, merchant_id: UUID, subscription_id: UUID, actor: Actor, reason: str = "") -> Subscription:
    """End a subscription with its paid period. Raises what `cancel` raises."""
    leaving = Leaving(reason=reason)
    return cancel(merchant_id=merchant_id, subscription_id=subscription_id, leaving=leaving, actor=actor)


def undo(*, merchant_id: UUID, subscription_id: UUID, actor: Actor) -> Subscription:
    """Take a cancellation back in time. Raises Conflict (`nothing_to_undo`, `subscription_not_running`)."""
    with tenant(merchant_id):
        row = lock(subscription_id)
        merchant = Merchant.objects.get(id=merchant_id)
        now = now_for(merchant, row.test_clock_id)
        if row.status not in LIVE or (row.service_ends_on is not None and row.service_ends_on <= now.today):
            raise Conflict(gettext_noop("This subscription has already ended."), code="subscription_not_running")
        if row.service_ends_on is None:
            raise Conflict(gettext_noop("Nothing is cancelled."), code="nothing_to_undo")
        _end_on(row, None, "", merchant=merchant, actor=actor, now=now)
        data = {"object": shapes.subscription(row)}
        facts.tell(row.subscriber_id, ("subscription.cancellation_undone", row.pk, data), actor=actor, now=now)
        return row


def _end_of(row: Subscription, picture: SubscriptionSnapshot, leaving: Leaving, now: Now) -> date:
    """The first day without it. Raises what `foresee` raises."""
    if row.status not in LIVE:
        raise Conflict(
            gettext_noop("A subscription that is %(status)s cannot be cancelled."),
            code="subscription_not_running",
            params={"status": row.status},
        )
    if leaving.refund is not Refunding.none and leaving.when != "now":
        detail = gettext_noop("What is paid is given back only where it ends now.")
        raise Invalid.at("refund", "refund_needs_now", detail)
    if leaving.waive_commitment and not leaving.reason.strip():
        raise Invalid.at("reason", "reason_required", gettext_noop("Say why its commitment is waived."))
    paid, catalogue = paid_until(picture), catalogue_of([picture])
    earliest = paid if leaving.waive_commitment else earliest_end(picture, now.today, catalogue=catalogue)
    if leaving.when == "period_end":
        if row.service_ends_on is not None:
            return row.service_ends_on
        if earliest is None:
            raise Conflict(gettext_noop("This subscription has no running period."), code="no_running_period")
        return earliest
    day = now.today if leaving.when == "now" else leaving.when
    if day < now.today:
        raise Invalid.at("when", "ends_in_past", gettext_noop("This day is past."))
    bound = None if leaving.waive_commitment else _bound_until(picture, earliest, now.today)
    if bound is not None and day < bound:
        raise Conflict(
            gettext_noop("Its commitment and notice bind it until %(day)s."),
            code="commitment_running",
            params={"day": bound.isoformat()},
            way_out=gettext_noop("End it then, or waive the commitment and say why."),
        )
    return day


def _bound_until(picture: SubscriptionSnapshot, earliest: date | None, today: date) -> date | None:
    """The first day on which it may end, where a commitment runs or a notice is due; None where it is free."""
    commitment = picture.offer.commitment
    committed = committed_until(picture)
    if commitment is None or (not commitment.notice_days and (committed is None or committed <= today)):
        return None
    return earliest


def _end_on(row: Subscription, day: date | None, reason: str, *, merchant: Merchant, actor: Actor, now: Now) -> None:
    columns = {
        "service_ends_on": day,
        "billing_ends_on": day,
        "cancelled_at": now.at if day else None,
        "cancel_reason": reason[:200],
    }
    for name, value in columns.items():
        setattr(row, name, value)
    verdict = verdict_of(row, now.today)
    due = next_action_at(snapshots([row], merchant)[row.pk])
    row.refresh_from_db(fields=list(columns))
    until = local_midnight(verdict.until, now.zone) if verdict.until else None
    access = {"access": verdict.access.value, "access_reason": verdict.why, "access_until": until}
    if day is not None and day <= now.today:
        access = {}  # its end is the next step, which says so
    verb = "cancelled" if day else "cancellation_undone"
    history.update(row, {**columns, **access, "next_action_at": due}, actor=actor, now=now, verb=verb, reason=reason)
