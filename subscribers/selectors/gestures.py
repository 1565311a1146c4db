"""What was given: as the API and events show it, and what it comes to in a month."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Annotated, TypedDict
from uuid import UUID

from django.db.models import Case, Sum, When
from django.db.models.functions import Coalesce

from merchants.gesture_limits import LIMITED
from merchants.ids import show
from merchants.selectors.shapes import DayText, DecimalString, InstantText, Says, day_text, decimal_string, instant_text
from subscribers.models import Gesture


class GestureShape(TypedDict):
    """Something given. `cost` is what the merchant gives up, in minor units, in the offer's own terms of tax; null
    where it has no end, then `cost_per_period` says what a period costs. `kept`: of a gesture that was undone, what
    was had until then. `given_as`: the role whose limits allowed it."""

    id: str
    object: Annotated[str, Says(one_of=("gesture",))]
    subscription: str
    subscriber: str
    kind: Annotated[str, Says(one_of=tuple(Gesture.Kind.values))]
    currency: str
    option: str | None
    quantity: int | None
    days: int | None
    percent_off: DecimalString | None
    amount: int | None
    periods: int | None
    until: DayText | None
    reason: str
    incident: str
    cost: int | None
    cost_per_period: int | None
    given_on: DayText
    given_by: str
    given_as: Annotated[str, Says(one_of=LIMITED)]
    batch: str | None
    status: Annotated[str, Says(one_of=tuple(Gesture.Status.values))]
    undone_at: InstantText | None
    undone_by: str
    kept: int | None
    created_at: InstantText


def gestures_shown(rows: Iterable[Gesture]) -> list[GestureShape]:
    """Gestures in order, without a query."""
    return [_shown(row) for row in rows]


def _shown(row: Gesture) -> GestureShape:
    return {
        "id": row.public_id,
        "object": "gesture",
        "subscription": show("sub", row.subscription_id),
        "subscriber": show("cus", row.subscriber_id),
        "kind": row.kind,
        "currency": row.currency,
        "option": show("opt", row.option_id) if row.option_id else None,
        "quantity": row.quantity,
        "days": row.days,
        "percent_off": decimal_string(row.percent_off) if row.percent_off is not None else None,
        "amount": row.amount,
        "periods": row.periods,
        "until": day_text(row.until),
        "reason": row.reason,
        "incident": row.incident,
        "cost": row.cost,
        "cost_per_period": row.cost_per_period,
        "given_on": row.given_on.isoformat(),
        "given_by": row.given_by,
        "given_as": row.given_as,
        "batch": show("geb", row.batch_id) if row.batch_id else None,
        "status": row.status,
        "undone_at": instant_text(row.undone_at) if row.undone_at else None,
        "undone_by": row.undone_by,
        "kept": row.kept,
        "created_at": instant_text(row.created_at),
    }


def given_in_month(subscriber_ids: Collection[UUID], today: date) -> dict[tuple[UUID, str], int]:
    """What each was given in the calendar month of `today` up to that day, by whomever, by subscriber and currency, in
    minor units; of what was taken back, what they had until then; of what has no end, one period. One query."""
    had = When(status=Gesture.Status.UNDONE, then=Coalesce("kept", 0))
    rows = Gesture.objects.filter(
        subscriber_id__in=subscriber_ids, given_on__gte=today.replace(day=1), given_on__lte=today
    ).values("subscriber_id", "currency")
    sums = rows.annotate(sum=Sum(Case(had, default=Coalesce("cost", "cost_per_period", 0))))
    return {(row["subscriber_id"], row["currency"]): row["sum"] for row in sums}
