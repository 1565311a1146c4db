"""Moving a renewal: the running period ends on another day, which becomes the anchor (domain 15)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal
from uuid import UUID

from billing.engine.columns import columns
from billing.engine.giving import Worth, worth_of_days
from billing.engine.lives import live, next_charge
from billing.engine.pausing import added_draft, moved, without
from billing.flows import given
from billing.flows.bring_up import bring_up
from billing.flows.cancel import LIVE, lock
from billing.flows.given import ALONE, Because, Given
from billing.flows.giving_back import Back, give_back, lost_backs
from billing.flows.held import as_billed, bill_what_waits
from billing.flows.not_running import not_running
from billing.selectors.due import catalogue_of
from billing.selectors.planned import planned
from billing.selectors.snapshots import snapshots
from invoices.drafts import DraftInvoice
from invoices.services.credit_plans import To
from invoices.services.issuing import Issue, issue
from merchants.actors import Actor
from merchants.models import LegalEntity, Merchant
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers import history, shapes
from subscribers.models import Gesture, ScheduledChange, Subscriber, Subscription, SubscriptionOption
from subscribers.periods import Anchor, Period
from subscribers.services.facts import Lived, tell_all
from subscribers.snapshots import Billing, Collection, SubscriptionSnapshot

MOST = timedelta(days=366)
"""How many days a renewal may be put off."""
Added = Literal["free", "charged"]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The calendar as it was before a move that is taken back: a 31st is a 31st again."""

    anchor: Anchor | None
    cycle_from: date | None
    billing_day: int | None

    @classmethod
    def of(cls, picture: SubscriptionSnapshot) -> Grid:
        """As it stands."""
        return cls(anchor=picture.anchor, cycle_from=picture.cycle_from, billing_day=picture.billing_day)

    def plain(self) -> dict[str, Any]:
        """As it is stored."""
        anchor = asdict(self.anchor) if self.anchor is not None else None
        from_ = self.cycle_from.isoformat() if self.cycle_from else None
        return {"anchor": anchor, "cycle_from": from_, "billing_day": self.billing_day}

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Grid:
        """As it was stored."""
        anchor = Anchor(**stored["anchor"]) if stored["anchor"] else None
        from_ = date.fromisoformat(stored["cycle_from"]) if stored["cycle_from"] else None
        return cls(anchor=anchor, cycle_from=from_, billing_day=stored["billing_day"])


@dataclass(frozen=True, kw_only=True)
class Moving:
    """The day of the next renewal. Days that it adds are free (a gesture, with a reason) or charged pro rata; days that
    it takes away are credited, to the balance unless the means that paid are asked for (`to`). `role` of the member who
    gives them, whose limits hold; None: an API key. `grid`: the calendar to go back to, where a move is taken back."""

    on: date
    added_days: Added = "free"
    to: To = "balance"
    reason: str = ""
    role: str | None = None
    because: Because = ALONE
    grid: Grid | None = None


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What moving it would do: days more (or less), the invoice of added days and of what begins today, credit notes of
    days taken away, and what is charged next."""

    before: date
    on: date
    days: int
    documents: tuple[DraftInvoice, ...] = ()
    backs: tuple[Back, ...] = ()
    next_charge: tuple[date, int] | None = None
    worth: Worth | None = None


@dataclass(frozen=True, kw_only=True)
class _Move:
    before: SubscriptionSnapshot
    after: SubscriptionSnapshot
    charged: DraftInvoice | None
    backs: tuple[Back, ...]
    worth: Worth | None = None


def foresee(row: Subscription, moving: Moving, *, merchant: Merchant, now: Now) -> Foreseen:
    """What moving it would do, by the same calculation as the act; nothing is written. Needs the tenant's scope.

    Raises Conflict (`subscription_not_running`, `no_running_period`, `subscription_suspended`, `subscription_ending`,
    `billed_in_arrears`, `nothing_changes`) or Invalid (`date_in_past`, `date_out_of_range`, `reason_required`).
    """
    with as_billed(lock(row.pk), merchant, now) as billed:
        picture = snapshots([row], merchant)[row.pk]
        catalogue = catalogue_of([picture])
        due = live(picture, now.today, at=now.at, catalogue=catalogue)
        move = _move(row, due[-1].after if due else picture, moving, merchant, now)
    taken = live(move.after, now.today, at=now.at, catalogue=catalogue)
    begun = [draft for one in taken for draft in one.drafts]
    ended = _period(move.before).end
    return Foreseen(
        before=ended,
        on=moving.on,
        days=(moving.on - ended).days,
        documents=(*billed, *([move.charged] if move.charged else []), *begun),
        backs=move.backs,
        next_charge=next_charge(taken[-1].after if taken else move.after, catalogue=catalogue),
        worth=move.worth,
    )


def move_renewal(*, merchant_id: UUID, subscription_id: UUID, moving: Moving, actor: Actor) -> Subscription:
    """End the running period on another day. What is planned for its end moves along, a campaign's move never to
    before the day that it announced. Today, the next one begins with this transaction. What fell due before is made
    first. Raises what `foresee` raises."""
    with tenant(merchant_id):
        row = lock(subscription_id)
        merchant = Merchant.objects.get(id=merchant_id)
        now = now_for(merchant, row.test_clock_id)
        if row.next_action_at is not None and row.next_action_at <= now.at:
            bring_up(merchant_id, row, actor=actor, now=now, asked=True)
            row = lock(subscription_id)
        if bill_what_waits(row, merchant, actor=actor, now=now):
            row = lock(subscription_id)
        move = _move(row, snapshots([row], merchant)[row.pk], moving, merchant, now)
        told: list[Lived] = []
        if move.charged is not None:
            row.latest_invoice_id = _charge(row, move.charged, merchant, told, actor=actor, now=now)
            row.save(update_fields=["latest_invoice_id"])
        _write(row, move, moving.reason, actor=actor, now=now)
        if move.worth is not None:
            _note(row, move, moving, actor=actor, now=now)
        data = {
            "object": {**shapes.subscription(row), "scheduled": planned([row])[row.pk]},
            "previous": {"current_period": _shown(_period(move.before))},
        }
        told.append(Lived(subscriber_id=row.subscriber_id, kind="subscription.updated", object_id=row.pk, data=data))
        tell_all(told, actor=actor, now=now)
        give_back(move.backs, reason=moving.reason, to=moving.to, actor=actor, now=now, why="moved")
        if moving.on <= now.today:
            bring_up(merchant_id, row, actor=actor, now=now, asked=True)
        return lock(subscription_id)


def _period(picture: SubscriptionSnapshot) -> Period:
    if picture.current_period is None:
        raise ValueError("there is no running period")
    return picture.current_period


def _shown(period: Period) -> dict[str, str]:
    return {"start": period.start.isoformat(), "end": period.end.isoformat()}


def _move(row: Subscription, picture: SubscriptionSnapshot, moving: Moving, merchant: Merchant, now: Now) -> _Move:
    """The subscription before and after, what is charged and given back. Raises what `foresee` raises."""
    check(row, picture, moving, now)
    period = _period(picture)
    after = moved(picture, moving.on)
    if moving.on < period.end:
        taken = [Period(moving.on, period.end)]
        free = tuple(left for span in picture.unbilled for left in without(span, taken))
        after = replace(after, unbilled=free)
        if moving.grid is not None:
            grid = moving.grid
            after = replace(after, anchor=grid.anchor, cycle_from=grid.cycle_from, billing_day=grid.billing_day)
        taken_away = (Period(moving.on, period.end),) if picture.stage.billing is Billing.advance else ()
        return _Move(before=picture, after=after, charged=None, backs=lost_backs(row.pk, taken_away, to=moving.to))
    charged = added_draft(picture, moving.on, on=now.today) if moving.added_days == "charged" else None
    worth = None
    if charged is None:
        after = replace(after, unbilled=(*after.unbilled, Period(period.end, moving.on)))
    if moving.added_days == "free":
        worth = worth_of_days(picture, (moving.on - period.end).days, on=now.today)
        given.allow(row, worth, merchant=merchant, role=moving.role, now=now)
    return _Move(before=picture, after=after, charged=charged, backs=(), worth=worth)


def check(row: Subscription, picture: SubscriptionSnapshot, moving: Moving, now: Now) -> None:
    """Refuse a day to which the renewal cannot be moved. Raises what `foresee` raises."""
    if row.status not in LIVE:
        raise not_running(row)
    if picture.suspension is not None:
        raise Conflict(
            gettext_noop("This subscription is suspended, or will be."),
            code="subscription_suspended",
            way_out=gettext_noop("Resume it, or take the planned suspension back, first."),
        )
    period = picture.current_period
    if period is None:
        raise Conflict(gettext_noop("This subscription has no running period."), code="no_running_period")
    if moving.on < now.today:
        raise Invalid.at("date", "date_in_past", gettext_noop("This day is past."))
    if moving.on <= period.start or moving.on > period.end + MOST:
        detail = gettext_noop("A day after %(first)s, and a year after the present renewal at most.")
        raise Invalid.at("date", "date_out_of_range", detail, {"first": period.start.isoformat()})
    if moving.on == period.end:
        raise Conflict(gettext_noop("It renews on that day already."), code="nothing_changes")
    if picture.bills_until is not None and picture.bills_until <= max(period.end, moving.on):
        raise Conflict(
            gettext_noop("This subscription ends by then."),
            code="subscription_ending",
            way_out=gettext_noop("Take the cancellation back first."),
        )
    if moving.on < period.end:
        return
    if picture.stage.billing is Billing.arrears:
        raise Conflict(
            gettext_noop("This subscription is billed in arrears: its period cannot be made longer."),
            code="billed_in_arrears",
            way_out=gettext_noop("Choose an earlier day: what was had until then is billed on it."),
        )
    if moving.added_days == "free" and not moving.reason.strip():
        raise Invalid.at("reason", "reason_required", gettext_noop("Say why these days are given."))


def _charge(
    row: Subscription, draft: DraftInvoice, merchant: Merchant, told: list[Lived], *, actor: Actor, now: Now
) -> UUID:
    ask = Issue(
        draft=draft,
        payer=Subscriber.objects.get(id=row.payer_id),
        entity=LegalEntity.objects.get(id=row.legal_entity_id),
        merchant=merchant,
        site_id=row.sold_at_id,
        collect=row.collection == Collection.automatic,
    )
    (invoice,) = issue([ask], actor=actor, now=now, telling=told)
    return invoice.pk


def _note(row: Subscription, move: _Move, moving: Moving, *, actor: Actor, now: Now) -> None:
    """The gesture of days, with the grid as it was, so that it can be taken back."""
    before = _period(move.before)
    told = Given(
        kind=Gesture.Kind.DAYS,
        worth=move.worth or Worth(cost=0),
        reason=moving.reason,
        because=moving.because,
        days=(moving.on - before.end).days,
    )
    grid = Grid.of(move.before).plain()
    moved_from = {"from": before.end.isoformat(), "to": moving.on.isoformat(), "grid": grid}
    given.note(row, told, made={"moved": moved_from}, role=moving.role, actor=actor, now=now)


def _write(row: Subscription, move: _Move, reason: str, *, actor: Actor, now: Now) -> None:
    """The row, its wishes and options, each told with the reason."""
    act: dict[str, Any] = {"actor": actor, "now": now, "verb": "renewal_moved", "reason": reason}
    wanted = {**columns(move.after), "billing_day": move.after.billing_day}
    history.update(row, wanted, **act)
    old, day = _period(move.before).end, _period(move.after).end
    wishes = ScheduledChange.objects.filter(subscription=row, status=ScheduledChange.Status.WAITING, due_on=old)
    options = SubscriptionOption.objects.filter(subscription=row, ends_on=old)
    due_on = {wish.id: wish.effective_on for wish in move.after.scheduled}
    for wish in wishes.order_by("id"):
        wish.subscription = row
        history.update(wish, {"due_on": due_on[str(wish.pk)]}, **act)
    for option in options.order_by("id"):
        option.subscription = row
        history.update(option, {"ends_on": day}, **act)
