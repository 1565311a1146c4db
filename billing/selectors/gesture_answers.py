"""Gestures for many, as the API and pages show them: the batch with how far it has come, and each of its members."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, TypedDict
from uuid import UUID

from django.db.models import Count, F, Sum

from billing.selectors.touched import Population
from merchants.gesture_limits import LIMITED
from merchants.ids import show
from merchants.selectors.shapes import DayText, DecimalString, InstantText, Says, decimal_string, instant_text
from subscribers.models import Gesture, GestureBatch, GestureMember

PopulationShape = TypedDict(
    "PopulationShape", {"from": DayText, "until": DayText, "sites": list[str], "offers": list[str]}
)
"""Service on some day from `from` on and before `until`; none named: any site, any offer."""


class CountsShape(TypedDict):
    """How many were touched; of them wait, were given, could not get it, were taken back from, kept it."""

    touched: int
    waiting: int
    given: int
    refused: int
    undone: int
    kept: int


class GestureBatchShape(TypedDict):
    """One gesture for all whom an incident touched. `cost` adds up what was given and stands in its
    currency, of what has an end; `cost_foreseen` is what its preview said, null where it has no end."""

    id: str
    object: Annotated[str, Says(one_of=("gesture_batch",))]
    kind: Annotated[str, Says(one_of=tuple(Gesture.Kind.values))]
    option: str | None
    quantity: int
    days: int | None
    percent_off: DecimalString | None
    amount: int | None
    periods: int | None
    until: DayText | None
    reason: str
    incident: str
    population: PopulationShape
    currency: str
    status: Annotated[str, Says(one_of=tuple(GestureBatch.Status.values))]
    counts: CountsShape
    cost: int
    cost_foreseen: int | None
    given_by: str
    given_as: Annotated[str, Says(one_of=LIMITED)]
    undone_by: str
    created_at: InstantText
    settled_at: InstantText | None


class GestureMemberShape(TypedDict):
    """A subscription that was touched: `refused` or `kept` say why by `code` and `detail`."""

    id: str
    object: Annotated[str, Says(one_of=("gesture_member",))]
    subscription: str
    gesture: str | None
    status: Annotated[str, Says(one_of=tuple(GestureMember.Status.values))]
    code: str
    detail: str


def batches_shown(rows: Sequence[GestureBatch]) -> list[GestureBatchShape]:
    """Batches in order: two queries, however many."""
    ids = [row.pk for row in rows]
    counts = counted(ids)
    sums = GestureMember.objects.filter(batch_id__in=ids, status=GestureMember.Status.GIVEN)
    mine = sums.filter(gesture__currency=F("batch__currency"))
    costs: dict[UUID, int] = {
        row["batch_id"]: row["cost"] or 0 for row in mine.values("batch_id").annotate(cost=Sum("gesture__cost"))
    }
    return [_batch(row, counts[row.pk], costs.get(row.pk, 0)) for row in rows]


def counted(batch_ids: Sequence[UUID]) -> Mapping[UUID, CountsShape]:
    """How far each batch has come: one query."""
    found: dict[UUID, dict[str, int]] = defaultdict(dict)
    rows = GestureMember.objects.filter(batch_id__in=batch_ids).values("batch_id", "status")
    for row in rows.annotate(n=Count("id")):
        found[row["batch_id"]][row["status"]] = row["n"]
    return {id_: _counts(found[id_]) for id_ in batch_ids}


def _counts(by_status: Mapping[str, int]) -> CountsShape:
    return {
        "touched": sum(by_status.values()),
        "waiting": by_status.get("waiting", 0),
        "given": by_status.get("given", 0),
        "refused": by_status.get("refused", 0),
        "undone": by_status.get("undone", 0),
        "kept": by_status.get("kept", 0),
    }


def _batch(row: GestureBatch, counts: CountsShape, cost: int) -> GestureBatchShape:
    terms: Mapping[str, Any] = row.terms
    percent = terms["percent_off"]
    return {
        "id": row.public_id,
        "object": "gesture_batch",
        "kind": row.kind,
        "option": show("opt", UUID(terms["option"])) if terms["option"] else None,
        "quantity": terms["quantity"],
        "days": terms["days"],
        "percent_off": decimal_string(Decimal(percent)) if percent is not None else None,
        "amount": terms["amount"],
        "periods": terms["periods"],
        "until": terms["until"],
        "reason": row.reason,
        "incident": row.incident,
        "population": population_shown(Population.read(row.population)),
        "currency": row.currency,
        "status": row.status,
        "counts": counts,
        "cost": cost,
        "cost_foreseen": row.foreseen["cost"],
        "given_by": row.given_by,
        "given_as": row.given_as,
        "undone_by": row.undone_by,
        "created_at": instant_text(row.created_at),
        "settled_at": instant_text(row.settled_at) if row.settled_at else None,
    }


def population_shown(population: Population) -> PopulationShape:
    """Whom it is for."""
    return {
        "from": population.from_on.isoformat(),
        "until": population.until_on.isoformat(),
        "sites": [show("sit", id_) for id_ in population.sites],
        "offers": [show("off", id_) for id_ in population.offers],
    }


def members_shown(rows: Sequence[GestureMember]) -> list[GestureMemberShape]:
    """Members in order, without a query."""
    return [
        {
            "id": row.public_id,
            "object": "gesture_member",
            "subscription": show("sub", row.subscription_id),
            "gesture": show("ges", row.gesture_id) if row.gesture_id else None,
            "status": row.status,
            "code": row.code,
            "detail": row.detail,
        }
        for row in rows
    ]
