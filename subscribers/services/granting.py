"""Grants of a subscription: opened with its stage and options, closed when those end; told in the history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from merchants.actors import Actor
from merchants.models import Feature
from merchants.now import Now
from subscribers import history
from subscribers.models import Grant, Subscription
from subscribers.snapshots import GrantSnapshot, OptionSnapshot, StageSnapshot


def open_stage(
    subscription: Subscription, stage: StageSnapshot, *, at: datetime, actor: Actor, now: Now
) -> list[Grant]:
    """What a stage opens, from an instant on."""
    return _open(subscription, stage.features, Grant.Source.OFFER, None, at=at, actor=actor, now=now)


def open_options(
    subscription: Subscription, options: Sequence[OptionSnapshot], *, at: datetime, actor: Actor, now: Now
) -> list[Grant]:
    """What options open, from an instant on. Each option's `id` is that of the subscription's option."""
    return [
        grant
        for option in options
        for grant in _open(
            subscription,
            option.grants,
            Grant.Source.GESTURE if option.complimentary else Grant.Source.OPTION,
            UUID(option.id),
            at=at,
            actor=actor,
            now=now,
        )
    ]


def _open(
    subscription: Subscription,
    features: Iterable[GrantSnapshot],
    source: Grant.Source,
    option_id: UUID | None,
    *,
    at: datetime,
    actor: Actor,
    now: Now,
) -> list[Grant]:
    features = list(features)
    if not features:
        return []
    ids = dict(
        Feature.objects.filter(reference__in=[grant.feature for grant in features]).values_list("reference", "id")
    )
    grants = [
        Grant(
            subscriber_id=subscription.subscriber_id,
            subscription=subscription,
            subscription_option_id=option_id,
            feature_id=ids[grant.feature],
            source=source,
            quota=grant.quota,
            adds=grant.adds,
            level=grant.level or "",
            starts_at=at,
            created_at=now.at,
        )
        for grant in features
    ]
    history.create_all(grants, actor=actor, now=now, verb="opened", effective_at=at)
    return grants


def close(grants: Iterable[Grant], *, at: datetime, actor: Actor, now: Now, reason: str = "") -> None:
    """End grants at an instant."""
    for grant in grants:
        ends_at = max(at, grant.starts_at)
        history.update(
            grant, {"ends_at": ends_at}, actor=actor, now=now, verb="closed", reason=reason, effective_at=ends_at
        )
