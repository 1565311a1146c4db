"""`/subscribers/{id}/diff`: a life at two moments, every field that differs, and the changes that made it so."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from merchants.http.operations import operation
from merchants.http.shared import SpanFilters
from merchants.http.views import ApiView
from merchants.selectors.clocks import now_for
from subscribers.selectors import people
from subscribers.selectors.compared import life_compared
from subscribers.selectors.differences import DiffShape, diff_shown
from subscribers.selectors.moments import Span


class DiffOfSubscriber(ApiView):
    """A life at two moments."""

    scopes = {"GET": "subscribers:read"}

    @operation("Compare a subscriber at two moments", answer=DiffShape, filters=SpanFilters)
    def get(self, request: Request, subscriber: str) -> Response:
        """Every field that differs between `from` and `to`, of the subscriber and of all that is theirs, with what made
        it so. A field that changed and came back does not differ. Where there was nobody at `to`: 404
        `not_there_then`. A moment that has not come: 422 `moment_to_come`; the end before the start:
        `span_reversed`."""
        row = self.find(people.visible(), subscriber)
        span = Span.asked(self.filters, now_for(self.merchant, row.test_clock_id).at)
        return Response(diff_shown(life_compared(row, span)))
