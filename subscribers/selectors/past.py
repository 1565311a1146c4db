"""What was true, and what we knew of it: a past state is the fold of changes (domain 23).

Two instants ask: `as_of`, on which the answer counts, and `known_at`, up to which things had been written down. A
change that was recorded late and back-dated is seen from its `known_at` on, for every `as_of` since its effect.

A state holds columns by name, as the history tells them. `revived` makes a row of it that is not stored, so that what
reads rows (shapes, verdicts, rights) reads the past alike. Bookkeeping columns have no past: they stand empty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from django.db import models

from subscribers.models import Change, Subscriber, Subscription
from subscribers.models.people import PERSONAL
from subscribers.selectors import personal

M = TypeVar("M", bound=models.Model)
DELETED = "deleted"
"""The verb after which there is no row any more."""


class Patch(Protocol):
    """What a fold needs of a change. `before` is empty on the change that created the row."""

    @property
    def id(self) -> UUID: ...
    @property
    def verb(self) -> str: ...
    @property
    def before(self) -> Mapping[str, Any]: ...
    @property
    def after(self) -> Mapping[str, Any]: ...
    @property
    def effective_at(self) -> datetime: ...
    @property
    def recorded_at(self) -> datetime: ...


def fold(changes: Iterable[Patch]) -> dict[str, Any] | None:
    """The columns of one subject after these changes, in the order (effective, recorded, id); None where it is not
    there: not created yet, or deleted.

    >>> from datetime import UTC
    >>> def change(day, verb, recorded=None, **after):
    ...     at, known = (datetime(2026, 5, d, tzinfo=UTC) for d in (day, recorded or day))
    ...     before = {} if verb == "created" else dict.fromkeys(after)
    ...     return Change(verb=verb, before=before, after=after, effective_at=at, recorded_at=known)
    >>> made, left = change(1, "created", site="Lyon", locale="fr"), change(9, "updated", site="Paris")
    >>> fold([left, made]), fold([left])
    ({'site': 'Paris', 'locale': 'fr'}, None)
    >>> fold([made, left, change(4, "updated", recorded=20, locale="en")])    # written on the 20th, true since the 4th
    {'site': 'Paris', 'locale': 'en'}
    """
    state: dict[str, Any] = {}
    exists = False
    for change in sorted(changes, key=lambda one: (one.effective_at, one.recorded_at, one.id)):
        if change.verb == DELETED:
            state, exists = {}, False
            continue
        state |= change.after
        exists = exists or not change.before
    return state if exists else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastState:
    """One subject as it was: its columns, personal values said, and when it was first written down."""

    kind: str
    id: UUID
    columns: Mapping[str, Any]
    created_at: datetime


def state_of(subject_id: UUID, *, as_of: datetime, known_at: datetime | None = None) -> PastState | None:
    """One subject as it was on `as_of`, as far as was known at `known_at` (None: as known today). None where it was
    not there. Two queries at most."""
    found = _states(Change.objects.filter(subject_id=subject_id), as_of=as_of, known_at=known_at)
    return found[0] if found else None


def life_at(subscriber_id: UUID, *, as_of: datetime, known_at: datetime | None = None) -> list[PastState]:
    """Everything of one subscriber's life as it was, oldest first: the subscriber, subscriptions, options, rights,
    methods. Two queries, however long the life."""
    return _states(Change.objects.filter(subscriber_id=subscriber_id), as_of=as_of, known_at=known_at)


def deal_at(subscription: Subscription, *, as_of: datetime, known_at: datetime | None = None) -> list[PastState]:
    """One subscription as it was with all that hung on it, oldest first: options, coupons, rights, wishes. Two queries.
    Empty where it was not there."""
    found = _states(changes_of_deal(subscription), as_of=as_of, known_at=known_at)
    return found if any(state.id == subscription.pk for state in found) else []


def changes_of_deal(subscription: Subscription) -> models.QuerySet[Change]:
    """All that was ever told of a subscription and of what hangs on it, by the index of its beneficiary's life."""
    return Change.objects.filter(subscriber_id=subscription.subscriber_id, subscription_id=subscription.pk)


def _states(changes: models.QuerySet[Change], *, as_of: datetime, known_at: datetime | None) -> list[PastState]:
    asked = changes.filter(effective_at__lte=as_of).order_by("id")
    if known_at is not None:
        asked = asked.filter(recorded_at__lte=known_at)
    return states_among(
        asked.only("subject_kind", "subject_id", "verb", "before", "after", "effective_at", "recorded_at")
    )


def states_among(changes: Iterable[Change]) -> list[PastState]:
    """What these changes, in the order of their ids, add up to: one state a subject that is there after them. One query
    for all personal values."""
    by_subject: dict[UUID, list[Change]] = defaultdict(list)
    for change in changes:
        by_subject[change.subject_id].append(change)
    folded = {subject: fold(rows) for subject, rows in by_subject.items()}
    texts = personal.known(folded.values())
    return [
        PastState(
            kind=by_subject[subject][0].subject_kind,
            id=subject,
            columns=personal.said(columns, texts),
            created_at=min(row.recorded_at for row in by_subject[subject] if not row.before),
        )
        for subject, columns in folded.items()
        if columns is not None
    ]


def revived(model: type[M], state: PastState) -> M:
    """A row with the columns of a past state, never to be saved. An erased personal value says `erased`."""
    values: dict[str, Any] = {"id": state.id}
    for field in model._meta.local_concrete_fields:
        if field.attname in state.columns:
            value = state.columns[field.attname]
            gone = model is Subscriber and field.attname in PERSONAL and value == personal.ERASED
            values[field.attname] = value if gone else field.to_python(value)
        elif field.name in ("created_at", "updated_at"):
            values[field.name] = state.created_at
    return model(**values)


def attach(rows: Sequence[models.Model], name: str, model: type[models.Model]) -> None:
    """Load what revived rows point to, together: one query."""
    found = model._default_manager.in_bulk({getattr(row, f"{name}_id") for row in rows})
    for row in rows:
        setattr(row, name, found[getattr(row, f"{name}_id")])


def row_at(row: M, *, as_of: datetime, known_at: datetime | None = None) -> M | None:
    """A stored row as it was: a copy that is not stored, or None where it was not there then. For `?as_of=` and
    `?known_at=` on an address that names the row."""
    state = state_of(row.pk, as_of=as_of, known_at=known_at)
    return None if state is None else revived(type(row), state)
