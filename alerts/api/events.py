"""`/events`: what was published, in order, for who missed a webhook or wants none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from rest_framework.request import Request
from rest_framework.response import Response

from alerts.envelope import shape
from alerts.services.claims import personal_values, told
from merchants.http.bodies import Filters
from merchants.http.cursors import Keyset
from merchants.http.fields import Instant, PublicId, Text, Whole
from merchants.http.operations import operation
from merchants.http.views import ApiView
from merchants.ids import read
from merchants.models import Event
from merchants.selectors.shapes import InstantText


class EventShape(TypedDict):
    """A fact, as webhooks tell it. `sequence` numbers the merchant's events, `subscriber_sequence` those of one life.
    What was erased since is null in `data`."""

    id: str
    type: str
    created_at: InstantText
    sequence: int
    subscriber_sequence: int | None
    data: dict[str, Any]
    request_id: str | None
    channel: str


class EventListing(Filters):
    """Which events: those `after` a sequence, oldest first; of one `type`; of one subscriber."""

    after = Whole(most=2**63 - 1, required=False)
    type = Text(max_length=60, required=False)
    subscriber = PublicId("cus", required=False)
    created_after = Instant(required=False)


def show_events(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Events as webhooks tell them, in one query whatever their number."""
    tales = [told(event) for event in events]
    values = personal_values(tales)
    return [shape(tale, values) for tale in tales]


class Events(ApiView):
    """The journal, as published."""

    scopes = {"GET": "events:read"}

    @operation("List events", answer=EventShape, page=True, filters=EventListing)
    def get(self, request: Request) -> Response:
        """Newest first; with `after`, those that follow that sequence, oldest first: keep the last one's, and ask again
        from there. An event appears once it is published, moments after the fact."""
        events, filters = Event.objects.filter(sequence__isnull=False), self.filters
        if "type" in filters:
            events = events.filter(kind=filters["type"])
        if "created_after" in filters:
            events = events.filter(created_at__gt=filters["created_after"])
        if "subscriber" in filters:
            life = read("cus", filters["subscriber"])
            events = events.filter(subscriber_id=life) if life else events.none()
        if "after" in filters:
            return self.page(events.filter(sequence__gt=filters["after"]), show_events, by=Keyset(("sequence",)))
        return self.page(events, show_events, by=Keyset(("-sequence",)))


class OneEvent(ApiView):
    """One event."""

    scopes = {"GET": "events:read"}

    @operation("Read an event", answer=EventShape)
    def get(self, request: Request, event: str) -> Response:
        """As webhooks tell it."""
        found = self.find(Event.objects.filter(sequence__isnull=False), event)
        return Response(show_events([found])[0])
