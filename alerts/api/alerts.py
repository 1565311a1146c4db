"""`/alerts`: what a person should act on."""

from __future__ import annotations

from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from alerts import rules
from alerts.models import Alert
from alerts.selectors.shapes import ALERT_STATES, AlertShape, show_alerts
from alerts.services import settling
from merchants.http import references
from merchants.http.bodies import Filters
from merchants.http.fields import Choice, PublicId
from merchants.http.operations import operation
from merchants.http.views import ApiView
from subscribers.selectors import people

STATES = {
    "open": Q(acknowledged_at=None, resolved_at=None),
    "acknowledged": Q(acknowledged_at__isnull=False, resolved_at=None),
    "resolved": Q(resolved_at__isnull=False),
}


class AlertFilters(Filters):
    """Which alerts."""

    status = Choice(choices=ALERT_STATES, required=False)
    severity = Choice(choices=Alert.Severity.choices, required=False)
    kind = Choice(choices=list(rules.DEFAULTS), required=False)
    subscriber = PublicId("cus", required=False)


class Alerts(ApiView):
    """All alerts."""

    scopes = {"GET": "alerts:read"}

    @operation("List alerts", answer=AlertShape, page=True, filters=AlertFilters)
    def get(self, request: Request) -> Response:
        """Newest first."""
        wanted = dict(self.filters)
        rows = people.of_shown_people(Alert.objects.all())
        if "status" in wanted:
            rows = rows.filter(STATES[wanted.pop("status")])
        if "subscriber" in wanted:
            named = wanted.pop("subscriber")
            rows = rows.filter(subscriber=references.find(people.visible(), named, field="subscriber"))
        return self.page(rows.filter(**wanted), show_alerts)


class OneAlert(ApiView):
    """One alert."""

    scopes = {"GET": "alerts:read"}

    @operation("Read an alert", answer=AlertShape)
    def get(self, request: Request, alert: str) -> Response:
        """What it is about."""
        return Response(show_alerts([self.find(people.of_shown_people(Alert.objects.all()), alert)])[0])


class AcknowledgeAlert(ApiView):
    """Somebody is at it."""

    scopes = {"POST": "alerts:write"}

    @operation("Acknowledge an alert", answer=AlertShape)
    def post(self, request: Request, alert: str) -> Response:
        """Somebody is at it."""
        found = self.find(Alert.objects.select_for_update(), alert)
        return Response(show_alerts([settling.acknowledge(found, now=self.now)])[0])


class ResolveAlert(ApiView):
    """It is done with."""

    scopes = {"POST": "alerts:write"}

    @operation("Resolve an alert", answer=AlertShape)
    def post(self, request: Request, alert: str) -> Response:
        """It is done with; the same fact is not told again."""
        found = self.find(Alert.objects.select_for_update(), alert)
        return Response(show_alerts([settling.resolve(found, now=self.now)])[0])
