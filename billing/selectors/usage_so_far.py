"""What was used in the running period and what it comes to so far: the calculation that its end will bill."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from billing.engine.usage_lines import ending, usage_line
from billing.selectors.snapshots import snapshots
from invoices.drafts import DraftLine
from merchants.models import Feature, Merchant
from merchants.now import Now
from subscribers.models import Subscription
from subscribers.periods import Period


@dataclass(frozen=True, kw_only=True)
class SoFar:
    """One feature that the running stage prices: how much of it, and the line that it makes (None where nothing was
    used)."""

    feature: Feature
    quantity: Decimal
    line: DraftLine | None

    @property
    def amount(self) -> int:
        """Before discounts, in minor units and the offer's own terms of tax."""
        return self.line.amount if self.line else 0


def usage_so_far(row: Subscription, *, merchant: Merchant, now: Now) -> tuple[Period | None, tuple[SoFar, ...]]:
    """The running period, and each metered feature in the order of the stage's prices; no feature where the stage
    prices none or no period runs. Needs the tenant's scope."""
    picture = snapshots([row], merchant)[row.pk]
    metered = ending(picture)
    if metered is None:
        return picture.current_period, ()
    features = {
        str(feature.pk): feature
        for feature in Feature.objects.filter(pk__in={term.feature for term in picture.stage.usage})
    }
    had = {used.feature: used for used in picture.used(metered.period.start, None)}
    found = []
    for term in metered.stage.usage:
        key = str(term.feature)
        used = had.get(key)
        line = usage_line(picture, metered, term, used, on=now.today) if used and used.quantity > 0 else None
        found.append(SoFar(feature=features[key], quantity=used.quantity if used else Decimal(0), line=line))
    return picture.current_period, tuple(found)
