"""What the API answers about rights, uses and access, as types; and what was found in that form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, TypedDict
from uuid import UUID

from merchants.ids import show
from merchants.models import Feature
from merchants.selectors.shapes import DayText, InstantText, Says, Texts, day_text, instant_text
from subscribers.models import (
    Consumption,
    Subscriber,
    Subscription,
)
from subscribers.rights import LiveGrant, Right
from subscribers.selectors.rights import AccessOf

VerdictText = Annotated[str, Says(one_of=("full", "grace", "restricted", "none"))]


class SourceShape(TypedDict):
    """Where a right comes from, and what of it. `until` is the first day without it."""

    kind: Annotated[str, Says(one_of=("offer", "option", "gesture", "override"))]
    title: Texts
    subscription: str | None
    option: str | None
    level: str | None
    quota: int | None
    adds: bool
    until: DayText | None


class FeatureRightShape(TypedDict):
    """The answer on one feature. `quota` is null where there is no limit (`unlimited`). `rank` is the level's place in
    its list, from 0. `until` is the first day on which the answer may be less. Of a quota that is on: `used` since
    `period_start`, what is left (null without limit), and the day on which it begins anew."""

    object: Annotated[str, Says(one_of=("feature_right",))]
    feature: str
    reference: str
    kind: Annotated[str, Says(one_of=("switch", "quota", "level", "metered"))]
    on: bool
    level: str | None
    rank: int | None
    quota: int | None
    unlimited: bool
    used: int | None
    remaining: int | None
    period_start: DayText | None
    resets_on: DayText | None
    until: DayText | None
    sources: list[SourceShape]


class ConsumptionShape(TypedDict):
    """One use of a quota; or, where `undoes` names one, the entry that took it back, its quantity below zero. `quota`,
    `used` and `remaining` are those of the period as they stood with it, and stay so."""

    id: str
    object: Annotated[str, Says(one_of=("consumption",))]
    subscriber: str
    feature: str
    reference: str
    subscription: str | None
    key: str
    quantity: int
    undoes: str | None
    quota: int | None
    unlimited: bool
    used: int
    remaining: int | None
    period_start: DayText
    resets_on: DayText
    used_on: DayText
    recorded_at: InstantText
    undone_at: InstantText | None
    channel: str
    by: str
    reason: str


class FeatureRightsShape(TypedDict):
    """Every feature that the subscriber has."""

    data: list[FeatureRightShape]
    has_more: bool
    next_cursor: str | None


class SubscriptionAccessShape(TypedDict):
    """The verdict of one subscription."""

    subscription: str
    offer: str
    status: str
    payment_state: str
    access: VerdictText
    why: str
    until: DayText | None


class AccessShape(TypedDict):
    """The one verdict that a site needs, the best among the subscriptions. `until`: the first day without it."""

    object: Annotated[str, Says(one_of=("access",))]
    subscriber: str
    access: VerdictText
    why: str
    until: DayText | None
    subscriptions: list[SubscriptionAccessShape]


def right_shown(feature: Feature, right: Right | None) -> FeatureRightShape:
    """The answer on one feature; without a right it is off."""
    period = right.period if right and right.used is not None else None
    return {
        "object": "feature_right",
        "feature": feature.public_id,
        "reference": feature.reference,
        "kind": feature.kind,
        "on": right.on if right else False,
        "level": right.level if right else None,
        "rank": right.rank if right else None,
        "quota": right.quota if right else None,
        "unlimited": right.unlimited if right else False,
        "used": right.used if right else None,
        "remaining": right.remaining if right else None,
        "period_start": day_text(period.start) if period else None,
        "resets_on": day_text(period.end) if period else None,
        "until": day_text(right.until) if right else None,
        "sources": [_source_shown(grant) for grant in right.sources] if right else [],
    }


def _source_shown(live: LiveGrant) -> SourceShape:
    source = live.source
    option = source.id if source.id and source.subscription and source.id != source.subscription else None
    return {
        "kind": source.kind.value,
        "title": dict(source.title),
        "subscription": show("sub", UUID(source.subscription)) if source.subscription else None,
        "option": show("sop", UUID(option)) if option else None,
        "level": live.grant.level,
        "quota": live.grant.quota,
        "adds": live.grant.adds,
        "until": day_text(live.until_on),
    }


def uses_shown(rows: Sequence[Consumption]) -> list[ConsumptionShape]:
    """Uses of quotas, with when they were taken back: one query, however many. They come with their feature and, where
    one takes another back, with that one."""
    undone = dict(Consumption.objects.filter(undoes__in=[row.pk for row in rows]).values_list("undoes_id", "at"))
    return [_use_shown(row, undone.get(row.pk)) for row in rows]


def _use_shown(row: Consumption, undone_at: datetime | None) -> ConsumptionShape:
    return {
        "id": row.public_id,
        "object": "consumption",
        "subscriber": show("cus", row.subscriber_id),
        "feature": row.feature.public_id,
        "reference": row.feature.reference,
        "subscription": show("sub", row.subscription_id) if row.subscription_id else None,
        "key": row.key,
        "quantity": row.quantity,
        "undoes": show("con", row.undoes_id) if row.undoes_id else None,
        "quota": row.quota,
        "unlimited": row.quota is None,
        "used": row.used,
        "remaining": None if row.quota is None else max(row.quota - row.used, 0),
        "period_start": row.period_start.isoformat(),
        "resets_on": row.period_end.isoformat(),
        "used_on": row.used_on.isoformat(),
        "recorded_at": instant_text(row.at),
        "undone_at": instant_text(undone_at) if undone_at else None,
        "channel": row.channel,
        "by": row.actor_label,
        "reason": row.reason,
    }


def rights_shown(rights: Mapping[str, Right], features: Iterable[Feature]) -> FeatureRightsShape:
    """All that a subscriber has, in the order of the catalogue."""
    return {
        "data": [right_shown(feature, rights[feature.reference]) for feature in features],
        "has_more": False,
        "next_cursor": None,
    }


def access_shown(subscriber: Subscriber, subscriptions: Sequence[Subscription], found: AccessOf) -> AccessShape:
    """The verdict, and each subscription's. They come with their offer version."""
    return {
        "object": "access",
        "subscriber": subscriber.public_id,
        "access": found.verdict.access.value,
        "why": found.verdict.why,
        "until": day_text(found.verdict.until),
        "subscriptions": [
            {
                "subscription": row.public_id,
                "offer": show("off", row.offer_version.offer_id),
                "status": row.status,
                "payment_state": row.payment_state,
                "access": found.by_subscription[row.pk].access.value,
                "why": found.by_subscription[row.pk].why,
                "until": day_text(found.by_subscription[row.pk].until),
            }
            for row in subscriptions
        ],
    }
