"""Raising alerts: once per fact, whoever raises them, and told as `alert.raised` in the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection

from alerts.models import Alert, AlertRule
from alerts.rules import Mail, how
from alerts.services import staff
from merchants.actors import Actor
from merchants.journal import Fact, record_all
from merchants.now import Now
from merchants.tenancy.scope import current

ACTOR = Actor.system("alerts")


def raise_all(alerts: Iterable[Alert], *, now: Now) -> list[Alert]:
    """Write the alerts whose fact is new, and an event for each; the new ones. A fixed number of statements.

    How the staff hear of them by e-mail is decided here: at once, in the digest, or not (`alerts.rules`). A fact that
    was told before is passed over, resolved or not. The event carries no place in the subscriber's life: that would
    need the subscriber's row, which belongs to who changes it.
    """
    wanted = list(alerts)
    if not wanted:
        return []
    chosen = dict(AlertRule.objects.values_list("kind", "mail"))
    for alert in wanted:
        alert.mail = staff.mail_of(alert, how(alert.kind, chosen))
    Alert.objects.bulk_create(wanted, ignore_conflicts=True)
    written = set(Alert.objects.filter(id__in=[alert.pk for alert in wanted]).values_list("id", flat=True))
    new = [alert for alert in wanted if alert.pk in written]
    record_all([_raised(alert) for alert in new], actor=ACTOR, now=now)
    if any(alert.mail == Mail.at_once for alert in new):
        staff.ask_now(at=now.at)
    return new


def _raised(alert: Alert) -> Fact:
    shown = {"id": alert.public_id, "kind": alert.kind, "severity": alert.severity, "details": alert.details}
    return Fact(kind="alert.raised", object_id=alert.pk, subscriber_id=alert.subscriber_id, data={"object": shown})


def settle(beginnings: Sequence[str], *, now: Now) -> int:
    """Resolve the open alerts whose fact begins with one of these: their cause went away. How many there were."""
    if not beginnings:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE alerts_alert SET resolved_at = %s, mail = '' WHERE merchant_id = %s AND resolved_at IS NULL"
            " AND EXISTS (SELECT FROM unnest(%s::text[]) AS beginning WHERE starts_with(fact, beginning))",
            [now.at, str(current()), list(beginnings)],
        )
        return int(cursor.rowcount)
