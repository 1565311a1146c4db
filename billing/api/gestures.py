"""`/gestures`: what is given to a subscription, and taken back."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, TypedDict

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from billing.flows import give, undo_gesture
from billing.flows.gifts import MOST_PERIODS
from billing.flows.give import Foreseen, Giving
from billing.flows.move_renewal import MOST
from merchants.http.bodies import Body, Filters
from merchants.http.fields import Choice, Day, DecimalText, Instant, Minor, PublicId, Quantity, Text, Whole
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.views import ApiView, created
from merchants.models import Option
from merchants.selectors.shapes import DayText, Says
from subscribers.models import Gesture, Subscriber, Subscription
from subscribers.selectors import people
from subscribers.selectors.gestures import GestureShape, gestures_shown
from subscribers.shapes import on


class GivingBody(Body):
    """What is given, and why. An `option` (free of charge, for so many whole `periods`, `until` a day, the first
    without it, or for ever), `days` before the next renewal, a percentage off the next paid `periods` (left out: one),
    or an `amount` in minor units to the balance."""

    kind = Choice(choices=list(Gesture.Kind.values))
    option = PublicId("opt", required=False)
    quantity = Quantity(required=False)
    days = Whole(least=1, most=MOST.days, required=False)
    percent_off = DecimalText(decimals=3, least=Decimal(0), most=Decimal(100), required=False)
    amount = Minor(required=False)
    periods = Whole(least=1, most=MOST_PERIODS, required=False)
    until = Day(required=False)
    reason = Text(max_length=200, allow_blank=True)
    incident = Text(max_length=200, required=False, allow_blank=True)


class GestureBody(GivingBody):
    """A gesture for one subscription."""

    subscription = PublicId("sub")


class UndoGestureBody(Body):
    """Why it is taken back."""

    reason = Text(max_length=200, required=False, allow_blank=True)


class GestureFilters(Filters):
    """Which gestures."""

    subscription = PublicId("sub", required=False)
    subscriber = PublicId("cus", required=False)
    kind = Choice(choices=list(Gesture.Kind.values), required=False)
    status = Choice(choices=list(Gesture.Status.values), required=False)
    created_after = Instant(required=False)


class NextChargeOfShape(TypedDict):
    """What is charged next: its day, and how much, tax included, before the balance."""

    on: DayText
    amount: int


class GesturePreviewShape(TypedDict):
    """What a gesture would do: what it costs (null: it has no end), when the subscription renews then, what is charged
    next, and what the payer's balance holds."""

    object: Annotated[str, Says(one_of=("gesture_preview",))]
    subscription: str
    kind: Annotated[str, Says(one_of=tuple(Gesture.Kind.values))]
    currency: str
    cost: int | None
    cost_per_period: int | None
    renews_on: DayText | None
    next_charge: NextChargeOfShape | None
    balance: int


def giving(body: dict[str, Any]) -> Giving:
    """What a body gives, its option found."""
    named = body.get("option")
    option = find(Option.objects.all(), named, field="option") if named else None
    return Giving(**{**body, "option": option})


def _previewed(row: Subscription, seen: Foreseen) -> GesturePreviewShape:
    following = seen.next_charge
    return {
        "object": "gesture_preview",
        "subscription": row.public_id,
        "kind": seen.gesture.kind,
        "currency": row.currency,
        "cost": seen.gesture.cost,
        "cost_per_period": seen.gesture.cost_per_period,
        "renews_on": on(seen.renews_on),
        "next_charge": {"on": following[0].isoformat(), "amount": following[1]} if following else None,
        "balance": seen.balance,
    }


def shown_rows() -> QuerySet[Gesture]:
    """Gestures of those who are shown."""
    return people.on_shown_clocks(Gesture.objects.all(), "subscription__test_clock")


class _One(ApiView):
    """A gesture for one subscription, from a body."""

    def read(self) -> tuple[Subscription, Giving]:
        """The subscription that the body names, and what it gives."""
        body: dict[str, Any] = dict(self.body)
        row = find(people.on_shown_clocks(Subscription.objects.all()), body.pop("subscription"), field="subscription")
        return row, giving(body)


class Gestures(_One):
    """All gestures."""

    scopes = {"GET": "gestures:read", "POST": "gestures:write"}

    @operation("List gestures", answer=GestureShape, page=True, filters=GestureFilters)
    def get(self, request: Request) -> Response:
        """Newest first: what was given by whom, why, and what it costs."""
        given = dict(self.filters)
        rows = shown_rows()
        if "subscription" in given:
            found = people.on_shown_clocks(Subscription.objects.all())
            rows = rows.filter(subscription=find(found, given.pop("subscription"), field="subscription"))
        if "subscriber" in given:
            persons = people.on_shown_clocks(Subscriber.objects.all())
            rows = rows.filter(subscriber=find(persons, given.pop("subscriber"), field="subscriber"))
        if "created_after" in given:
            rows = rows.filter(created_at__gt=given.pop("created_after"))
        return self.page(rows.filter(**given), gestures_shown)

    @operation("Give something", answer=GestureShape, body=GestureBody, status=201)
    def post(self, request: Request) -> Response:
        """From now on. It is shown at 0 on the invoices to come, and in the history. 409 `gesture_above_limit` or
        `gestures_of_month_above_limit` where the merchant limits what keys give."""
        row, what = self.read()
        gesture = give.give(
            merchant_id=self.merchant.pk, subscription_id=row.pk, giving=what, role=None, actor=self.actor
        )
        return created(gestures_shown([gesture])[0])


class PreviewGesture(_One):
    """What giving it would do."""

    scopes = {"POST": "gestures:read"}

    @operation("Preview a gesture", answer=GesturePreviewShape, body=GestureBody)
    def post(self, request: Request) -> Response:
        """The same calculation and the same refusals; nothing is changed."""
        row, what = self.read()
        seen = give.foresee(merchant_id=self.merchant.pk, subscription_id=row.pk, giving=what, role=None)
        return Response(_previewed(row, seen))


class OneGesture(ApiView):
    """One gesture."""

    scopes = {"GET": "gestures:read"}

    @operation("Read a gesture", answer=GestureShape)
    def get(self, request: Request, gesture: str) -> Response:
        """What was given, and whether it was taken back."""
        return Response(gestures_shown([self.find(shown_rows(), gesture)])[0])


class UndoGesture(ApiView):
    """Taking a gesture back."""

    scopes = {"POST": "gestures:write"}

    @operation("Take a gesture back", answer=GestureShape, body=UndoGestureBody)
    def post(self, request: Request, gesture: str) -> Response:
        """What was not had yet: an option from today on, days that are still ahead, a discount that stands on no
        invoice, of an amount what the balance still holds. What was had stays, and `kept` says what of the cost it is.
        Asked twice it stays as it is. 409 `gesture_over` where nothing is left to take back."""
        row = self.find(shown_rows(), gesture)
        done = undo_gesture.undo(
            merchant_id=self.merchant.pk, gesture_id=row.pk, actor=self.actor, reason=self.body.get("reason", "")
        )
        return Response(gestures_shown([done])[0])
