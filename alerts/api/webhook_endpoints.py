"""`/webhook_endpoints` and their deliveries."""

from __future__ import annotations

from datetime import timedelta

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ListField

from alerts.models import Delivery, WebhookEndpoint
from alerts.selectors.shapes import (
    DELIVERY_STATES,
    DeliveryShape,
    ReplayedShape,
    SentTestShape,
    WebhookEndpointShape,
    show_deliveries,
    show_endpoints,
)
from alerts.services import endpoints
from merchants.http.bodies import Body, Filters
from merchants.http.fields import Choice, Flag, Instant, Text, Whole
from merchants.http.operations import operation
from merchants.http.views import ApiView, created, shown_once


class EndpointBody(Body):
    """A new endpoint. Without `events` it gets all."""

    url = Text(max_length=500)
    events = ListField(child=Text(max_length=60), max_length=60, required=False)
    description = Text(max_length=200, required=False, allow_blank=True)


class EndpointChanges(Body):
    """What changes. Switched off it gets nothing new, and what waits is held back until it is switched on."""

    url = Text(max_length=500, required=False)
    events = ListField(child=Text(max_length=60), max_length=60, required=False)
    description = Text(max_length=200, required=False, allow_blank=True)
    enabled = Flag(required=False)


class RollBody(Body):
    """How long the old secret signs beside the new one."""

    overlap_hours = Whole(least=0, most=168, required=False)


class ReplayBody(Body):
    """From when on; without it, all."""

    since = Instant(required=False)


class DeliveryFilters(Filters):
    """Which deliveries."""

    status = Choice(choices=DELIVERY_STATES, required=False)


class WebhookEndpoints(ApiView):
    """All endpoints."""

    scopes = {"GET": "webhooks:read", "POST": "webhooks:write"}

    @operation("List webhook endpoints", answer=WebhookEndpointShape, page=True)
    def get(self, request: Request) -> Response:
        """Newest first, without their secrets."""
        return self.page(endpoints.kept(), show_endpoints)

    @operation("Create a webhook endpoint", answer=WebhookEndpointShape, body=EndpointBody, status=201)
    def post(self, request: Request) -> Response:
        """Its `secret` stands in this answer and never again: verify each call with it (docs/webhooks.md). A replay by
        `Idempotency-Key` answers null in its place: an answer that was lost costs a rolled secret."""
        endpoint, secret = endpoints.create(**self.body, merchant=self.merchant, now=self.now)
        return shown_once(created({**show_endpoints([endpoint])[0], "secret": secret}), "secret")


class OneWebhookEndpoint(ApiView):
    """One endpoint."""

    scopes = {"GET": "webhooks:read", "PATCH": "webhooks:write", "DELETE": "webhooks:write"}

    @operation("Read a webhook endpoint", answer=WebhookEndpointShape)
    def get(self, request: Request, webhook_endpoint: str) -> Response:
        """Without its secret."""
        return Response(show_endpoints([self.find(endpoints.kept(), webhook_endpoint)])[0])

    @operation("Change a webhook endpoint", answer=WebhookEndpointShape, body=EndpointChanges)
    def patch(self, request: Request, webhook_endpoint: str) -> Response:
        """Its address, what it gets, whether it is on."""
        found = self.find(endpoints.kept(), webhook_endpoint)
        return Response(show_endpoints([endpoints.revise(found, self.body, merchant=self.merchant)])[0])

    @operation("Delete a webhook endpoint", status=204)
    def delete(self, request: Request, webhook_endpoint: str) -> Response:
        """What waits for it is given up."""
        endpoints.delete(self.find(endpoints.kept(), webhook_endpoint))
        return Response(status=204)


class RollSecret(ApiView):
    """A new secret."""

    scopes = {"POST": "webhooks:write"}

    @operation("Roll a webhook secret", answer=WebhookEndpointShape, body=RollBody)
    def post(self, request: Request, webhook_endpoint: str) -> Response:
        """The new `secret` stands in this answer only; a replay of it says null. The old one signs beside it for a day,
        or as asked."""
        found = self.find(endpoints.kept(), webhook_endpoint)
        hours = self.body.get("overlap_hours")
        secret = endpoints.roll(found, overlap=endpoints.OVERLAP if hours is None else timedelta(hours=hours))
        return shown_once(Response({**show_endpoints([found])[0], "secret": secret}), "secret")


class SendTest(ApiView):
    """A test."""

    scopes = {"POST": "webhooks:write"}

    @operation("Send a test event", answer=SentTestShape, status=201)
    def post(self, request: Request, webhook_endpoint: str) -> Response:
        """A `webhook_endpoint.tested` event goes to this endpoint only, the way that all events go."""
        found = self.find(endpoints.kept(), webhook_endpoint)
        return created({"event": endpoints.test(found, actor=self.actor, now=self.now).public_id})


class Deliveries(ApiView):
    """What was sent to an endpoint."""

    scopes = {"GET": "webhooks:read"}

    @operation("List deliveries", answer=DeliveryShape, page=True, filters=DeliveryFilters)
    def get(self, request: Request, webhook_endpoint: str) -> Response:
        """Newest first, with what the receiver last answered."""
        found = self.find(WebhookEndpoint.objects.all(), webhook_endpoint)
        return self.page(Delivery.objects.filter(endpoint=found, **self.filters), show_deliveries)


class RetryDelivery(ApiView):
    """One delivery, again."""

    scopes = {"POST": "webhooks:write"}

    @operation("Send a delivery again", answer=DeliveryShape)
    def post(self, request: Request, webhook_endpoint: str, delivery: str) -> Response:
        """At once, whatever became of it, with the same `webhook-id`."""
        endpoint = self.find(endpoints.kept(), webhook_endpoint)
        found = self.find(Delivery.objects.filter(endpoint=endpoint), delivery)
        return Response(show_deliveries([endpoints.retry(found)])[0])


class Replay(ApiView):
    """All that failed, again."""

    scopes = {"POST": "webhooks:write"}

    @operation("Send again what was given up", answer=ReplayedShape, body=ReplayBody)
    def post(self, request: Request, webhook_endpoint: str) -> Response:
        """Every delivery of this endpoint that was given up, in its order."""
        found = self.find(endpoints.kept(), webhook_endpoint)
        return Response({"deliveries": endpoints.replay(found, since=self.body.get("since"))})
