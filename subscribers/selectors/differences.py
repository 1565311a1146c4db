"""A comparison of two moments as the API answers it."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from merchants.ids import show
from merchants.selectors.shapes import InstantText, Says, instant_text
from subscribers.selectors.compared import Compared, Differs, Subject
from subscribers.selectors.history_answers import ChangeShape, change_shown, patch_shown, subject_shown


class DifferenceShape(TypedDict):
    """One field before and after; null where there was none. `changes`: ids of what made it so, oldest first: the
    newest twenty, and how many `more` older ones `/changes` lists."""

    field: str
    before: Any
    after: Any
    changes: list[str]
    more: int


class DifferingShape(TypedDict):
    """One thing that is not as it was. Of what was added or removed, fields that say nothing are left out."""

    kind: str
    subject: str
    subscription: str | None
    what: Annotated[str, Says(one_of=("added", "changed", "removed"))]
    fields: list[DifferenceShape]


_Moments = TypedDict("_Moments", {"from": InstantText, "to": InstantText})


class DiffShape(_Moments):
    """What differs between two moments. `changes` are those that the fields name: who, through which channel, why."""

    object: Annotated[str, Says(one_of=("diff",))]
    known_at: InstantText | None
    differences: list[DifferingShape]
    changes: list[ChangeShape]


def diff_shown(found: Compared) -> DiffShape:
    """A comparison."""
    return {
        "object": "diff",
        "from": instant_text(found.span.since),
        "to": instant_text(found.span.until),
        "known_at": instant_text(found.span.known_at),
        "differences": [_differing(one) for one in found.subjects],
        "changes": [change_shown(row) for row in found.changes],
    }


def _differing(one: Subject) -> DifferingShape:
    return {
        "kind": one.kind,
        "subject": subject_shown(one.kind, one.id),
        "subscription": show("sub", one.subscription_id) if one.subscription_id else None,
        "what": one.what,
        "fields": [_difference(one.kind, each) for each in one.fields],
    }


def _difference(kind: str, each: Differs) -> DifferenceShape:
    ((name, before),) = patch_shown(kind, {each.column: each.before}).items()
    ((_, after),) = patch_shown(kind, {each.column: each.after}).items()
    return {
        "field": name,
        "before": before,
        "after": after,
        "changes": [row.public_id for row in each.changes],
        "more": each.more,
    }
