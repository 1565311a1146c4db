"""`/subscribers/{id}/timeline` and `/changes`: everything that happened, and who did it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from merchants.http import cursors
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.views import ApiView
from subscribers.api.bodies import ChangeFilters, TimelineFilters
from subscribers.models import Change, Subscription
from subscribers.selectors import people
from subscribers.selectors.history_answers import ChangeShape, TimelineShape, change_shown, entries_shown
from subscribers.selectors.timeline import CHANGE, Entry, opened, say, sealed, timeline

OF_ONE_LIFE = cursors.Keyset(("-recorded_at", "-id"))
SKEW = timedelta(minutes=5)
"""By as much may the clocks of our machines differ."""


class TimelineOfSubscriber(ApiView):
    """The timeline of a life."""

    scopes = {"GET": "subscribers:read"}

    @operation("Read a subscriber's timeline", answer=TimelineShape, page=True, filters=TimelineFilters)
    def get(self, request: Request, subscriber: str) -> Response:
        """Changes of the history and events, newest first. A personal value that was erased says `erased`."""
        who = self.find(people.visible(), subscriber)
        found = timeline(
            who.pk,
            kinds=[self.filters["kind"]] if "kind" in self.filters else (),
            channel=self.filters.get("channel", ""),
            after=opened(who.pk, request.query_params.get("cursor")),
            limit=cursors.check_limit(request.query_params.get("limit")),
        )
        after = sealed(who.pk, found.after)
        return Response({"data": entries_shown(found.entries), "has_more": after is not None, "next_cursor": after})


class Changes(ApiView):
    """The history of everybody."""

    scopes = {"GET": "subscribers:read"}

    @operation("List changes", answer=ChangeShape, page=True, filters=ChangeFilters)
    def get(self, request: Request) -> Response:
        """Newest first: who changed what of whom, when, through which channel and why, with before and after."""
        given = self.filters
        rows, by = Change.objects.all(), cursors.NEWEST
        if "subscription" in given:
            subscription = find(Subscription.objects.all(), given["subscription"], field="subscription")
            rows = rows.filter(subscriber_id=subscription.subscriber_id, subscription_id=subscription.pk)
            by = OF_ONE_LIFE
        if "subscriber" in given:
            who = find(people.visible(), given["subscriber"], field="subscriber")
            rows, by = rows.filter(subscriber_id=who.pk), OF_ONE_LIFE
        if "kind" in given:
            rows = rows.filter(subject_kind=given["kind"])
        if "actor" in given:
            rows = rows.filter(actor_id=given["actor"])
        if "channel" in given:
            rows = rows.filter(channel=given["channel"])
        if "since" in given:
            rows = rows.filter(recorded_at__gte=given["since"])
            if not self.merchant.is_sandbox:  # no test clock here: a change's id is as old as its record
                rows = rows.filter(id__gte=_first_id(given["since"] - SKEW))
        return self.page(rows, _show, by=by)


def _first_id(at: datetime) -> UUID:
    """The lowest UUIDv7 of an instant.

    >>> from datetime import UTC
    >>> _first_id(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=1))
    UUID('00000000-0001-0000-0000-000000000000')
    """
    return UUID(int=max(int(at.timestamp() * 1000), 0) << 80)


def _show(rows: list[Change]) -> list[ChangeShape]:
    say([Entry(at=row.recorded_at, id=row.pk, kind=CHANGE, change=row) for row in rows])
    return [change_shown(row) for row in rows]
