"""What a subscriber may use: the best of what live subscriptions, options and gestures grant (domain 17)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from subscribers.periods import Period
from subscribers.snapshots import FeatureKind, GrantSnapshot
from subscribers.taxes import Texts


class SourceKind(StrEnum):
    """Where a grant came from."""

    offer = "offer"
    option = "option"
    gesture = "gesture"
    override = "override"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a grant came from: its kind, its own id, the subscription it belongs to, and its title by locale."""

    kind: SourceKind
    id: str
    title: Texts
    subscription: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveGrant:
    """One grant within `[from_on, until_on)`, open where None. `period`: of a quota, the one that counts today by the
    calendar of its source (`subscribers.quotas`)."""

    grant: GrantSnapshot
    source: Source
    from_on: date | None = None
    until_on: date | None = None
    period: Period | None = None

    def lives(self, day: date) -> bool:
        """True where it holds that day."""
        return (self.from_on is None or self.from_on <= day) and (self.until_on is None or day < self.until_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """The answer on one feature. `until` is the first day on which the answer may be less; None: no end is known.

    `quota` is per period, None without limit (or where the feature is no quota, or off). `counted_by` is the grant in
    whose period its uses count, `used` how many have been in it; None where nobody asked, or the feature is no quota.
    """

    feature: str
    kind: FeatureKind
    on: bool
    quota: int | None = None
    unlimited: bool = False
    level: str | None = None
    rank: int | None = None
    sources: tuple[LiveGrant, ...] = ()
    until: date | None = None
    counted_by: LiveGrant | None = None
    used: int | None = None

    @property
    def period(self) -> Period | None:
        """The period in which its uses count today."""
        return self.counted_by.period if self.counted_by else None

    @property
    def remaining(self) -> int | None:
        """What is left of the period's quota: never below 0, though a quota that shrank may have been used beyond it.
        None where there is no limit, or no quota.

        >>> Right(feature="concerts", kind=FeatureKind.quota, on=True, quota=4, used=6).remaining
        0
        """
        if self.quota is None or self.used is None:
            return None
        return max(self.quota - self.used, 0)


def rights(grants: Iterable[LiveGrant], *, today: date) -> dict[str, Right]:
    """The best of the grants that live today, by feature reference, in the order first met."""
    by_feature: dict[str, list[LiveGrant]] = {}
    for grant in grants:
        if grant.lives(today):
            by_feature.setdefault(grant.grant.feature, []).append(grant)
    return {feature: best(live) for feature, live in by_feature.items()}


def best(live: Sequence[LiveGrant]) -> Right:
    """The best of one feature's live grants: on beats off, the higher level wins, the larger quota wins, and quotas add
    only where the grant says `adds`. Sources are those that the answer came from.

    >>> def listeners(quota, kind, adds=False):
    ...     grant = GrantSnapshot(feature="streams", kind=FeatureKind.quota, quota=quota, adds=adds)
    ...     return LiveGrant(grant=grant, source=Source(kind=kind, id=kind, title={}))
    >>> answer = best([listeners(2, SourceKind.offer), listeners(1, SourceKind.option, adds=True)])
    >>> answer.quota, [source.source.id for source in answer.sources]
    (3, [<SourceKind.offer: 'offer'>, <SourceKind.option: 'option'>])
    """
    kind = live[0].grant.kind
    feature = live[0].grant.feature
    on = [grant for grant in live if grant.grant.on]
    if not on:
        return Right(feature=feature, kind=kind, on=False, sources=tuple(live), until=_first_end(live))
    if kind is FeatureKind.level:
        rank = max(_rank(grant) for grant in on)
        top = [grant for grant in on if _rank(grant) == rank]
        return Right(
            feature=feature,
            kind=kind,
            on=True,
            level=top[0].grant.level,
            rank=top[0].grant.rank,
            sources=tuple(top),
            until=_last_end(top),
        )
    if kind is FeatureKind.quota:
        return _best_quota(feature, on)
    return Right(feature=feature, kind=kind, on=True, sources=tuple(on), until=_last_end(on))


def _best_quota(feature: str, on: Sequence[LiveGrant]) -> Right:
    unlimited = [grant for grant in on if grant.grant.quota is None]
    if unlimited:
        return Right(
            feature=feature,
            kind=FeatureKind.quota,
            on=True,
            unlimited=True,
            sources=tuple(unlimited),
            until=_last_end(unlimited),
            counted_by=_counting(on, unlimited),
        )
    adding = [grant for grant in on if grant.grant.adds]
    apart = [grant for grant in on if not grant.grant.adds]
    largest = max((grant.grant.quota or 0 for grant in apart), default=0)
    base = [grant for grant in apart if grant.grant.quota == largest]
    quota = largest + sum(grant.grant.quota or 0 for grant in adding)
    ends = [end for end in [*(g.until_on for g in adding), _last_end(base)] if end is not None]
    return Right(
        feature=feature,
        kind=FeatureKind.quota,
        on=quota > 0,
        quota=quota,
        sources=(*base, *adding),
        until=min(ends, default=None),
        counted_by=_counting(on, base),
    )


def _counting(on: Sequence[LiveGrant], base: Sequence[LiveGrant]) -> LiveGrant:
    """The grant in whose period a feature's uses count, however many sources give it (decision: quotas and periods).

    A subscription's calendar comes before that of a grant that stands alone; then the source of the largest quota
    before one that adds or is outdone; then the oldest subscription.
    """

    def order(live: LiveGrant) -> tuple[bool, bool, bool, str]:
        return (live.source.subscription is None, live not in base, live.grant.adds, live.source.subscription or "")

    return min(on, key=order)


def _rank(grant: LiveGrant) -> int:
    return -1 if grant.grant.rank is None else grant.grant.rank


def _last_end(grants: Sequence[LiveGrant]) -> date | None:
    """When the last of several equal grants ends: until then the answer stands."""
    if any(grant.until_on is None for grant in grants):
        return None
    return max((grant.until_on for grant in grants if grant.until_on is not None), default=None)


def _first_end(grants: Sequence[LiveGrant]) -> date | None:
    return min((grant.until_on for grant in grants if grant.until_on is not None), default=None)
