"""What a batch of renewals opens and closes: rights of stages that give way, of options that end, of ended lives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.engine.lives import Taken
from billing.engine.step import StepKind
from billing.flows.renew_rows import Life, effective
from merchants.actors import Actor
from merchants.models import Feature
from merchants.now import Now
from merchants.tenancy import bulk
from subscribers import history
from subscribers.history import Entry
from subscribers.models import Grant
from subscribers.snapshots import GrantSnapshot, OptionSnapshot


@dataclass(frozen=True, slots=True)
class _Opens:
    """Features that open at an instant, from the offer or from one option."""

    life: Life
    features: tuple[GrantSnapshot, ...]
    at: datetime
    source: Grant.Source
    option_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class _Closes:
    """What closes at an instant: all rights of a subscription, its offer's, or those of one option."""

    life: Life
    at: datetime
    every: bool = False
    option_id: UUID | None = None

    def covers(self, grant: Grant) -> bool:
        """Whether a live right of that subscription is meant."""
        if self.every:
            return True
        return grant.subscription_option_id == self.option_id if self.option_id else grant.source == Grant.Source.OFFER


def write(lives: Sequence[Life], *, actor: Actor, now: Now) -> None:
    """Close and open in the order in which it was lived, then write: one statement each. A stage that opens what the
    one before opened changes nothing; what a late run opens and leaves again is closed with the rest."""
    acts: list[_Closes | _Opens] = []
    for life in lives:
        for one in life.taken:
            _of_step(life, one, effective(one, now), acts)
    held = _held(acts)
    features = _features(acts)
    known = {grant.pk for grants in held.values() for grant in grants}
    new: list[Grant] = []
    entries: list[Entry] = []
    closed: dict[UUID, datetime] = {}
    for act in acts:
        grants = held.setdefault(act.life.row.pk, [])
        if isinstance(act, _Opens):
            opened = [_grant(act, feature, features[feature.feature], now) for feature in act.features]
            grants += opened
            new += opened
            entries += [
                Entry(row=row, verb="opened", columns=history.columns_of(row), effective_at=row.starts_at)
                for row in opened
            ]
            continue
        for grant in grants:
            if grant.ends_at is not None or not act.covers(grant):
                continue
            grant.ends_at = max(act.at, grant.starts_at)
            if grant.pk in known:
                closed[grant.pk] = grant.ends_at
            ended = {"ends_at": grant.ends_at}
            entries.append(
                Entry(row=grant, verb="closed", columns=ended, before={"ends_at": None}, effective_at=grant.ends_at)
            )
    bulk.update(Grant, ["ends_at"], list(closed.items()))
    bulk.insert(new)
    history.write_all(entries, actor=actor, now=now)


def _of_step(life: Life, one: Taken, at: datetime, acts: list[_Closes | _Opens]) -> None:
    if one.step.kind is StepKind.end:
        acts.append(_Closes(life, at, every=True))
        return
    begins = one.step.kind is StepKind.activate
    had = () if begins else one.before.stage.features
    if had != one.after.stage.features:
        if had:
            acts.append(_Closes(life, at))
        acts.append(_Opens(life, one.after.stage.features, at, Grant.Source.OFFER))
    for option_id in one.step.ended_options:
        acts.append(_Closes(life, at, option_id=UUID(option_id)))
    known = {} if begins else {option.id: option.grants for option in one.before.options}
    for option in one.after.options:
        if known.get(option.id) == option.grants:
            continue
        if known.get(option.id):  # another quantity, of what adds
            acts.append(_Closes(life, at, option_id=UUID(option.id)))
        acts.append(_Opens(life, option.grants, at, _source(option), UUID(option.id)))


def _source(option: OptionSnapshot) -> Grant.Source:
    return Grant.Source.GESTURE if option.complimentary else Grant.Source.OPTION


def _held(acts: Sequence[_Closes | _Opens]) -> dict[UUID, list[Grant]]:
    """The live rights of every subscription of which something closes: one query."""
    held: dict[UUID, list[Grant]] = {}
    wanted = {act.life.row.pk for act in acts if isinstance(act, _Closes)}
    if wanted:
        for grant in Grant.objects.filter(subscription_id__in=wanted, ends_at=None).order_by("id"):
            if grant.subscription_id is not None:
                held.setdefault(grant.subscription_id, []).append(grant)
    return held


def _features(acts: Sequence[_Closes | _Opens]) -> dict[str, UUID]:
    named = {feature.feature for act in acts if isinstance(act, _Opens) for feature in act.features}
    if not named:
        return {}
    return dict(Feature.objects.filter(reference__in=named).values_list("reference", "id"))


def _grant(act: _Opens, feature: GrantSnapshot, feature_id: UUID, now: Now) -> Grant:
    return Grant(
        subscriber_id=act.life.row.subscriber_id,
        subscription_id=act.life.row.pk,
        subscription_option_id=act.option_id,
        feature_id=feature_id,
        source=act.source,
        quota=feature.quota,
        adds=feature.adds,
        level=feature.level or "",
        starts_at=act.at,
        created_at=now.at,
    )
