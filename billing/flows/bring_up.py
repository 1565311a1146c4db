"""What fell due before somebody acts is made first: the day of an event belongs to what comes after it (domain 5)."""

from __future__ import annotations

from uuid import UUID

from billing.flows.renew import renew
from merchants.actors import Actor
from merchants.now import Now
from merchants.refusals import Conflict, gettext_noop
from subscribers.models import Subscription


def is_due(row: Subscription, now: Now) -> bool:
    """True where a run would have something to do for it."""
    return row.next_action_at is not None and row.next_action_at <= now.at


def bring_up(merchant_id: UUID, row: Subscription, *, actor: Actor, now: Now, asked: bool = False) -> None:
    """Make what is due of a locked subscription, in the transaction that is open. `asked`: somebody wants its last step
    now, so that this counts from now on, not from midnight. Raises Conflict (`subscription_parked`)."""
    asked_at = now.at if asked else None
    renewed = renew(merchant_id=merchant_id, batch=[row.pk], now=now, actor=actor, asked_at=asked_at)
    if row.pk not in renewed.taken:
        raise Conflict(
            gettext_noop("This subscription could not be brought up to date."),
            code="subscription_parked",
            way_out=gettext_noop("Nothing was changed. See whether a billing run has parked it."),
        )
