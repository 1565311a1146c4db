"""What cancelling would do, before anyone does it: the end, what is kept until then, what is still billed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from merchants.now import Now
from subscribers.models import Subscription
from subscribers.rights import Right
from subscribers.selectors.rights import rights_of


@dataclass(frozen=True, kw_only=True)
class CancelPreview:
    """`ends_on` is the first day without it, `last_day` the last one with it. Nothing is billed at a period's end, and
    nothing is given back: amounts are 0 (minor units)."""

    ends_on: date
    currency: str
    rights: tuple[tuple[str, Right], ...]
    amount_due: int = 0
    amount_refunded: int = 0

    @property
    def last_day(self) -> date:
        """The last day that one has."""
        return self.ends_on - timedelta(days=1)


def preview_cancel(subscription: Subscription, *, ends_on: date, now: Now) -> CancelPreview:
    """The preview of a cancellation whose end was checked (`billing.flows.cancel.check_cancel`). Needs the scope."""
    mine = subscription.pk
    rights = rights_of(subscription.subscriber_id, now)
    kept = {
        reference: right
        for reference, right in rights.items()
        if right.on and any(grant.source.subscription == str(mine) for grant in right.sources)
    }
    return CancelPreview(ends_on=ends_on, currency=subscription.currency, rights=tuple(sorted(kept.items())))
