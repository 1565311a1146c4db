"""`/test_clocks/{id}/advance`, `/release`: time for the subscribers of a sandbox. Making, reading and deleting clocks
is the ground floor's."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from billing.flows import clocks
from merchants.http.bodies import Body
from merchants.http.fields import Instant
from merchants.http.operations import operation
from merchants.http.views import ApiView
from merchants.models import TestClock
from merchants.selectors.merchants import TestClockShape, show_test_clocks


class AdvanceBody(Body):
    """How far to go: an instant ahead of the clock's own, by ten years at most."""

    to = Instant()


class MovedClock(ApiView):
    """A clock that may be moved."""

    scopes = {"POST": "test_clocks:write"}

    def clock_id(self, shown: str) -> UUID:
        """Which clock the address names. Raises NotFound."""
        return self.find(TestClock.objects.filter(deleted_at=None), shown).pk


class AdvanceTestClock(MovedClock):
    """Time goes on."""

    @operation("Advance a test clock", answer=TestClockShape, body=AdvanceBody)
    def post(self, request: Request, test_clock: str) -> Response:
        """All that falls due until `to` is done in order, as in real time: renewals, charges, dunning, alerts,
        webhooks. The clock is `advancing` until its `time` has reached `target`; then it is `ready`. Where something
        stops it, `error` says what. Refused (409) while it advances (`clock_advancing`) and once it is released."""
        clock_id = self.clock_id(test_clock)
        to = self.body["to"]
        clock = clocks.advance(merchant_id=self.merchant.pk, clock_id=clock_id, to=to, actor=self.actor)
        return Response(show_test_clocks([clock])[0])


class ReleaseTestClock(MovedClock):
    """Back to real time."""

    @operation("Release a test clock", answer=TestClockShape)
    def post(self, request: Request, test_clock: str) -> Response:
        """Once the clock is less than a day behind the present: what is left is advanced, then its subscribers live in
        real time and the clock is `released`. Documents keep the series of the clock. Refused (409) before
        (`clock_behind`), and where the clock is ahead of the present (`clock_ahead`)."""
        clock_id = self.clock_id(test_clock)
        clock = clocks.release(merchant_id=self.merchant.pk, clock_id=clock_id, actor=self.actor)
        return Response(show_test_clocks([clock])[0])
