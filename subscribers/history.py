"""Writing the history: a row and the Change that tells it, in one transaction. The database refuses one alone.

A change holds a field patch: the columns that changed, before and after. Personal values stand in it as
`{"personal": id}` of a PersonalValue row, the only kind of row that erasure deletes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import models

from merchants.actors import Actor
from merchants.now import Now
from merchants.tenancy import bulk
from merchants.tracing import request_id
from subscribers.models import (
    Change,
    Gesture,
    Grant,
    Mandate,
    PaymentMethod,
    PersonalValue,
    ScheduledChange,
    Subscriber,
    Subscription,
    SubscriptionCoupon,
    SubscriptionOption,
)
from subscribers.models.people import PERSONAL, kept_text
from subscribers.models.subscriptions import BOOKKEEPING

SECRET = ("iban", "holder", "tries", "next_try_at")
"""Of a mandate: an account and its owner stand nowhere but in their row, from which erasure takes them."""
KINDS: dict[type[models.Model], str] = {
    Subscriber: "subscriber",
    Subscription: "subscription",
    SubscriptionOption: "option",
    SubscriptionCoupon: "coupon",
    Grant: "grant",
    PaymentMethod: "payment_method",
    Mandate: "mandate",
    ScheduledChange: "scheduled_change",
    Gesture: "gesture",
}
UNTOLD = {
    "id",
    "merchant_id",
    "created_at",
    "updated_at",
    "search",
    "provider_customers",
    "event_sequence",
    *BOOKKEEPING,
    *SECRET,
}
"""Columns that carry no fact: the guard passes over them too."""


def told(value: Any) -> Any:
    """A column's value as a patch says it.

    >>> told(date(2026, 1, 31)), told(Decimal("5.5")), told(None)
    ('2026-01-31', '5.5', None)
    """
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    return value


@dataclass(kw_only=True)
class Entry:
    """One change about to be written. `columns` are the new values by column; `before` the old ones."""

    row: models.Model
    verb: str
    columns: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    effective_at: datetime | None = None


def columns_of(row: models.Model) -> dict[str, Any]:
    """Every column that the history tells, with its value."""
    return {f.attname: getattr(row, f.attname) for f in row._meta.local_concrete_fields if f.attname not in UNTOLD}


def create(
    row: models.Model,
    *,
    actor: Actor,
    now: Now,
    verb: str = "created",
    reason: str = "",
    effective_at: datetime | None = None,
) -> None:
    """Insert a new row of a life, and tell it."""
    create_all([row], actor=actor, now=now, verb=verb, reason=reason, effective_at=effective_at)


def create_all(
    rows: Iterable[models.Model],
    *,
    actor: Actor,
    now: Now,
    verb: str = "created",
    reason: str = "",
    effective_at: datetime | None = None,
) -> None:
    """Insert new rows of one kind in one statement, and tell each."""
    rows = list(rows)
    if not rows:
        return
    bulk.insert(rows)
    write_all(
        [Entry(row=r, verb=verb, columns=columns_of(r), reason=reason, effective_at=effective_at) for r in rows],
        actor=actor,
        now=now,
    )


def update(
    row: models.Model,
    columns: Mapping[str, Any],
    *,
    actor: Actor,
    now: Now,
    verb: str,
    reason: str = "",
    effective_at: datetime | None = None,
) -> bool:
    """Change a row's columns and tell what really changed; False, and nothing written, where nothing did.

    Bookkeeping columns may be among them: they are stored and not told. The caller holds the row's lock.
    """
    changed = {name: value for name, value in columns.items() if getattr(row, name) != value}
    if not changed:
        return False
    before = {name: getattr(row, name) for name in changed}
    for name, value in changed.items():
        setattr(row, name, value)
    stored = set(changed)
    if hasattr(row, "updated_at"):
        row.updated_at = now.at
        stored.add("updated_at")
    row.save(update_fields=stored)
    facts = {name: value for name, value in changed.items() if name not in UNTOLD}
    if facts:
        entry = Entry(row=row, verb=verb, columns=facts, before=before, reason=reason, effective_at=effective_at)
        write_all([entry], actor=actor, now=now)
    return True


def write_all(entries: Iterable[Entry], *, actor: Actor, now: Now) -> list[Change]:
    """Write changes in two statements at most: new personal values, then the changes themselves."""
    entries = list(entries)
    people = {entry.row.pk for entry in entries if isinstance(entry.row, Subscriber) and entry.before}
    old = _personal_now(people)
    values: list[PersonalValue] = []
    changes = [_change(entry, old, values, actor=actor, now=now) for entry in entries]
    bulk.insert(values)
    bulk.insert(changes)
    return changes


def _change(
    entry: Entry, old: Mapping[tuple[UUID, str], UUID], values: list[PersonalValue], *, actor: Actor, now: Now
) -> Change:
    row = entry.row
    before = {name: told(entry.before.get(name)) for name in entry.columns if name not in UNTOLD}
    after = {name: told(value) for name, value in entry.columns.items() if name not in UNTOLD}
    if isinstance(row, Subscriber):
        for name in set(PERSONAL) & set(after):
            if before[name]:
                before[name] = {"personal": str(old[row.pk, name])} if (row.pk, name) in old else {"personal": None}
            if after[name]:
                value = PersonalValue(subscriber_id=row.pk, field=name, value=kept_text(after[name]), created_at=now.at)
                values.append(value)
                after[name] = {"personal": str(value.pk)}
    return bulk.lean(
        Change,
        subject_kind=KINDS[type(row)],
        subject_id=row.pk,
        subscriber_id=_life_of(row),
        subscription_id=row.pk if isinstance(row, Subscription) else getattr(row, "subscription_id", None),
        verb=entry.verb,
        before=before if entry.before else {},
        after=after,
        effective_at=entry.effective_at or now.at,
        recorded_at=now.at,
        actor_kind=actor.kind.value,
        actor_id=actor.id[:64],
        actor_label=actor.label[:120],
        channel=actor.channel.value,
        reason=entry.reason[:400],
        request_id=request_id.get(),
    )


def _life_of(row: models.Model) -> UUID:
    """Whose life a row belongs to: its beneficiary."""
    if isinstance(row, Subscriber):
        return row.id
    if isinstance(row, SubscriptionOption | SubscriptionCoupon | ScheduledChange):
        beneficiary: UUID = row.subscription.subscriber_id
        return beneficiary
    assert isinstance(
        row, Subscription | Grant | PaymentMethod | Mandate | Gesture
    )  # every other kind names its subscriber
    return row.subscriber_id


def _personal_now(people: set[UUID]) -> dict[tuple[UUID, str], UUID]:
    """The newest PersonalValue of each field of these subscribers."""
    if not people:
        return {}
    rows = (
        PersonalValue.objects.filter(subscriber_id__in=people).order_by("id").values_list("subscriber", "field", "id")
    )
    return {(subscriber, name): id_ for subscriber, name, id_ in rows}
