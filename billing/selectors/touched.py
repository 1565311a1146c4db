"""Whom an incident touched: who had service between two days, at some sites or on some offers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from merchants.now import local_midnight
from subscribers.models import Subscription
from subscribers.selectors import people

AT_ONCE = 500
"""Subscriptions that are looked at together."""


@dataclass(frozen=True, kw_only=True)
class Population:
    """Service on some day from `from_on` on and before `until_on`; sold or managed at one of `sites`, on one of
    `offers` today. No sites or no offers: whichever."""

    from_on: date
    until_on: date
    sites: tuple[UUID, ...] = ()
    offers: tuple[UUID, ...] = ()

    @property
    def last_day(self) -> date:
        """The last day of the incident."""
        return self.until_on - timedelta(days=1)

    def plain(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "from": self.from_on.isoformat(),
            "until": self.until_on.isoformat(),
            "sites": [str(id_) for id_ in self.sites],
            "offers": [str(id_) for id_ in self.offers],
        }

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Population:
        """As it was stored."""
        return cls(
            from_on=date.fromisoformat(stored["from"]),
            until_on=date.fromisoformat(stored["until"]),
            sites=tuple(UUID(id_) for id_ in stored["sites"]),
            offers=tuple(UUID(id_) for id_ in stored["offers"]),
        )


def touched(population: Population, *, zone: str) -> QuerySet[Subscription]:
    """The subscriptions that had service then; who has left since is among them. Never paid for, never touched."""
    began = Q(start_on__lt=population.until_on)
    stayed = Q(service_ends_on=None) | Q(service_ends_on__gt=population.from_on)
    lived = Q(ended_at=None) | Q(ended_at__gt=local_midnight(population.from_on, zone))
    rows = people.on_shown_clocks(Subscription.objects.filter(began, stayed, lived))
    rows = rows.exclude(status=Subscription.Status.INCOMPLETE).exclude(end_reason="not_paid")
    if population.sites:
        rows = rows.filter(Q(sold_at__in=population.sites) | Q(managed_at__in=population.sites))
    if population.offers:
        rows = rows.filter(offer_version__offer__in=population.offers)
    return rows.order_by("id")


def in_pieces(rows: QuerySet[Subscription], size: int = AT_ONCE) -> Iterator[list[Subscription]]:
    """These subscriptions piece by piece, in the order of their ids: memory does not grow with them."""
    piece = list(rows[:size])
    while piece:
        yield piece
        piece = list(rows.filter(id__gt=piece[-1].pk)[:size])
