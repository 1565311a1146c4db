"""Make a feature, rename it, add levels, withdraw it. Its kind never changes: rights were granted in its terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from merchants.actors import Actor
from merchants.journal import record
from merchants.models import Feature
from merchants.now import Now
from merchants.refusals import FieldError, gettext_noop
from merchants.selectors.features import show_features
from merchants.services.violations import refusing
from merchants.terms import fault, refuse_if

MOST_LEVELS, LEVEL_LENGTH = 20, 60


def feature_faults(
    *, kind: str, title: Mapping[str, str], levels: Sequence[str], aggregation: str = ""
) -> list[FieldError]:
    """What is wrong with a feature: a level has two or more levels, from low to high, and nothing else has any; what is
    metered says how its records add up.

    >>> [error.code for error in feature_faults(kind="level", title={"en": "Sound"}, levels=["hifi"])]
    ['levels_out_of_range']
    """
    found = []
    if kind not in Feature.Kind.values:
        found.append(
            fault("kind", "invalid_choice", gettext_noop("One of: %(words)s."), words=", ".join(Feature.Kind.values))
        )
    if not any(text.strip() for text in title.values()):
        found.append(fault("title", "required", gettext_noop("Give a title in at least one language.")))
    if kind == Feature.Kind.METERED and aggregation not in Feature.Aggregation.values:
        words = ", ".join(Feature.Aggregation.values)
        found.append(fault("aggregation", "invalid_choice", gettext_noop("One of: %(words)s."), words=words))
    if kind != Feature.Kind.METERED and aggregation:
        detail = gettext_noop("Only what is metered has an aggregation.")
        found.append(fault("aggregation", "aggregation_not_expected", detail))
    if kind != Feature.Kind.LEVEL and levels:
        found.append(fault("levels", "levels_not_expected", gettext_noop("Only a level has levels.")))
    if kind == Feature.Kind.LEVEL and not 2 <= len(levels) <= MOST_LEVELS:
        detail = gettext_noop("Give 2 to %(most)s levels, from low to high.")
        found.append(fault("levels", "levels_out_of_range", detail, most=MOST_LEVELS))
    for place, level in enumerate(levels[:MOST_LEVELS]):
        if not 1 <= len(level) <= LEVEL_LENGTH or level != level.strip():
            detail = gettext_noop("A level has 1 to %(most)s characters.")
            found.append(fault(f"levels[{place}]", "level_malformed", detail, most=LEVEL_LENGTH))
        if level in levels[:place]:
            found.append(fault(f"levels[{place}]", "listed_twice", gettext_noop("This stands in the list already.")))
    return found


def create_feature(
    *,
    reference: str,
    kind: str,
    title: Mapping[str, str],
    actor: Actor,
    now: Now,
    levels: Sequence[str] = (),
    aggregation: str = "",
    metadata: Mapping[str, str] | None = None,
) -> Feature:
    """A feature. Raises Invalid, and Conflict (`reference_taken`)."""
    refuse_if(feature_faults(kind=kind, title=title, levels=levels, aggregation=aggregation))
    with refusing():
        feature: Feature = Feature.objects.create(
            reference=reference,
            kind=kind,
            title=dict(title),
            levels=list(levels),
            aggregation=aggregation,
            metadata=dict(metadata or {}),
            created_at=now.at,
        )
    _tell("feature.created", feature, actor, now)
    return feature


def update_feature(
    feature: Feature,
    *,
    actor: Actor,
    now: Now,
    title: Mapping[str, str] | None = None,
    levels: Sequence[str] | None = None,
    archived: bool | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Feature:
    """None leaves a thing as it is. Levels that exist stay, in their order: rights name them. Raises Invalid."""
    feature = Feature.objects.select_for_update().get(pk=feature.pk)
    before = (feature.title, feature.levels, feature.archived_at, feature.metadata)
    if title is not None:
        feature.title = dict(title)
    if levels is not None:
        if [level for level in levels if level in feature.levels] != feature.levels:
            detail = gettext_noop("Levels that exist stay, in their order; new ones may stand between them.")
            refuse_if([fault("levels", "levels_stay", detail)])
        feature.levels = list(levels)
    if metadata is not None:
        feature.metadata = dict(metadata)
    if archived is not None and archived != (feature.archived_at is not None):
        feature.archived_at = now.at if archived else None
    said = {"kind": feature.kind, "title": feature.title, "levels": feature.levels, "aggregation": feature.aggregation}
    refuse_if(feature_faults(**said))
    if (feature.title, feature.levels, feature.archived_at, feature.metadata) != before:
        feature.save(update_fields=["title", "levels", "archived_at", "metadata"])
        _tell("feature.updated", feature, actor, now)
    return feature


def _tell(kind: str, feature: Feature, actor: Actor, now: Now) -> None:
    record(kind=kind, object_id=feature.pk, data={"object": show_features([feature])[0]}, actor=actor, now=now)
