"""Campaigns as the API shows them: what was asked, how far it has come, and each of its members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypedDict
from uuid import UUID

from django.db.models import Case, CharField, Count, F, QuerySet, Value, When

from billing.models import Campaign, CampaignMember
from merchants.ids import show
from merchants.selectors.shapes import DayText, InstantText, Says, instant_text
from subscribers.shapes import on

STATES = ("waiting", "scheduled", "moved", "left", "skipped")


class CampaignPopulationShape(TypedDict):
    """Whom it is for. No versions or no sites: any."""

    versions: list[int]
    sites: list[str]
    subscribed_from: DayText | None
    subscribed_before: DayText | None


class CampaignCountsShape(TypedDict):
    """How many wait to be planned, are planned, have moved, left or chose otherwise before, were left out."""

    waiting: int
    scheduled: int
    moved: int
    left: int
    skipped: int


class CampaignShape(TypedDict):
    """Subscribers of an offer moved to one of its versions. `foreseen_…`: what its preview said, a year of all who
    move, tax included."""

    id: str
    object: Annotated[str, Says(one_of=("campaign",))]
    offer: str
    version: int
    population: CampaignPopulationShape
    test_clock: str | None
    effect_on: DayText
    notice_days: int
    keep_commitment: bool
    reason: str
    status: Annotated[str, Says(one_of=tuple(Campaign.Status.values))]
    counts: CampaignCountsShape
    currency: str
    foreseen_yearly_before: int
    foreseen_yearly_after: int
    begun_by: str
    cancelled_by: str
    created_at: InstantText
    settled_at: InstantText | None


class CampaignMemberShape(TypedDict):
    """One subscription of a campaign: what a period costs before and after, tax included; `skipped` says why by `code`
    and `detail`, `left` ended or chose another offer before its day."""

    id: str
    object: Annotated[str, Says(one_of=("campaign_member",))]
    subscription: str
    state: Annotated[str, Says(one_of=STATES)]
    due_on: DayText | None
    amount_before: int | None
    amount_after: int | None
    code: str
    detail: str


def with_state(rows: QuerySet[CampaignMember]) -> QuerySet[Any]:
    """Members with `state`: what their wish became, where they have one."""
    gone = When(status="scheduled", subscription__status="ended", wish__status="waiting", then=Value("left"))
    waits = When(status="scheduled", wish__status="waiting", then=Value("scheduled"))
    done = When(status="scheduled", wish__status="done", then=Value("moved"))
    other = When(status="scheduled", then=Value("left"))
    return rows.annotate(state=Case(gone, waits, done, other, default=F("status"), output_field=CharField()))


def campaigns_shown(rows: Sequence[Campaign]) -> list[CampaignShape]:
    """Campaigns in order, which come with their version: one query more, however many."""
    counts: dict[UUID, dict[str, int]] = {row.pk: dict.fromkeys(STATES, 0) for row in rows}
    members = with_state(CampaignMember.objects.filter(campaign_id__in=counts)).values("campaign_id", "state")
    for one in members.annotate(n=Count("id")):
        counts[one["campaign_id"]][one["state"]] = one["n"]
    return [_campaign(row, counts[row.pk]) for row in rows]


def _campaign(row: Campaign, counts: dict[str, int]) -> CampaignShape:
    asked: dict[str, Any] = row.population
    return {
        "id": row.public_id,
        "object": "campaign",
        "offer": show("off", row.offer_id),
        "version": row.to_version.number,
        "population": {
            "versions": asked["versions"],
            "sites": [show("sit", UUID(id_)) for id_ in asked["sites"]],
            "subscribed_from": asked["subscribed_from"],
            "subscribed_before": asked["subscribed_before"],
        },
        "test_clock": show("tc", row.test_clock_id) if row.test_clock_id else None,
        "effect_on": row.effect_on.isoformat(),
        "notice_days": row.notice_days,
        "keep_commitment": row.keep_commitment,
        "reason": row.reason,
        "status": row.status,
        "counts": {
            "waiting": counts["waiting"],
            "scheduled": counts["scheduled"],
            "moved": counts["moved"],
            "left": counts["left"],
            "skipped": counts["skipped"],
        },
        "currency": row.to_version.currency,
        "foreseen_yearly_before": row.foreseen["yearly_before"],
        "foreseen_yearly_after": row.foreseen["yearly_after"],
        "begun_by": row.begun_by,
        "cancelled_by": row.cancelled_by,
        "created_at": instant_text(row.created_at),
        "settled_at": instant_text(row.settled_at) if row.settled_at else None,
    }


def members_shown(rows: Sequence[Any]) -> list[CampaignMemberShape]:
    """Members (`with_state`) in order, without a query."""
    return [
        {
            "id": row.public_id,
            "object": "campaign_member",
            "subscription": show("sub", row.subscription_id),
            "state": row.state,
            "due_on": on(row.due_on),
            "amount_before": row.before,
            "amount_after": row.after,
            "code": row.code,
            "detail": row.detail,
        }
        for row in rows
    ]
