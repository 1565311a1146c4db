"""What a batch of renewals opens and closes: rights of stages that give way, of options that end, of ended lives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.engine.decide import StepKind
from billing.engine.lives import Taken
from billing.flows.renew_rows import Life, effective
from merchants.actors import Actor
from merchants.models import Feature
from merchants.now import Now
from merchants.tenancy import bulk
from subscribers import history
from subscribers.history import Entry
from subscribers.models import Grant
from subscribers.snapshots import GrantSnapshot, OptionSnapshot

_NOBODY = UUID(int=0)


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
    """Close, then open, in one statement each. A stage that opens what the one before opened changes nothing."""
    closes: list[_Closes] = []
    opens: list[_Opens] = []
    for life in lives:
        for one in life.taken:
            _of_step(life, one, effective(one, now), closes, opens)
    entries = [*_close(closes, now), *_open(opens, now)]
    history.write_all(entries, actor=actor, now=now)


def _of_step(life: Life, one: Taken, at: datetime, closes: list[_Closes], opens: list[_Opens]) -> None:
    if one.step.kind is StepKind.end:
        closes.append(_Closes(life, at, every=True))
        return
    begins = one.step.kind is StepKind.activate
    had = () if begins else one.before.stage.features
    if had != one.after.stage.features:
        if had:
            closes.append(_Closes(life, at))
        opens.append(_Opens(life, one.after.stage.features, at, Grant.Source.OFFER))
    for option_id in one.step.ended_options:
        closes.append(_Closes(life, at, option_id=UUID(option_id)))
    known = set() if begins else {option.id for option in one.before.options}
    for option in one.after.options:
        if option.id not in known:
            opens.append(_Opens(life, option.features, at, _source(option), UUID(option.id)))


def _source(option: OptionSnapshot) -> Grant.Source:
    return Grant.Source.GESTURE if option.complimentary else Grant.Source.OPTION


def _close(closes: Sequence[_Closes], now: Now) -> Iterable[Entry]:
    if not closes:
        return []
    by_subscription: dict[UUID, list[_Closes]] = {}
    for one in closes:
        by_subscription.setdefault(one.life.row.pk, []).append(one)
    live = Grant.objects.filter(subscription_id__in=list(by_subscription), ends_at=None).order_by("id")
    entries, values = [], []
    for grant in live:
        meant = next(
            (one for one in by_subscription.get(grant.subscription_id or _NOBODY, ()) if one.covers(grant)), None
        )
        if meant is None:
            continue
        ends_at = max(meant.at, grant.starts_at)
        values.append((grant.pk, ends_at))
        entries.append(
            Entry(
                row=grant, verb="closed", columns={"ends_at": ends_at}, before={"ends_at": None}, effective_at=ends_at
            )
        )
    bulk.update(Grant, ["ends_at"], values)
    return entries


def _open(opens: Sequence[_Opens], now: Now) -> Iterable[Entry]:
    named = {feature.feature for one in opens for feature in one.features}
    if not named:
        return []
    ids = dict(Feature.objects.filter(reference__in=named).values_list("reference", "id"))
    grants = [
        Grant(
            subscriber_id=one.life.row.subscriber_id,
            subscription_id=one.life.row.pk,
            subscription_option_id=one.option_id,
            feature_id=ids[feature.feature],
            source=one.source,
            quota=feature.quota,
            adds=feature.adds,
            level=feature.level or "",
            starts_at=one.at,
            created_at=now.at,
        )
        for one in opens
        for feature in one.features
    ]
    bulk.insert(grants)
    return [
        Entry(row=grant, verb="opened", columns=history.columns_of(grant), effective_at=grant.starts_at)
        for grant in grants
    ]
