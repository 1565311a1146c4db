"""What cancelling would do, before anyone does it: the end, what is kept until then, what is still billed."""

from __future__ import annotations

from datetime import date

from merchants.now import Now
from subscribers.models import Subscription
from subscribers.selectors.rights import rights_of


def features_kept(subscription: Subscription, *, ends_on: date, now: Now) -> list[str]:
    """References of the features that a subscription opens until its last day; none where it ends today. Needs the
    tenant's scope."""
    if ends_on <= now.today:
        return []
    mine = str(subscription.pk)
    rights = rights_of(subscription.subscriber_id, now)
    return sorted(
        reference
        for reference, right in rights.items()
        if right.on and any(grant.source.subscription == mine for grant in right.sources)
    )
