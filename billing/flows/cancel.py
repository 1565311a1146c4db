"""Cancelling, at the end of what is paid, on a day or at once; and changing one's mind (domain 14)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from billing.engine.committing import committed_until
from billing.engine.due import next_action_at
from billing.engine.leaving import Refunding, earliest_end, notice_over
from billing.engine.lives import live
from billing.engine.schedule import FURTHEST
from billing.engine.wishes import paid_until
from billing.flows.giving_back import Back, backs
from billing.flows.held import as_billed
from billing.flows.not_running import not_running
from billing.flows.renew import renew
from billing.selectors.due import catalogue_of
from billing.selectors.snapshots import snapshots
from invoices.drafts import DraftInvoice, DraftLine, LineKind
from invoices.services.credit_plans import To
from invoices.totals import totals
from merchants.actors import Actor
from merchants.models import Merchant
from merchants.now import Now, local_midnight
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers import history, shapes
from subscribers.lifecycle import Status
from subscribers.models import Subscriber, Subscription
from subscribers.selectors.rights import verdict_of
from subscribers.services import facts
from subscribers.snapshots import SubscriptionSnapshot, TaxBehavior

LIVE = (Subscription.Status.TRIALING, Subscription.Status.ACTIVE, Subscription.Status.SUSPENDED)


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """How it ends: with its paid period (or later, where commitment or notice say so), `now`, or on a day, the first
    without it. `refund` is what the running period gives back when it ends within it, to the payer's balance or back to
    the means that paid (`to`). Before its commitment is over it ends only where the offer says at which fee, or where
    `waive_commitment` lets it, with a reason."""

    when: Literal["period_end", "now"] | date = "period_end"
    refund: Refunding = Refunding.none
    to: To = "refund"
    waive_commitment: bool = False
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What a cancellation comes to: the first day without it, whether the fee of an early end is owed, and what is
    given back when that day comes."""

    on: date
    owes_fee: bool = False
    refund: Refunding = Refunding.none
    to: To = "refund"


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What cancelling would do: the first day without it, what is given back by invoice, what is billed still now, and
    the fee of an early end, whose line stands among these where it ends now; `behavior`: in which terms it is."""

    ends_on: date
    backs: tuple[Back, ...] = ()
    documents: tuple[DraftInvoice, ...] = ()
    fee: DraftLine | None = None
    ending: Ending
    behavior: TaxBehavior = TaxBehavior.inclusive

    @property
    def amount_due(self) -> int:
        """All that is billed now, tax included, in minor units."""
        return sum(totals(draft.lines, draft.tax_behavior).gross for draft in self.documents)

    @property
    def fee_due(self) -> int:
        """The fee, tax included, in minor units."""
        return totals((self.fee,), self.behavior).gross if self.fee else 0


def lock(subscription_id: UUID) -> Subscription:
    """The subscription and its people, locked in the one order: payer and beneficiary by id, then the subscription."""
    known = Subscription.objects.get(id=subscription_id)
    people = sorted({known.payer_id, known.subscriber_id})
    list(Subscriber.objects.select_for_update().filter(id__in=people).order_by("id"))
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("offer_version__offer")
    return rows.get(id=subscription_id)


def foresee(row: Subscription, leaving: Leaving, *, merchant: Merchant, now: Now) -> Foreseen:
    """What cancelling would do, by the same calculation as the act; nothing is written. Needs the tenant's scope.

    Where it ends later, `backs` is what would be given back of the period that is billed today.

    Raises Conflict (`subscription_not_running`, `no_running_period`, `commitment_running`) or Invalid (`ends_in_past`,
    `refund_needs_now`, `reason_required`).
    """
    picture = snapshots([row], merchant)[row.pk]
    ending = ending_of(row, picture, leaving, now)
    day = ending.on
    ended = replace(picture, service_ends_on=day, billing_ends_on=day, owes_early_end=ending.owes_fee)
    documents: tuple[DraftInvoice, ...] = ()
    fee = None
    if day <= now.today or ending.owes_fee:
        at, catalogue = max(now.at, local_midnight(day, now.zone)), catalogue_of([ended])
        taken = live(ended, max(day, now.today), at=at, catalogue=catalogue, most=FURTHEST)
        documents = tuple(draft for one in taken for draft in one.drafts)
        fee = next((line for draft in documents for line in draft.lines if line.kind is LineKind.early_end), None)
    given: tuple[Back, ...] = ()
    if ending.refund is not Refunding.none:
        with as_billed(lock(row.pk), merchant, now):  # its last document bills that first
            given = backs(picture, day, refund=ending.refund, to=ending.to)
    return Foreseen(
        ends_on=day,
        backs=given,
        documents=documents if day <= now.today else (),
        fee=fee,
        ending=ending,
        behavior=picture.offer.tax_behavior,
    )


def cancel(*, merchant_id: UUID, subscription_id: UUID, leaving: Leaving, actor: Actor) -> Subscription:
    """End a subscription. With its paid period every feature stays until then and nothing more is billed; now it ends
    with this transaction: a closing document where something was in arrears, and credit notes for what is given back.

    Asked twice is asked once; one day takes the place of another. What fell due before and was not made yet is made
    on the way, up to the end and no further (domain 5). What is given back is credited when the day comes, by whoever
    ends it then (`renew`). Raises what `foresee` raises.
    """
    with tenant(merchant_id):
        row = lock(subscription_id)
        merchant = Merchant.objects.get(id=merchant_id)
        now = now_for(merchant, row.test_clock_id)
        seen = foresee(row, leaving, merchant=merchant, now=now)
        if row.service_ends_on is not None and (leaving.when == "period_end" or _stands(row) == seen.ending):
            return row
        _end_on(row, seen.ending, leaving.reason, merchant=merchant, actor=actor, now=now)
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


def ending_of(row: Subscription, picture: SubscriptionSnapshot, leaving: Leaving, now: Now) -> Ending:
    """The first day without it, and what that costs. Raises what `foresee` raises."""
    if row.status not in (*LIVE, Subscription.Status.SCHEDULED):
        raise not_running(row)
    if leaving.waive_commitment and not leaving.reason.strip():
        raise Invalid.at("reason", "reason_required", gettext_noop("Say why its commitment is waived."))
    if leaving.when == "period_end":
        if leaving.refund is not Refunding.none:
            detail = gettext_noop("What is paid is given back only where it ends before its period does.")
            raise Invalid.at("refund", "refund_needs_now", detail)
        if row.service_ends_on is not None:
            return _stands(row) or Ending(on=row.service_ends_on)
    day = leaving.when if isinstance(leaving.when, date) else now.today
    if day < now.today:
        raise Invalid.at("when", "ends_in_past", gettext_noop("This day is past."))
    if row.status == Subscription.Status.SCHEDULED:
        return _before_it_starts(picture, day, leaving)
    catalogue = catalogue_of([picture])
    earliest = (
        paid_until(picture) if leaving.waive_commitment else earliest_end(picture, now.today, catalogue=catalogue)
    )
    if picture.stands_still(now.today):  # no period runs: today, unless it is bound
        commitment, bound = picture.offer.commitment, committed_until(picture)
        bounds = () if leaving.waive_commitment else (notice_over(commitment, now.today), bound)
        earliest = max(day for day in (now.today, paid_until(picture), *bounds) if day is not None)
    if leaving.when == "period_end":
        if earliest is None:
            raise Conflict(gettext_noop("This subscription has no running period."), code="no_running_period")
        return Ending(on=earliest)
    owes = False if leaving.waive_commitment else _owes_fee(picture, day, earliest, now.today)
    return Ending(on=day, owes_fee=owes, refund=leaving.refund, to=leaving.to)


def _before_it_starts(picture: SubscriptionSnapshot, day: date, leaving: Leaving) -> Ending:
    """The end of what has not begun: before its start nothing was had, nothing is billed."""
    commitment = picture.offer.commitment
    if day > picture.start_on and commitment is not None and not leaving.waive_commitment:
        raise Conflict(
            gettext_noop("It begins on %(day)s, with a commitment or a notice."),
            code="commitment_running",
            params={"day": picture.start_on.isoformat()},
            way_out=gettext_noop("End it before it begins, or once it has begun."),
        )
    return Ending(on=day, refund=leaving.refund, to=leaving.to)


def _owes_fee(picture: SubscriptionSnapshot, day: date, earliest: date | None, today: date) -> bool:
    """True where ending on that day costs the fee of an early end. Raises Conflict where its commitment or its notice
    forbid it."""
    commitment, committed = picture.offer.commitment, committed_until(picture)
    if commitment is None:
        return False
    if commitment.early_end is not None:
        told = notice_over(commitment, today)
        if day < told and picture.status is not Status.trialing:
            raise _bound(told)
        return committed is not None and day < committed
    notice = bool(commitment.notice_days or commitment.notice_months)
    if earliest is not None and day < earliest and (notice or (committed is not None and committed > today)):
        raise _bound(earliest)
    return False


def _bound(day: date) -> Conflict:
    return Conflict(
        gettext_noop("Its commitment and notice bind it until %(day)s."),
        code="commitment_running",
        params={"day": day.isoformat()},
        way_out=gettext_noop("End it then, or waive the commitment and say why."),
    )


def _stands(row: Subscription) -> Ending | None:
    """What was decided before; None where it is not cancelled."""
    if row.service_ends_on is None:
        return None
    to: To = "balance" if row.end_refund_to == "balance" else "refund"
    return Ending(on=row.service_ends_on, owes_fee=row.owes_early_end, refund=Refunding(row.end_refund), to=to)


def _end_on(
    row: Subscription, ending: Ending | None, reason: str, *, merchant: Merchant, actor: Actor, now: Now
) -> None:
    day = ending.on if ending else None
    ending = ending or Ending(on=now.today)
    columns = {
        "service_ends_on": day,
        "billing_ends_on": day,
        "cancelled_at": now.at if day else None,
        "cancel_reason": reason[:200],
        "owes_early_end": ending.owes_fee,
        "end_refund": ending.refund.value,
        "end_refund_to": ending.to,
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
