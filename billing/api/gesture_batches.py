"""`/gestures/batches`: one gesture for all whom an incident touched."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.gestures import GivingBody, UndoGestureBody, giving
from billing.flows import gesture_batches
from billing.flows.give import Giving
from billing.selectors.gesture_answers import (
    GestureBatchShape,
    GestureMemberShape,
    batches_shown,
    members_shown,
)
from billing.selectors.touched import Population
from billing.tasks import carry_gestures_on_soon
from merchants.http.bodies import Body, Filters
from merchants.http.fields import Choice, Day, PublicId
from merchants.http.operations import operation
from merchants.http.references import find_all
from merchants.http.views import ApiView
from merchants.models import Offer, Site
from merchants.selectors.shapes import Says
from subscribers.models import Gesture, GestureBatch, GestureMember

MOST_NAMED = 100


class PopulationBody(Body):
    """Whom the incident touched: who had service on some day from `from` on and before `until` (the first day without
    it), sold or managed at one of `sites`, on one of `offers`; left out, whichever."""

    until = Day()
    sites = serializers.ListField(child=PublicId("sit"), max_length=MOST_NAMED, required=False)
    offers = serializers.ListField(child=PublicId("off"), max_length=MOST_NAMED, required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """With `from`, which is no name in Python."""
        return {"from": Day(), **super().get_fields()}


class GestureBatchBody(GivingBody):
    """A gesture for many."""

    population = PopulationBody()


class GestureBatchFilters(Filters):
    """Which batches."""

    status = Choice(choices=list(GestureBatch.Status.values), required=False)


class GestureMemberFilters(Filters):
    """Which of its subscriptions."""

    status = Choice(choices=list(GestureMember.Status.values), required=False)


class RefusedShape(TypedDict):
    """How many could not get it, and why."""

    code: str
    detail: str
    count: int


class SampleShape(TypedDict):
    """One of those who can get it, and what that costs."""

    subscription: str
    subscriber: str
    cost: int | None
    cost_per_period: int | None


class GestureBatchPreviewShape(TypedDict):
    """What it would do: how many were touched, how many can get it, what that costs in all (null: it has no end, then
    `cost_per_period` says what a period costs), and some of them."""

    object: Annotated[str, Says(one_of=("gesture_batch_preview",))]
    kind: Annotated[str, Says(one_of=tuple(Gesture.Kind.values))]
    touched: int
    able: int
    currency: str
    cost: int | None
    cost_per_period: int | None
    refused: list[RefusedShape]
    sample: list[SampleShape]


def _population(body: dict[str, Any]) -> Population:
    named: dict[str, list[Any]] = {}
    for name, rows in (("sites", Site.objects.all()), ("offers", Offer.objects.all())):
        texts = {f"population.{name}[{at}]": text for at, text in enumerate(body.get(name, []))}
        named[name] = list(find_all(rows, texts).values()) if texts else []
    return Population(
        from_on=body["from"],
        until_on=body["until"],
        sites=tuple(row.pk for row in named["sites"]),
        offers=tuple(row.pk for row in named["offers"]),
    )


class _ForMany(ApiView):
    """A gesture for many, from a body."""

    def read(self) -> tuple[Giving, Population]:
        """What is given, and to whom."""
        body: dict[str, Any] = dict(self.body)
        population = _population(body.pop("population"))
        return giving(body), population


class GestureBatches(_ForMany):
    """All batches."""

    scopes = {"GET": "gestures:read", "POST": "gestures:write"}

    @operation("List gestures for many", answer=GestureBatchShape, page=True, filters=GestureBatchFilters)
    def get(self, request: Request) -> Response:
        """Newest first."""
        return self.page(GestureBatch.objects.filter(**self.filters), batches_shown)

    @operation("Give to all whom an incident touched", answer=GestureBatchShape, body=GestureBatchBody, status=202)
    def post(self, request: Request) -> Response:
        """A worker gives to each in a transaction of its own: read the batch until its `status` is `given`. Who cannot
        get it is a member with its `code`. 409 `nobody_touched`, `batch_above_limit`, `batch_too_large`."""
        what, population = self.read()
        row = gesture_batches.begin(
            merchant_id=self.merchant.pk, giving=what, population=population, role=None, actor=self.actor
        )
        carry_gestures_on_soon(self.merchant.pk, row.pk)
        address = reverse("api:gesture_batch", kwargs={"gesture_batch": row.public_id})
        return Response(batches_shown([row])[0], status=202, headers={"Location": address})


class PreviewGestureBatch(_ForMany):
    """What it would do."""

    scopes = {"POST": "gestures:read"}

    @operation("Preview a gesture for many", answer=GestureBatchPreviewShape, body=GestureBatchBody)
    def post(self, request: Request) -> Response:
        """By the same calculation for each of them; nothing is changed."""
        what, population = self.read()
        seen = gesture_batches.foresee(merchant_id=self.merchant.pk, giving=what, population=population, role=None)
        shown: GestureBatchPreviewShape = {
            "object": "gesture_batch_preview",
            "kind": what.kind,
            "touched": seen.touched,
            "able": seen.able,
            "currency": self.merchant.currency,
            "cost": seen.cost,
            "cost_per_period": seen.per_period,
            "refused": [
                {"code": code, "detail": detail, "count": count} for code, (detail, count) in seen.refused.items()
            ],
            "sample": [
                {
                    "subscription": row.public_id,
                    "subscriber": row.subscriber.public_id,
                    "cost": worth.cost,
                    "cost_per_period": worth.per_period,
                }
                for row, worth in seen.sample
            ],
        }
        return Response(shown)


class OneGestureBatch(ApiView):
    """One batch."""

    scopes = {"GET": "gestures:read"}

    @operation("Read a gesture for many", answer=GestureBatchShape)
    def get(self, request: Request, gesture_batch: str) -> Response:
        """How far it has come, and what it costs so far."""
        return Response(batches_shown([self.find(GestureBatch.objects.all(), gesture_batch)])[0])


class MembersOfGestureBatch(ApiView):
    """Whom a batch is for."""

    scopes = {"GET": "gestures:read"}

    @operation("List whom a gesture was for", answer=GestureMemberShape, page=True, filters=GestureMemberFilters)
    def get(self, request: Request, gesture_batch: str) -> Response:
        """Each subscription that was touched, what became of it, and why not."""
        row = self.find(GestureBatch.objects.all(), gesture_batch)
        return self.page(GestureMember.objects.filter(batch=row, **self.filters), members_shown)


class UndoGestureBatch(ApiView):
    """Taking a batch back."""

    scopes = {"POST": "gestures:write"}

    @operation("Take a gesture for many back", answer=GestureBatchShape, body=UndoGestureBody, status=202)
    def post(self, request: Request, gesture_batch: str) -> Response:
        """A worker takes back from each what was not had yet: `undone`. What was had, or stands on an invoice, stays:
        `kept`, with its `code`. Who still waited gets nothing. Asked twice it stays as it is."""
        row = self.find(GestureBatch.objects.all(), gesture_batch)
        done = gesture_batches.undo(
            merchant_id=self.merchant.pk, batch_id=row.pk, actor=self.actor, reason=self.body.get("reason", "")
        )
        carry_gestures_on_soon(self.merchant.pk, row.pk)
        return Response(batches_shown([done])[0], status=202)
