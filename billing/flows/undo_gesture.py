"""Taking a gesture back (domain 13): what was not had yet goes; what was had, or stands on an invoice, stays.

It locks what a billing run locks, in the same order: of the two, whoever comes second sees what the first one did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext

from billing.engine.giving import had_of
from billing.engine.wishes import WishKind
from billing.flows import cancel, change, given, move_renewal, schedule
from billing.flows.asks import RemoveOption
from billing.flows.bring_up import bring_up, is_due
from billing.flows.change import Changing
from billing.flows.move_renewal import Grid, Moving
from billing.selectors.snapshots import snapshots
from invoices.models import InvoiceLine
from invoices.services import balances
from merchants.actors import Actor
from merchants.models import Merchant
from merchants.now import Now
from merchants.refusals import Conflict, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Gesture, ScheduledChange, Subscription, SubscriptionCoupon, SubscriptionOption
from subscribers.snapshots import SubscriptionSnapshot

Kind = Gesture.Kind
UNDOING = gettext_noop("A gesture was taken back.")


@dataclass(frozen=True, kw_only=True)
class _Undoing:
    """A locked subscription whose gesture is taken back, and how it stands."""

    row: Subscription
    gesture: Gesture
    merchant: Merchant
    picture: SubscriptionSnapshot
    reason: str
    actor: Actor
    now: Now


def undo(*, merchant_id: UUID, gesture_id: UUID, actor: Actor, reason: str = "") -> Gesture:
    """Take a gesture back from now on; asked twice it stays as it is. `kept` says what of its cost was had already;
    empty where it had no end.

    Raises Conflict (`gesture_over`: nothing of it is left to take back), and what a change now or a moved renewal is
    refused for.
    """
    with tenant(merchant_id):
        known = Gesture.objects.get(id=gesture_id)
        row = cancel.lock(known.subscription_id)
        gesture = Gesture.objects.select_for_update(of=("self",)).select_related("subscription").get(id=gesture_id)
        if gesture.status == Gesture.Status.UNDONE:
            return gesture
        merchant = Merchant.objects.get(id=merchant_id)
        now = now_for(merchant, row.test_clock_id)
        if gesture.kind != Kind.AMOUNT and is_due(row, now):
            bring_up(merchant_id, row, actor=actor, now=now)
            row = cancel.lock(known.subscription_id)
        picture = snapshots([row], merchant)[row.pk]
        with translation.override(merchant.locale):
            said = reason.strip() or gettext(UNDOING)
        undoing = _Undoing(
            row=row, gesture=gesture, merchant=merchant, picture=picture, reason=said, actor=actor, now=now
        )
        kept = _KINDS[Kind(gesture.kind)](undoing)
        if gesture.status == Gesture.Status.GIVEN:
            given.take_back(gesture, kept=kept, reason=reason.strip(), actor=actor, now=now)
        return gesture


def _amount(undoing: _Undoing) -> int:
    """What the balance still holds of it."""
    row, gesture = undoing.row, undoing.gesture
    amount = gesture.amount or 0
    back = min(balances.balance_of(row.payer_id, row.currency), amount)
    if not back:
        raise _over(gettext_noop("The balance holds nothing of it any more."))
    balances.adjust(
        row.payer_id,
        -back,
        currency=row.currency,
        reason=undoing.reason,
        legal_entity_id=row.legal_entity_id,
        actor=undoing.actor,
        now=undoing.now,
    )
    return amount - back


def _percent(undoing: _Undoing) -> int:
    """The periods that it was not used for."""
    use = SubscriptionCoupon.objects.select_for_update(of=("self",)).get(id=cast(UUID, undoing.gesture.coupon_use_id))
    if use.ended_at is not None:
        raise _over(gettext_noop("The discount stands on an invoice already."))
    taken = _taken_off(undoing.row, use.coupon_id)
    use.subscription = undoing.row
    wanted = {"ended_at": undoing.now.at}
    history.update(use, wanted, actor=undoing.actor, now=undoing.now, verb="taken_back", reason=undoing.reason)
    return taken


def _taken_off(row: Subscription, coupon_id: UUID) -> int:
    """What a discount has taken off the subscription's invoices so far."""
    lines = InvoiceLine.objects.filter(subscription_id=row.pk, discount__gt=0).values_list("inputs", flat=True)
    shares = (share for inputs in lines for share in inputs.get("discounts") or ())
    return sum(int(share["amount"]) for share in shares if share["coupon"] == str(coupon_id))


def _days(undoing: _Undoing) -> int:
    """The days that are still ahead: the renewal comes back to where it was, today at the earliest."""
    row, gesture, today = undoing.row, undoing.gesture, undoing.now.today
    before, to = date.fromisoformat(gesture.moved["from"]), date.fromisoformat(gesture.moved["to"])
    on = max(before, today)
    if row.current_period_end != to or on >= to:
        raise _over(gettext_noop("The renewal that it moved is past, or was moved since."))
    grid = Grid.read(gesture.moved["grid"]) if on == before else None
    moving = Moving(on=on, reason=undoing.reason, grid=grid)
    move_renewal.move_renewal(
        merchant_id=undoing.merchant.pk, subscription_id=row.pk, moving=moving, actor=undoing.actor
    )
    return had_of(gesture.cost or 0, (on - before).days, (to - before).days)


def _option(undoing: _Undoing) -> int | None:
    """The days from today on; one that is only planned is not made."""
    row, gesture = undoing.row, undoing.gesture
    held = SubscriptionOption.objects.filter(id=cast(UUID, gesture.option_row_id)).first()
    if held is None:
        _unplan(undoing)
        return 0
    if (held.ends_on is not None and held.ends_on <= undoing.now.today) or row.status not in cancel.LIVE:
        raise _over(gettext_noop("It was had to its end."))
    change.change(
        merchant_id=undoing.merchant.pk,
        subscription_id=row.pk,
        ask=RemoveOption(option_id=held.pk),
        changing=Changing(when="now", reason=undoing.reason),
        actor=undoing.actor,
    )
    gesture.refresh_from_db()  # the change takes it back, whoever asks for it
    return gesture.kept


def _unplan(undoing: _Undoing) -> None:
    waiting = ScheduledChange.objects.filter(
        subscription=undoing.row, kind=WishKind.add_option.value, status=ScheduledChange.Status.WAITING
    )
    for wish in waiting.select_for_update(of=("self",)):
        wish.subscription = undoing.row
        own = str(undoing.gesture.option_row_id)
        others = [one for one in wish.details["options"] if one["id"] != own]
        if len(others) == len(wish.details["options"]):
            continue
        if others:
            history.update(wish, {"details": {"options": others}}, verb="planned", actor=undoing.actor, now=undoing.now)
        else:
            schedule.settle(wish, ScheduledChange.Status.REVOKED, actor=undoing.actor, now=undoing.now)
        schedule.plan_again(undoing.row, undoing.merchant, actor=undoing.actor, now=undoing.now)


def _over(detail: str) -> Conflict:
    way_out = gettext_noop("What was had stays had: nothing was changed.")
    return Conflict(detail, code="gesture_over", way_out=way_out)


_KINDS: Mapping[Gesture.Kind, Callable[[_Undoing], int | None]] = {
    Kind.OPTION: _option,
    Kind.DAYS: _days,
    Kind.PERCENT: _percent,
    Kind.AMOUNT: _amount,
}
