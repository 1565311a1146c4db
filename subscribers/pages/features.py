"""The features of a subscriber in words: what they have of each, where it comes from, until when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from merchants.languages import said_in
from merchants.templatetags.statuses import SOURCE_ICONS, WORDS
from merchants.templatetags.texts import number
from subscribers.rights import LiveGrant, Right
from subscribers.selectors.lives import Life


def feature_rows(life: Life, language: str) -> list[dict[str, Any]]:
    """One row a feature, in the order of the catalogue."""
    rows = []
    for reference, feature in life.features.items():
        right = life.rights[reference]
        rows.append(
            {
                "title": said_in(feature.title, language) or reference,
                "value": value_of(right),
                "position": None if right.rank is None else right.rank + 1,
                "of": len(feature.levels),
                "sources": list(_sources(right, language)),
                "last_day": right.until - timedelta(days=1) if right.until else None,
            }
        )
    return rows


def value_of(right: Right) -> str:
    """What one has of a feature: a level, a number, without limit, yes or no."""
    if not right.on:
        return _("no")
    if right.level:
        return right.level
    if right.unlimited:
        return _("without limit")
    return number(right.quota) if right.quota is not None else _("yes")


def _sources(right: Right, language: str) -> Iterator[dict[str, str]]:
    several = len(right.sources) > 1
    for live in right.sources:
        kind = live.source.kind.value
        title = said_in(live.source.title, language)
        what = f"{WORDS['source'][kind]} {title}".strip()
        part = _part(live) if several else ""
        words = _("%(part)s from %(what)s") % {"part": part, "what": what} if part else what
        yield {"icon": SOURCE_ICONS[kind], "words": words}


def _part(live: LiveGrant) -> str:
    return number(live.grant.quota) if live.grant.quota is not None else ""
