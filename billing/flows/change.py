"""Changing a running subscription now, within its period (domain 11 to 13): another offer, quantity, options.

What is given up is a credit note to the payer's balance, what is taken up an invoice of the same day; `engine.changing`
works both out. A preview is the same calculation with nothing written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, cast
from uuid import UUID

from django.db import transaction

from billing.engine.change_terms import How, names_of
from billing.engine.changing import Changed, change_now
from billing.engine.committing import committed_until
from billing.engine.giving import Worth
from billing.engine.held import with_held
from billing.engine.leaving import Refunding
from billing.engine.lives import Taken
from billing.engine.moving import Anchoring, on_trial
from billing.engine.quoting import Later, coming
from billing.engine.transitions import Proration, Transition, When, decided, ruled
from billing.engine.wishes import Catalogue, WishKind
from billing.flows import cancel, coupon_uses, schedule
from billing.flows.asks import AddOption, Ask, ChangeOffer, RemoveOption, SetQuantity, Standing, details
from billing.flows.bring_up import bring_up, is_due
from billing.flows.changeable import check_can_wait, check_changeable, check_something_changes
from billing.flows.gifts import note_gift, worth_of_gift, worth_when_planned
from billing.flows.given import withdraw_planned
from billing.flows.giving_back import Back, backs, give_back
from billing.flows.held import bill_held, hold
from billing.flows.not_running import not_running
from billing.flows.purchase_coupons import count_uses
from billing.flows.renew import write
from billing.flows.renew_rows import Life
from billing.flows.same_day import MOST_A_DAY, carried_coupons, changes_of, facts_of, note, stood_before
from billing.selectors.due import catalogue_of
from billing.selectors.metering import with_usage_before
from billing.selectors.snapshots import snapshots
from invoices.drafts import DraftInvoice, DraftLine
from merchants.actors import Actor
from merchants.ids import new_id
from merchants.models import Merchant
from merchants.refusals import Conflict, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from merchants.transitions import rules_of
from subscribers.models import ScheduledChange, Subscriber, Subscription
from subscribers.selectors.pictures import offer_pictures
from subscribers.snapshots import OfferSnapshot, Scheduled, SubscriptionSnapshot


@dataclass(frozen=True, kw_only=True)
class Changing:
    """How a change counts: `when` it does (None: as the merchant's policy says), what becomes of the renewal day where
    the new offer has another interval, and why, for the history and the credit note. `invoice`: a change now is billed
    by itself, or with the `next` document. `role` of the member who asks, who may not always decide; None: an API key,
    which may."""

    when: Literal["now", "period_end"] | None = None
    anchor: Anchoring = Anchoring.restart
    invoice: Literal["now", "next"] = "now"
    reason: str = ""
    role: str | None = None


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What a change would do: the day from which it counts, what it gives back by invoice, the documents of that day,
    lines that wait for the next one (`held`), the subscription's options that end with it, and what comes later; of a
    gift, what it costs."""

    when: When
    on: date
    after: SubscriptionSnapshot
    backs: tuple[Back, ...]
    documents: tuple[DraftInvoice, ...]
    ended_options: tuple[str, ...]
    later: tuple[Later, ...]
    held: tuple[DraftLine, ...] = ()
    worth: Worth | None = None


@dataclass(frozen=True, kw_only=True)
class _Worked:
    """A change worked out: the wish, what the engine makes of it, and what is given back."""

    standing: Standing
    wish: Scheduled
    changed: Changed
    backs: tuple[Back, ...]
    catalogue: Catalogue
    worth: Worth | None = None


def foresee(*, merchant_id: UUID, subscription_id: UUID, ask: Ask, changing: Changing) -> Foreseen:
    """What a change would do, by the same calculation as the act and with the same refusals; nothing is written: what
    fell due before and was not made yet is made for the calculation, and undone with it."""
    with tenant(merchant_id), transaction.atomic():
        standing = _standing(merchant_id, subscription_id)
        transition = _transition(ask, standing, changing)
        if transition.when is When.period_end:
            effect = schedule.preview(merchant_id=merchant_id, subscription_id=subscription_id, ask=ask)
            worth = worth_when_planned(ask, standing, role=changing.role)
            return Foreseen(
                when=When.period_end,
                on=effect.due_on,
                after=effect.after,
                backs=(),
                documents=effect.documents,
                ended_options=effect.ended_options,
                later=effect.later,
                worth=worth,
            )
        worked, billed, wrote = _brought_up(standing, ask, transition, changing, actor=Actor.system("preview"))
        step = worked.changed.step
        seen = Foreseen(
            when=When.now,
            on=step.on,
            after=step.after,
            backs=worked.backs,
            documents=(*billed, *step.drafts),
            ended_options=step.ended_options,
            later=coming(with_held(step.after, worked.changed.held), catalogue=worked.catalogue),
            held=worked.changed.held,
            worth=worked.worth,
        )
        if wrote:
            transaction.set_rollback(True)
        return seen


def change(*, merchant_id: UUID, subscription_id: UUID, ask: Ask, changing: Changing, actor: Actor) -> Subscription:
    """Change a subscription: now, or noted for the end of its paid period, as is asked or as the policy says.

    A change now takes the place of a wish of its kind that waits; other wishes stand, and move with the period where
    that changes its end. Raises Invalid naming the field, Conflict (`subscription_not_running`,
    `subscription_suspended`, `suspension_planned`, `subscription_ending`, `no_running_period`, `change_forbidden`,
    `nothing_changes`, `policy_not_yours`, `too_many_changes`, `subscription_parked`, `offer_archived`, `option_over`;
    of a gift `gesture_above_limit`, `gestures_of_month_above_limit`).
    """
    with tenant(merchant_id):
        standing = _standing(merchant_id, subscription_id)
        if isinstance(ask, ChangeOffer):
            coupon_uses.lock_for(standing.row, ask.coupons)
        transition = _transition(ask, standing, changing)
        if transition.when is When.period_end:
            noted = schedule.schedule(
                merchant_id=merchant_id,
                subscription_id=subscription_id,
                ask=ask,
                actor=actor,
                reason=changing.reason,
            )
            worth = worth_when_planned(ask, standing, role=changing.role)
            note_gift(ask, worth, None, standing=standing, role=changing.role, actor=actor)
            return noted
        worked, _billed, _wrote = _brought_up(standing, ask, transition, changing, actor=actor)
        standing = worked.standing
        row, now, step = standing.row, standing.now, worked.changed.step
        waiting = ScheduledChange.objects.filter(
            subscription=row, status=ScheduledChange.Status.WAITING, kind=worked.wish.kind
        )
        if worked.wish.kind == WishKind.change_offer.value:
            schedule.give_way(row, actor=actor, now=now)
        for wish in waiting.select_for_update(of=("self",)):
            schedule.settle(wish, ScheduledChange.Status.REPLACED, actor=actor, now=now)
            withdraw_planned(wish, actor=actor, now=now)
        put_on = cast("Sequence[str]", worked.wish.payload.get(coupon_uses.ON, ()))
        count_uses([UUID(id_) for id_ in put_on])
        note(worked.wish, standing.picture, row, reason=changing.reason, actor=actor, now=now)
        hold(row, worked.changed.held, actor=actor, now=now)
        before = _without_its_kind(standing.picture, worked.wish)
        taken = Taken(step, before, step.after, not_before=now.at)
        people = Subscriber.objects.in_bulk([row.payer_id])
        life = Life(row=row, taken=(taken,), reason=changing.reason)
        write([life], standing.merchant, people, catalogue=worked.catalogue, actor=actor, now=now)
        give_back(worked.backs, reason=changing.reason, to="balance", actor=actor, now=now, why="changed")
        role, reason = changing.role, changing.reason
        note_gift(ask, worked.worth, worked.wish, standing=standing, role=role, reason=reason, actor=actor)
        return cancel.lock(subscription_id)


def transition_of(merchant: Merchant, picture: SubscriptionSnapshot, after: OfferSnapshot, *, on: date) -> Transition:
    """How a change of offer counts by the merchant's policy (domain 11), for who is bound or not on a day."""
    until = committed_until(picture)
    return ruled(
        rules_of(merchant.transition_rules),
        picture.offer,
        after,
        in_commitment=until is not None and until > on,
        fee_currency=merchant.currency,
    )


def _standing(merchant_id: UUID, subscription_id: UUID) -> Standing:
    row = cancel.lock(subscription_id)
    merchant = Merchant.objects.get(id=merchant_id)
    now = now_for(merchant, row.test_clock_id)
    if row.status not in cancel.LIVE:
        raise not_running(row)
    picture = with_usage_before(snapshots([row], merchant)[row.pk], now.today)
    return Standing(row=row, merchant=merchant, picture=picture, due_on=now.today, now=now)


def _transition(ask: Ask, standing: Standing, changing: Changing) -> Transition:
    """When a change counts, and how (domain 11). Raises Conflict (`change_forbidden`, `policy_not_yours`,
    `offer_archived`) or Invalid (`reason_required`)."""
    asked = When(changing.when) if changing.when else None
    if isinstance(ask, AddOption):
        return Transition(when=asked or When.now)
    if isinstance(ask, RemoveOption):
        return Transition(when=asked or When.period_end)
    if isinstance(ask, SetQuantity):
        more = ask.quantity >= standing.picture.quantity
        return Transition(when=asked or (When.now if more else When.period_end))
    wanted = details(ask, standing)[1]
    offer = offer_pictures([version := UUID(str(wanted["offer_version"]))])[version]
    ruled = transition_of(standing.merchant, standing.picture, offer, on=standing.now.today)
    decision = decided(ruled, asked, role=changing.role, reason=changing.reason)
    if asked is not None:
        return decision
    if on_trial(standing.picture) and not offer.stages[0].is_free:
        return replace(decision, when=When.period_end)  # who is in a free stage keeps it
    return decision


def _brought_up(
    standing: Standing, ask: Ask, transition: Transition, changing: Changing, *, actor: Actor
) -> tuple[_Worked, tuple[DraftInvoice, ...], bool]:
    """The change worked out once all before it is made: what fell due, and lines of an earlier change that wait, where
    this one gives back days which they bill, or is of the offer: their document. True where something was written."""
    merchant_id, row, now = standing.merchant.pk, standing.row, standing.now
    wrote = is_due(row, now)
    if wrote:
        bring_up(merchant_id, row, actor=actor, now=now)
        standing = _standing(merchant_id, row.pk)
    worked = _worked_out(standing, ask, transition, changing)
    waiting = names_of(standing.picture.charges)
    if not waiting or not (isinstance(ask, ChangeOffer) or waiting & worked.changed.gives_up):
        return worked, (), wrote
    billed = bill_held(standing.row, standing.picture, standing.merchant, actor=actor, now=now)
    return _worked_out(_standing(merchant_id, row.pk), ask, transition, changing), billed, True


def _worked_out(standing: Standing, ask: Ask, transition: Transition, changing: Changing) -> _Worked:
    picture, today = standing.picture, standing.now.today
    check_changeable(picture, ask)
    kind, wanted = details(ask, standing)
    wish = Scheduled(id=str(new_id()), kind=kind.value, effective_on=today, payload=wanted)
    check_something_changes(picture, wish)
    if len(changes_of(standing.row, today)) >= MOST_A_DAY:
        raise Conflict(
            gettext_noop("This subscription was changed %(most)s times today."),
            code="too_many_changes",
            params={"most": MOST_A_DAY},
            way_out=gettext_noop("Wait until tomorrow, or ask for the end of the period."),
        )
    before = _without_its_kind(picture, wish)
    catalogue = catalogue_of([replace(before, scheduled=(*before.scheduled, wish))])
    how = How(
        on=today,
        proration=transition.proration if isinstance(ask, ChangeOffer) else Proration.days,
        anchoring=changing.anchor,
        fee=transition.fee if isinstance(ask, ChangeOffer) else 0,
        carried=coupon_uses.of_the_period(carried_coupons(picture, today), wanted),
        facts=facts_of(picture, today),
        stood=stood_before(standing.row, picture, standing.merchant, today),
        bills_now=changing.invoice == "now",
    )
    changed = change_now(before, wish, how=how, catalogue=catalogue)
    if changing.invoice == "next":
        check_can_wait(picture, changed)
    refund = Refunding.full if changed.whole else Refunding.prorated
    found = backs(picture, today, refund=refund, to="balance", only=changed.gives_up)
    after = changed.step.after
    worth = worth_of_gift(ask, after, wish, standing=standing, catalogue=catalogue, role=changing.role)
    return _Worked(standing=standing, wish=wish, changed=changed, backs=found, catalogue=catalogue, worth=worth)


def _without_its_kind(picture: SubscriptionSnapshot, wish: Scheduled) -> SubscriptionSnapshot:
    return replace(picture, scheduled=tuple(one for one in picture.scheduled if one.kind != wish.kind))
