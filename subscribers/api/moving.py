"""`/subscribers/{id}/move`: another site looks after them."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from merchants.http.bodies import Body
from merchants.http.fields import PublicId, Text
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.views import ApiView
from merchants.models import Site
from merchants.selectors.clocks import now_for
from subscribers.api.subscribers import show_subscribers
from subscribers.selectors import people
from subscribers.selectors.answers import SubscriberShape
from subscribers.services import moving


class MoveBody(Body):
    """Where to, and why."""

    site = PublicId("sit")
    reason = Text(max_length=400)


class Move(ApiView):
    """A subscriber moved to another site."""

    scopes = {"POST": "subscribers:write"}

    @operation("Move a subscriber to another site", answer=SubscriberShape, body=MoveBody)
    def post(self, request: Request, subscriber: str) -> Response:
        """Their subscriptions that have not ended go with them; where each was sold stays. Both are kept in the
        history with the reason. A site that is closed is refused: 422 `site_closed`."""
        row = self.find(people.visible(), subscriber)
        site = find(Site.objects.all(), self.body["site"], field="site")
        now = now_for(self.merchant, row.test_clock_id)
        moved = moving.move(row.pk, site, reason=self.body["reason"], actor=self.actor, now=now)
        return Response(show_subscribers([moved])[0])
