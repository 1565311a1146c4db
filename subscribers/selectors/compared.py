"""Two moments compared: every field that differs, before and after, and the changes that made it so (domain 23).

Both moments are folds of the same changes, seen with the same knowledge: those that count up to the first, and those
that count up to the second. What lies between is what made the difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models

from subscribers.models import Change, Subscriber, Subscription
from subscribers.selectors import past, personal
from subscribers.selectors.moments import NotThereThen, Span

MOST_CITED = 20
"""Of the changes that touched one field, the newest are cited; the history tells of all."""
EMPTY: tuple[Any, ...] = (None, "", {}, False)
"""What a field that says nothing holds: of what is new or gone, such fields are not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Differs:
    """One column before and after. `changes`: what made it so, oldest first; `more`: how many older ones there are."""

    column: str
    before: Any
    after: Any
    changes: Sequence[Change]
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One subject that is not as it was: `added`, `changed` or `removed`, with its columns at the end of the span (of
    what is gone, at its start)."""

    kind: str
    id: UUID
    subscription_id: UUID | None
    what: str
    columns: Mapping[str, Any]
    fields: Sequence[Differs] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What differs between two moments, and the changes cited, oldest first, their personal values said."""

    span: Span
    subjects: Sequence[Subject]
    changes: Sequence[Change]


def life_compared(subscriber: Subscriber, span: Span) -> Compared:
    """A whole life at two moments: the subscriber, subscriptions, options, rights, means of payment. Two queries.
    Raises NotThereThen where there was nobody at the second."""
    return _compared(subscriber, Change.objects.filter(subscriber_id=subscriber.pk), span)


def deal_compared(subscription: Subscription, span: Span) -> Compared:
    """A subscription at two moments, with what hangs on it. Two queries. Raises NotThereThen as above."""
    return _compared(subscription, past.changes_of_deal(subscription), span)


def _compared(row: Subscriber | Subscription, changes: models.QuerySet[Change], span: Span) -> Compared:
    asked = changes.filter(effective_at__lte=span.until)
    if span.known_at is not None:
        asked = asked.filter(recorded_at__lte=span.known_at)
    told: dict[UUID, list[Change]] = defaultdict(list)
    for change in asked.order_by("effective_at", "recorded_at", "id"):
        told[change.subject_id].append(change)
    two = {id_: _Two.of(of_one, span.since) for id_, of_one in told.items()}
    if row.pk not in two or two[row.pk].after is None:
        raise NotThereThen.of(row)
    moved = {id_: both for id_, both in two.items() if both.before != both.after}
    between = [change for both in moved.values() for change in both.between]
    texts = personal.known(
        [part for both in moved.values() for part in (both.before, both.after)]
        + [part for change in between for part in (change.before, change.after)]
    )
    subjects = [one for both in moved.values() if (one := _subject(both, texts)) is not None]
    cited = {change.pk: change for one in subjects for differs in one.fields for change in differs.changes}
    for change in cited.values():
        change.before, change.after = personal.said(change.before, texts), personal.said(change.after, texts)
    found = sorted(cited.values(), key=lambda one: (one.effective_at, one.recorded_at, one.pk))
    return Compared(span=span, subjects=subjects, changes=found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Two:
    """One subject's columns at both moments, None where it was not there, and the changes between."""

    first: Change
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    between: Sequence[Change]

    @classmethod
    def of(cls, changes: Sequence[Change], since: datetime) -> _Two:
        """From all its changes, in the order in which they count."""
        return cls(
            first=changes[0],
            before=past.fold(change for change in changes if change.effective_at <= since),
            after=past.fold(changes),
            between=[change for change in changes if change.effective_at > since],
        )


def _subject(both: _Two, texts: Mapping[str, Any]) -> Subject | None:
    """What differs of one subject; None where a value came and went again."""
    before, after = both.before or {}, both.after or {}
    what = "added" if both.before is None else "removed" if both.after is None else "changed"
    fields = []
    for column in dict.fromkeys([*before, *after]):
        was, now = (personal.said(state.get(column), texts) for state in (before, after))
        hidden = personal.ERASED in (was, now) and before.get(column) != after.get(column)
        if (was == now and not hidden) or (what != "changed" and was in EMPTY and now in EMPTY):
            continue
        made = [one for one in both.between if column in one.after or (what == "removed" and one.verb == past.DELETED)]
        cited = made[-MOST_CITED:]
        fields.append(Differs(column=column, before=was, after=now, changes=cited, more=len(made) - len(cited)))
    if not fields:
        return None
    return Subject(
        kind=both.first.subject_kind,
        id=both.first.subject_id,
        subscription_id=both.first.subscription_id,
        what=what,
        columns=personal.said(after if both.after is not None else before, texts),
        fields=fields,
    )
