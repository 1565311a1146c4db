"""Suspending a subscription because somebody wishes it, and resuming it (domain 15). A debt suspends by `dunning`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from billing.engine.due import next_action_at
from billing.engine.giving import Worth
from billing.engine.lives import Taken, live, next_charge
from billing.engine.pausing import days_lost
from billing.flows import made_good
from billing.flows.bring_up import bring_up
from billing.flows.cancel import lock
from billing.flows.giving_back import Back, lost_backs
from billing.flows.held import as_billed, bill_what_waits
from billing.flows.pause_asks import Resuming, Suspending, plan_of, resumed_of
from billing.selectors.due import catalogue_of
from billing.selectors.planned import planned
from billing.selectors.snapshots import snapshots
from invoices.drafts import DraftInvoice
from merchants.actors import Actor
from merchants.models import Merchant
from merchants.now import Now, local_midnight
from merchants.refusals import Conflict, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers import history, shapes
from subscribers.lifecycle import MakesGood, Suspension
from subscribers.models import Subscription
from subscribers.periods import Period
from subscribers.selectors.rights import verdict_of
from subscribers.services import facts
from subscribers.snapshots import SubscriptionSnapshot


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What it would do. `days_lost`: paid and not had, None while nobody knows until when; `documents` and `backs` are
    what is written at once, `credited_later` what will be given back when it is over, as far as that is known;
    `renews_on` and `next_charge` are what comes, None where nothing is known to."""

    from_on: date
    until_on: date | None
    days_lost: int | None
    makes_good: MakesGood
    documents: tuple[DraftInvoice, ...] = ()
    backs: tuple[Back, ...] = ()
    credited_later: tuple[Back, ...] = ()
    renews_on: date | None = None
    next_charge: tuple[date, int] | None = None
    gift: Mapping[str, Any] | None = None
    worth: Worth | None = None


def foresee(row: Subscription, asked: Suspending, *, merchant: Merchant, now: Now) -> Foreseen:
    """What suspending would do, by the same calculation as the act; nothing is written. Needs the tenant's scope.

    Raises Conflict (`subscription_not_running`, `already_suspended`, `billed_in_arrears`, `subscription_ending`) or
    Invalid (`from_too_early`, `date_out_of_range`, `until_before_from`).
    """
    with as_billed(lock(row.pk), merchant, now) as billed:
        picture = snapshots([row], merchant)[row.pk]
        wish, worth = plan_of(row, picture, asked, merchant, now)
        seen = _seen(row, replace(picture, suspension=wish), now)
    return replace(seen, documents=(*billed, *seen.documents), worth=worth)


def foresee_resume(row: Subscription, asked: Resuming, *, merchant: Merchant, now: Now) -> Foreseen:
    """What resuming would do. Raises Conflict (`subscription_not_running`, `not_suspended`, `suspended_for_debt`) or
    Invalid (`date_in_past`, `date_out_of_range`)."""
    picture = snapshots([row], merchant)[row.pk]
    return _seen(row, replace(picture, suspension=resumed_of(row, picture, asked, now)), now)


def suspend(*, merchant_id: UUID, subscription_id: UUID, asked: Suspending, actor: Actor) -> Subscription:
    """Stop a subscription's features from a day, perhaps until one; back-dated, it is in the history from that day on.

    What fell due before is made on the way. Where it is over already, what it makes good is written at once. Raises
    what `foresee` raises.
    """
    with tenant(merchant_id):
        row = lock(subscription_id)
        merchant = Merchant.objects.get(id=merchant_id)
        now = now_for(merchant, row.test_clock_id)
        wish, _worth = plan_of(row, snapshots([row], merchant)[row.pk], asked, merchant, now)
        bill_what_waits(row, merchant, actor=actor, now=now)
        _write(row, wish, merchant=merchant, actor=actor, now=now, verb="suspension_planned", reason=asked.reason)
        return _carried(merchant_id, row, wish.from_on <= now.today, actor=actor, now=now)


def resume(*, merchant_id: UUID, subscription_id: UUID, asked: Resuming, actor: Actor) -> Subscription:
    """End a suspension that has begun: service again, what is left of the aligned period is billed where billing stood
    still, and what was lost is made good as was wished. A debt goes on suspending. Raises what `foresee_resume` raises.
    """
    with tenant(merchant_id):
        row = lock(subscription_id)
        merchant = Merchant.objects.get(id=merchant_id)
        now = now_for(merchant, row.test_clock_id)
        wish = resumed_of(row, snapshots([row], merchant)[row.pk], asked, now)
        _write(row, wish, merchant=merchant, actor=actor, now=now, verb="resumption_planned", reason=asked.reason)
        return _carried(
            merchant_id, row, wish.until_on is not None and wish.until_on <= now.today, actor=actor, now=now
        )


def undo(*, merchant_id: UUID, subscription_id: UUID, actor: Actor) -> Subscription:
    """Take back a suspension that has not begun. Raises Conflict (`nothing_to_undo`)."""
    with tenant(merchant_id):
        row = lock(subscription_id)
        merchant = Merchant.objects.get(id=merchant_id)
        now = now_for(merchant, row.test_clock_id)
        if row.suspended_from is None or row.suspension_begun:
            raise Conflict(
                gettext_noop("No suspension is planned."),
                code="nothing_to_undo",
                way_out=gettext_noop("One that has begun is ended by resuming."),
            )
        _write(row, None, merchant=merchant, actor=actor, now=now, verb="suspension_undone", reason="")
        _tell(row, actor=actor, now=now)
        return row


def _seen(row: Subscription, wished: SubscriptionSnapshot, now: Now) -> Foreseen:
    wish, catalogue = wished.suspension, catalogue_of([wished])
    assert wish is not None  # it was checked
    taken = live(wished, now.today, at=now.at, catalogue=catalogue)
    after = taken[-1].after if taken else wished
    lost = _lost(wished, taken, wish)
    backs, later = lost_backs(row.pk, made_good.lost_spans(taken), to=made_good.TO), tuple[Back, ...]()
    if lost and not backs and wish.until_on is not None and wish.makes_good is MakesGood.credit:
        later = lost_backs(row.pk, (Period(wish.from_on, wish.until_on),), to=made_good.TO)
    return Foreseen(
        from_on=wish.from_on,
        until_on=wish.until_on,
        days_lost=lost,
        makes_good=wish.makes_good,
        documents=tuple(draft for one in taken for draft in one.drafts),
        backs=backs,
        credited_later=later,
        renews_on=after.current_period.end if after.current_period and not after.suspension else None,
        next_charge=next_charge(after, catalogue=catalogue),
        gift=wish.gift,
    )


def _lost(wished: SubscriptionSnapshot, taken: tuple[Taken, ...], wish: Suspension) -> int | None:
    """As the suspension ends among these steps; else as far as is known today."""
    for one in taken:
        if one.before.suspension is not None and one.after.suspension is None:
            return days_lost(one.before, one.step.on)
    stands = taken[-1].after if taken else wished
    if wish.until_on is None or stands.current_period is None or wish.from_on >= stands.current_period.end:
        return 0 if wish.stops_billing and stands.current_period is None else None
    if not wish.stops_billing or wish.until_on <= stands.current_period.end:
        return days_lost(stands, wish.until_on)
    return days_lost(stands, stands.current_period.end)


def _write(
    row: Subscription,
    wish: Suspension | None,
    *,
    merchant: Merchant,
    actor: Actor,
    now: Now,
    verb: str,
    reason: str,
) -> None:
    """The wish on the row, with when it is due next and the access that it leads to."""
    columns = {
        "suspended_from": wish.from_on if wish else None,
        "suspended_until": wish.until_on if wish else None,
        "suspension_stops_billing": bool(wish and wish.stops_billing),
        "suspension_makes_good": wish.makes_good.value if wish else "",
        "suspension_gift": dict(wish.gift) if wish and wish.gift else None,
    }
    for name, value in columns.items():
        setattr(row, name, value)
    verdict = verdict_of(row, now.today)
    due = next_action_at(snapshots([row], merchant)[row.pk])
    row.refresh_from_db(fields=list(columns))
    access = {}
    if due is None or due > now.at:  # else the next step says so
        until = local_midnight(verdict.until, now.zone) if verdict.until else None
        access = {"access": verdict.access.value, "access_reason": verdict.why, "access_until": until}
    since = None  # back-dated, it was wished before it began
    if wish is not None and not wish.begun and wish.from_on < now.today:
        since = local_midnight(wish.from_on, now.zone)
    wanted = {**columns, **access, "next_action_at": due}
    history.update(row, wanted, actor=actor, now=now, verb=verb, reason=reason, effective_at=since)


def _carried(merchant_id: UUID, row: Subscription, is_due: bool, *, actor: Actor, now: Now) -> Subscription:
    """What is due already is done with this transaction; what is planned is told."""
    if not is_due:
        _tell(row, actor=actor, now=now)
        return row
    bring_up(merchant_id, row, actor=actor, now=now, asked=True)
    return lock(row.pk)


def _tell(row: Subscription, *, actor: Actor, now: Now) -> None:
    data = {"object": {**shapes.subscription(row), "scheduled": planned([row])[row.pk]}}
    facts.tell(row.subscriber_id, ("subscription.updated", row.pk, data), actor=actor, now=now)
