"""A right set by hand: staff give somebody a feature, a level or a quota, saying why, perhaps until a day; and end it.

It stands beside what they bought: the best of all counts (domain 17), so it gives and never takes away. One at a time
of a feature: a new one takes the place of the old one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from merchants.actors import Actor
from merchants.ids import show
from merchants.models import Feature
from merchants.now import Now, local_midnight
from merchants.refusals import Conflict, FieldError, gettext_noop
from merchants.terms import fault, refuse_if
from subscribers import history
from subscribers.models import Grant
from subscribers.quotas import lone_period
from subscribers.rights import LiveGrant, Right, Source, SourceKind
from subscribers.selectors.pictures import grant_picture
from subscribers.selectors.right_answers import right_shown
from subscribers.selectors.rights import held, with_override
from subscribers.services import belonging, facts

TOLD = ("on", "level", "rank", "quota", "unlimited", "until")
"""What of a right an event says to have changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What is given by hand. A quota is `quota` or `unlimited`, a level is one of its feature's. `until_on` is the
    first day without it; None: until somebody ends it."""

    quota: int | None = None
    unlimited: bool = False
    level: str | None = None
    until_on: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What they could do with the feature before, and can after."""

    before: Right | None
    after: Right | None


def faults_of(override: Override, feature: Feature, today: date) -> list[FieldError]:
    """What is wrong with an override of that feature."""
    found = []
    quota, level = feature.kind == Feature.Kind.QUOTA, feature.kind == Feature.Kind.LEVEL
    if not override.reason.strip():
        found.append(fault("reason", "reason_missing", gettext_noop("Say why: it is kept in the history.")))
    if quota and (override.quota is None) != override.unlimited:
        detail = gettext_noop("Give a quota, or say that there is no limit.")
        found.append(fault("quota", "quota_missing", detail))
    if override.quota is not None and override.quota < 1:
        found.append(
            fault("quota", "quota_too_small", gettext_noop("At least 1: what is given by hand takes nothing away."))
        )
    if not quota and (override.quota is not None or override.unlimited):
        found.append(fault("quota", "quota_not_expected", gettext_noop("Only a quota has one.")))
    if level and override.level not in feature.levels:
        detail = gettext_noop("One of: %(words)s.")
        found.append(fault("level", "level_unknown", detail, words=", ".join(feature.levels)))
    if not level and override.level is not None:
        found.append(fault("level", "level_not_expected", gettext_noop("Only a level has levels.")))
    if override.until_on is not None and override.until_on <= today:
        found.append(fault("until", "until_past", gettext_noop("A day to come: it is the first one without it.")))
    return found


def foresee(subscriber_id: UUID, feature: Feature, override: Override, *, now: Now) -> Moved:
    """What setting it would change. Nothing is written. Raises as `set_override` does."""
    _check(override, feature, now)
    return Moved(
        before=held(subscriber_id, now, feature_id=feature.pk).rights.get(feature.reference),
        after=with_override(subscriber_id, feature, _live(override, feature, now), now),
    )


def set_override(subscriber_id: UUID, feature: Feature, override: Override, *, actor: Actor, now: Now) -> Moved:
    """Give it, from now on, in the place of what was set by hand before; told in the history and as an event.

    Raises Invalid (the fields of `faults_of`) and Conflict (`feature_archived`, `feature_metered`,
    `subscriber_erased`).
    """
    belonging.lock_present([subscriber_id])
    moved = foresee(subscriber_id, feature, override, now=now)
    _close(_running(subscriber_id, feature, now), actor=actor, now=now, reason=override.reason)
    grant = Grant(
        subscriber_id=subscriber_id,
        feature=feature,
        source=Grant.Source.OVERRIDE,
        quota=override.quota,
        level=override.level or "",
        starts_at=now.at,
        ends_at=local_midnight(override.until_on, now.zone) if override.until_on else None,
        created_at=now.at,
    )
    history.create(grant, actor=actor, now=now, verb="set_by_hand", reason=override.reason)
    _tell(subscriber_id, feature, moved, actor=actor, now=now)
    return moved


def foresee_end(subscriber_id: UUID, feature: Feature, *, now: Now) -> Moved:
    """What ending it would leave. Raises Conflict (`nothing_set_by_hand`)."""
    if not _running(subscriber_id, feature, now):
        raise Conflict(
            gettext_noop("Nothing of this feature is set by hand for this subscriber."), code="nothing_set_by_hand"
        )
    return Moved(
        before=held(subscriber_id, now, feature_id=feature.pk).rights.get(feature.reference),
        after=with_override(subscriber_id, feature, None, now),
    )


def end_override(subscriber_id: UUID, feature: Feature, *, reason: str, actor: Actor, now: Now) -> Moved:
    """End what was set by hand, now. Raises Conflict (`nothing_set_by_hand`) and Invalid (`reason_missing`)."""
    belonging.lock([subscriber_id])
    if not reason.strip():
        refuse_if([fault("reason", "reason_missing", gettext_noop("Say why: it is kept in the history."))])
    moved = foresee_end(subscriber_id, feature, now=now)
    _close(_running(subscriber_id, feature, now), actor=actor, now=now, reason=reason)
    _tell(subscriber_id, feature, moved, actor=actor, now=now)
    return moved


def running_overrides(subscriber_id: UUID, now: Now) -> dict[UUID, Grant]:
    """What is set by hand now, by feature: one query."""
    rows = Grant.objects.filter(subscriber_id=subscriber_id, source=Grant.Source.OVERRIDE, starts_at__lte=now.at)
    return {row.feature_id: row for row in rows.order_by("id") if row.ends_at is None or row.ends_at > now.at}


def _check(override: Override, feature: Feature, now: Now) -> None:
    if feature.archived_at is not None:
        raise Conflict(gettext_noop("This feature was withdrawn: it is not given any more."), code="feature_archived")
    if feature.kind == Feature.Kind.METERED:
        detail = gettext_noop("What is metered is billed as it is used: it is not a right to be given.")
        raise Conflict(detail, code="feature_metered")
    refuse_if(faults_of(override, feature, now.today))


def _live(override: Override, feature: Feature, now: Now) -> LiveGrant:
    return LiveGrant(
        grant=grant_picture(feature, override.quota, override.level or ""),
        source=Source(kind=SourceKind.override, id="", title={}),
        until_on=override.until_on,
        period=lone_period(now.today, now.today) if feature.kind == Feature.Kind.QUOTA else None,
    )


def _running(subscriber_id: UUID, feature: Feature, now: Now) -> list[Grant]:
    found = running_overrides(subscriber_id, now).get(feature.pk)
    return [found] if found else []


def _close(grants: list[Grant], *, actor: Actor, now: Now, reason: str) -> None:
    for grant in grants:
        history.update(grant, {"ends_at": now.at}, actor=actor, now=now, verb="hand_taken_back", reason=reason)


def _tell(subscriber_id: UUID, feature: Feature, moved: Moved, *, actor: Actor, now: Now) -> None:
    """`subscriber.feature_changed`, where something did: what is set by hand below what they have changes nothing."""
    before: Any = right_shown(feature, moved.before)
    after: Any = right_shown(feature, moved.after)
    previous = {name: before[name] for name in TOLD if before[name] != after[name]}
    if not previous:
        return
    shown = {name: after[name] for name in ("object", "feature", "reference", "kind", *TOLD)}
    data = {"object": {"subscriber": show("cus", subscriber_id), **shown}, "previous": previous}
    facts.tell(subscriber_id, ("subscriber.feature_changed", subscriber_id, data), actor=actor, now=now)
