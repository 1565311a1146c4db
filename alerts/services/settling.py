"""What people do with alerts: say that they have seen some, or that they are done with. Asked twice, they stay as they
are."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce

from alerts.models import Alert
from merchants.now import Now


def acknowledge(alert: Alert, *, now: Now) -> Alert:
    """Somebody is at it."""
    acknowledge_all([alert.pk], now=now)
    alert.refresh_from_db()
    return alert


def resolve(alert: Alert, *, now: Now) -> Alert:
    """It is done with. The same fact is not told again."""
    resolve_all([alert.pk], now=now)
    alert.refresh_from_db()
    return alert


def acknowledge_all(ids: Iterable[UUID], *, now: Now) -> int:
    """Somebody is at all of these; how many were open. They leave the morning's digest: somebody knows."""
    unseen = Alert.objects.filter(id__in=list(ids), acknowledged_at=None, resolved_at=None)
    return unseen.update(acknowledged_at=now.at, mail="")


def resolve_all(ids: Iterable[UUID], *, now: Now) -> int:
    """All of these are done with; how many were not yet. One statement."""
    return _resolve(Alert.objects.filter(id__in=list(ids)), now)


def resolve_kind(kind: str, *, now: Now) -> int:
    """All of one kind are done with; how many were not yet. One statement."""
    return _resolve(Alert.objects.filter(kind=kind), now)


def _resolve(alerts: QuerySet[Alert], now: Now) -> int:
    left = alerts.filter(resolved_at=None)
    return left.update(acknowledged_at=Coalesce("acknowledged_at", Value(now.at)), resolved_at=now.at, mail="")
