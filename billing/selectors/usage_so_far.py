"""What was used in the running period and what it comes to so far: the calculation that its end will bill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from billing.engine.usage_lines import Metered, ending, usage_line
from invoices.drafts import DraftLine
from merchants.models import Feature
from subscribers.snapshots import SubscriptionSnapshot


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


def usage_so_far(pictures: Mapping[UUID, SubscriptionSnapshot], on: date) -> dict[UUID, tuple[SoFar, ...]]:
    """Each metered feature of the running stages, in the order of their prices, by subscription; nothing for one whose
    stage prices none or where no period runs. One query, none without any. Needs the tenant's scope."""
    running = {id_: (picture, metered) for id_, picture in pictures.items() if (metered := ending(picture))}
    wanted = {term.feature for _, metered in running.values() for term in metered.stage.usage}
    features = Feature.objects.in_bulk(wanted) if wanted else {}
    return {id_: tuple(_so_far(picture, metered, features, on)) for id_, (picture, metered) in running.items()}


def _so_far(
    picture: SubscriptionSnapshot, metered: Metered, features: Mapping[UUID, Feature], on: date
) -> Iterator[SoFar]:
    had = {used.feature: used for used in picture.used(metered.period.start, None)}
    for term in metered.stage.usage:
        used = had.get(str(term.feature))
        line = usage_line(picture, metered, term, used, on=on) if used and used.quantity > 0 else None
        yield SoFar(feature=features[term.feature], quantity=used.quantity if used else Decimal(0), line=line)
