"""The features of a subscriber in words: what they have of each, where it comes from, until when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from merchants.http.frame import Office
from merchants.languages import said_in
from merchants.models import Feature
from merchants.permissions import Permission
from merchants.templatetags.statuses import SOURCE_ICONS, WORDS
from merchants.templatetags.texts import number, short_date
from subscribers.rights import LiveGrant, Right, SourceKind
from subscribers.selectors.lives import Life


def feature_rows(life: Life, language: str, office: Office | None = None) -> list[dict[str, Any]]:
    """One row a feature, in the order of the catalogue. With `office`: the present, with what its member may do."""
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
                "used": used_of(right, life.now.today),
                "uses_url": _uses_url(life, feature, right, office),
                "end_url": _end_url(life, feature, right, office),
            }
        )
    return rows


def used_of(right: Right, today: date) -> str:
    """How much of a quota is used, what is left of it and until when; empty where it is none."""
    if right.used is None or right.period is None:
        return ""
    if right.remaining is None:
        return _("%(used)s used since %(day)s") % {
            "used": number(right.used),
            "day": short_date(right.period.start, today),
        }
    words = {
        "used": number(right.used),
        "left": number(right.remaining),
        "day": short_date(right.period.last_day, today),
    }
    return _("%(used)s used, %(left)s left until %(day)s") % words


def _uses_url(life: Life, feature: Feature, right: Right, office: Office | None) -> str:
    if office is None or right.used is None:
        return ""
    return office.url("subscriber_feature_uses", subscriber=life.subscriber.public_id, feature=feature.public_id)


def _end_url(life: Life, feature: Feature, right: Right, office: Office | None) -> str:
    """Where what is set by hand is ended: for who may, where it counts."""
    by_hand = any(live.source.kind is SourceKind.override for live in right.sources)
    if office is None or not by_hand or not office.may(Permission.give_gestures):
        return ""
    return office.url("subscriber_feature_end", subscriber=life.subscriber.public_id, feature=feature.public_id)


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
        said = _("%(part)s from %(what)s") if title else _("%(what)s: %(part)s")
        words = said % {"part": part, "what": what} if part else what
        yield {"icon": SOURCE_ICONS[kind], "words": words}


def _part(live: LiveGrant) -> str:
    return number(live.grant.quota) if live.grant.quota is not None else ""
