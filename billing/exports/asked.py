"""What one export asks for, as a value: whose rows, of which days, narrowed by what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from merchants.now import local_midnight

SKEW = timedelta(minutes=5)
"""By as much may the clocks of our machines differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Days are the merchant's own, `to_on` the last one that counts. `filters` are those of the kind (`kinds.Kind`),
    ids as UUIDs. `sites`: of these sites only; empty: of all. `real_time`: no test clock is on these rows, so an id
    is as old as its row."""

    merchant_id: UUID
    zone: str
    locale: str
    today: date
    real_time: bool
    from_on: date | None = None
    to_on: date | None = None
    filters: Mapping[str, Any] = field(default_factory=dict)
    sites: tuple[UUID, ...] = ()

    def days(self, column: str) -> Q:
        """Rows whose date stands in the span; a row without one only where no span is asked for."""
        wanted = Q()
        if self.from_on is not None:
            wanted &= Q(**{f"{column}__gte": self.from_on})
        if self.to_on is not None:
            wanted &= Q(**{f"{column}__lte": self.to_on})
        return wanted

    def instants(self, column: str) -> Q:
        """Rows whose instant falls on one of the days, in the merchant's zone.

        >>> from uuid import UUID
        >>> said = dict(merchant_id=UUID(int=0), zone="Europe/Paris", locale="fr", real_time=True)
        >>> asked = Asked(today=date(2026, 7, 9), from_on=date(2026, 7, 1), to_on=date(2026, 7, 1), **said)
        >>> [at.isoformat() for _, at in asked.instants("at").children]
        ['2026-06-30T22:00:00+00:00', '2026-07-01T22:00:00+00:00']
        """
        wanted = Q()
        if self.from_on is not None:
            wanted &= Q(**{f"{column}__gte": local_midnight(self.from_on, self.zone)})
        if self.to_on is not None:
            wanted &= Q(**{f"{column}__lt": local_midnight(self.to_on + timedelta(days=1), self.zone)})
        return wanted

    def first_id(self) -> UUID:
        """Where to begin reading rows whose instant is that of their making: no older row is of these days."""
        if self.from_on is None or not self.real_time:
            return UUID(int=0)
        return lowest_id(local_midnight(self.from_on, self.zone) - SKEW)


def lowest_id(at: datetime) -> UUID:
    """The lowest UUIDv7 of an instant (RFC 9562: its first 48 bits are milliseconds since 1970).

    >>> from datetime import UTC
    >>> lowest_id(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=1))
    UUID('00000000-0001-0000-0000-000000000000')
    """
    return UUID(int=max(int(at.timestamp() * 1000), 0) << 80)
