"""The coupons that wishes take off subscriptions and put on them, as rows, each told in the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Max

from billing.engine.lives import Taken
from billing.flows.coupon_uses import OFF, ON, lock, release
from billing.flows.renew_rows import Life, effective
from merchants.now import Now
from merchants.tenancy import bulk
from subscribers import history
from subscribers.history import Entry
from subscribers.models import SubscriptionCoupon

_Key = tuple[UUID, UUID]


def hold(lives: Sequence[Life]) -> None:
    """Lock the coupons that waiting wishes will put on, before any document is numbered: whoever subscribes with one of
    them locks it first and the number series last. Nothing is read where no wish names a coupon."""
    named: set[UUID] = set()
    for life in lives:
        for wish in life.taken[0].before.scheduled if life.taken else ():
            ids = wish.payload.get(ON)
            named |= {UUID(str(id_)) for id_ in ids} if isinstance(ids, list | tuple) else set()
    lock(named)


def attach(lives: Sequence[Life], entries: list[Entry], now: Now) -> None:
    """End the coupons that carried-out wishes take off; attach those that they put on, after those that are there. The
    use was counted when the wish was made. Nothing is read where no wish names a coupon."""
    off, new = _named(lives, OFF), _named(lives, ON)
    if not off and not new:
        return
    ids = {key[0] for key in (*off, *new)}
    held = {
        (row.subscription_id, row.coupon_id): row
        for row in SubscriptionCoupon.objects.filter(subscription_id__in=ids).order_by("pk")
    }
    for key, (life, one) in off.items():
        row = held.get(key)
        if row is not None and row.ended_at is None:
            _change(row, life, one, {"ended_at": effective(one, now)}, "coupon_removed", entries, now)
    made = []
    last = dict(
        SubscriptionCoupon.objects.filter(subscription_id__in=ids)
        .values("subscription_id")
        .annotate(last=Max("position"))
        .values_list("subscription_id", "last")
    )
    for (subscription_id, coupon_id), (life, one) in new.items():
        row = held.get((subscription_id, coupon_id))
        if row is not None:  # attached by itself meanwhile, which counted a use of its own
            release({ON: [str(coupon_id)]})
            if row.ended_at is not None:
                _change(row, life, one, {"ended_at": None}, "coupon_attached", entries, now)
            continue
        last[subscription_id] = last.get(subscription_id, -1) + 1
        row = SubscriptionCoupon(
            subscription=life.row,
            coupon_id=coupon_id,
            payer_id=life.row.payer_id,
            position=last[subscription_id],
            periods_used=0,
            attached_at=effective(one, now),
        )
        made.append(row)
        told = history.columns_of(row)
        at = effective(one, now)
        entries.append(Entry(row=row, verb="coupon_attached", columns=told, reason=life.reason, effective_at=at))
    bulk.insert(made)


def _named(lives: Sequence[Life], name: str) -> dict[_Key, tuple[Life, Taken]]:
    """Which coupons the wishes that were carried out name, by subscription, in their order. A change of offer that was
    postponed has carried out nothing."""
    found: dict[_Key, tuple[Life, Taken]] = {}
    for life in lives:
        for one in life.taken:
            waiting = {wish.id for wish in one.after.scheduled}
            for wish in one.step.changes:
                ids = wish.payload.get(name)
                if wish.id not in waiting and isinstance(ids, list | tuple):
                    found |= {(life.row.pk, UUID(str(id_))): (life, one) for id_ in ids}
    return found


def _change(
    row: SubscriptionCoupon,
    life: Life,
    one: Taken,
    told: Mapping[str, Any],
    verb: str,
    entries: list[Entry],
    now: Now,
) -> None:
    before = {name: getattr(row, name) for name in told}
    row.subscription = life.row
    bulk.update(SubscriptionCoupon, list(told), [[row.pk, *told.values()]])
    for name, value in told.items():
        setattr(row, name, value)
    at = effective(one, now)
    entries.append(Entry(row=row, verb=verb, columns=dict(told), before=before, reason=life.reason, effective_at=at))
