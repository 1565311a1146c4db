"""`/subscribers/{id}/features/{feature}/consume`, `/undo`, `/consumptions`: quotas used, each use once."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from merchants.http.bodies import Body
from merchants.http.fields import Quantity, Text
from merchants.http.operations import operation
from merchants.models import Feature
from subscribers.api.rights import OfSubscriber
from subscribers.models import Consumption
from subscribers.models.consumption import KEY_LENGTH
from subscribers.selectors.right_answers import ConsumptionShape, uses_shown
from subscribers.services import consuming


class ConsumeBody(Body):
    """A use. `key` is yours (a scan, a booking, a class): of one subscriber and feature, each key counts once."""

    key = Text(max_length=KEY_LENGTH)
    quantity = Quantity(required=False, default=1)


class UndoBody(Body):
    """The key under which the use was counted, and why it is taken back."""

    key = Text(max_length=KEY_LENGTH)
    reason = Text(max_length=200, required=False, allow_blank=True)


class Consume(OfSubscriber):
    """Use a quota."""

    scopes = {"POST": "consumptions:write"}

    @operation("Use a quota", answer=ConsumptionShape, body=ConsumeBody)
    def post(self, request: Request, subscriber: str, feature: str) -> Response:
        """Counts in the running period, now. The same `key` with the same `quantity` answers the same and counts once,
        for ever; with another quantity: 422 `key_reused`; after an undo: 409 `consumption_undone`.
        Refused with 409, and nothing counted: `quota_exceeded` (with `quota`, `used`, `remaining`, `resets_on`),
        `access_none` and `access_restricted` (with `why`), `feature_off`, `not_a_quota`."""
        who = self.subscriber
        wanted = self.find(Feature.objects.all(), feature)
        row = consuming.consume(
            who,
            wanted,
            quantity=self.body["quantity"],
            key=self.body["key"],
            actor=self.actor,
            now=self.present,
        )
        return Response(uses_shown([row])[0])


class Undo(OfSubscriber):
    """Take a use back."""

    scopes = {"POST": "consumptions:write"}

    @operation("Take a use of a quota back", answer=ConsumptionShape, body=UndoBody)
    def post(self, request: Request, subscriber: str, feature: str) -> Response:
        """Answers the entry that takes it back, on the day of the use, in whose period it is free again; the same at
        each further call. A key that counted nothing: 422 `consumption_unknown`."""
        who = self.subscriber
        wanted = self.find(Feature.objects.all(), feature)
        row = consuming.undo(
            who,
            wanted,
            key=self.body["key"],
            reason=self.body.get("reason", ""),
            actor=self.actor,
            now=self.present,
        )
        return Response(uses_shown([row])[0])


class Consumptions(OfSubscriber):
    """The uses of one quota."""

    scopes = {"GET": "consumptions:read"}

    @operation("List the uses of a quota", answer=ConsumptionShape, page=True)
    def get(self, request: Request, subscriber: str, feature: str) -> Response:
        """Newest first, with those that were taken back and the entries that did it."""
        who = self.subscriber
        wanted = self.find(Feature.objects.all(), feature)
        rows = Consumption.objects.filter(subscriber=who, feature=wanted).select_related("feature")
        return self.page(rows, uses_shown)
