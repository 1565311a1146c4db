"""What people do with alerts: say that they have seen one, or that it is done with. Asked twice, it stays as it is."""

from __future__ import annotations

from alerts.models import Alert
from merchants.now import Now


def acknowledge(alert: Alert, *, now: Now) -> Alert:
    """Somebody is at it."""
    if alert.acknowledged_at is None and alert.resolved_at is None:
        alert.acknowledged_at = now.at
        alert.save(update_fields=["acknowledged_at"])
    return alert


def resolve(alert: Alert, *, now: Now) -> Alert:
    """It is done with. The same fact is not told again."""
    if alert.resolved_at is None:
        alert.acknowledged_at = alert.acknowledged_at or now.at
        alert.resolved_at = now.at
        alert.save(update_fields=["acknowledged_at", "resolved_at"])
    return alert
