"""What the API answers about the history, as types; and changes and entries in that form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypedDict
from uuid import UUID

from django.db import models

from merchants.ids import PREFIXES, show
from merchants.models import Event
from merchants.selectors.shapes import InstantText, Says, instant_text
from merchants.tenancy.models import TenantForeignKey
from subscribers.models import (
    Change,
    Gesture,
    Grant,
    Mandate,
    PaymentMethod,
    ScheduledChange,
    Subscriber,
    Subscription,
    SubscriptionCoupon,
    SubscriptionOption,
)
from subscribers.selectors.timeline import KINDS, Entry

SUBJECTS: Mapping[str, type[models.Model]] = {
    "subscriber": Subscriber,
    "subscription": Subscription,
    "option": SubscriptionOption,
    "coupon": SubscriptionCoupon,
    "grant": Grant,
    "payment_method": PaymentMethod,
    "mandate": Mandate,
    "scheduled_change": ScheduledChange,
    "gesture": Gesture,
}
"""What the history tells of, by the kind of subject."""


_WITHOUT_PAGE = {"SubscriptionCoupon": "scp", "OptionVersion": "opv", "ProviderAccount": "acc"}
"""Prefixes of what has an id in the history and no address of its own."""


class ActorShape(TypedDict):
    """Who did it. Of an event only the name is known."""

    kind: str | None
    id: str | None
    label: str


class ChangeShape(TypedDict):
    """One entry of the history: a field patch. `effective_at` is when it counts, `recorded_at` when it was written."""

    id: str
    object: Annotated[str, Says(one_of=("change",))]
    kind: str
    subject: str
    verb: str
    subscriber: str
    subscription: str | None
    before: dict[str, Any]
    after: dict[str, Any]
    effective_at: InstantText
    recorded_at: InstantText
    actor: ActorShape
    channel: str
    reason: str
    request_id: str


class TimelineShape(TypedDict):
    """One entry of a timeline: `object` says whether `change` or `event` holds it."""

    id: str
    object: Annotated[str, Says(one_of=("change", "event"))]
    kind: Annotated[str, Says(one_of=KINDS)]
    type: str
    at: InstantText
    channel: str
    actor: ActorShape
    change: ChangeShape | None
    event: dict[str, Any] | None


def _shown_id(model: type[models.Model], value: Any) -> Any:
    prefix = PREFIXES.get(model.__name__) or _WITHOUT_PAGE.get(model.__name__)
    return show(prefix, UUID(value)) if prefix and isinstance(value, str) else value


def patch_shown(kind: str, patch: Mapping[str, Any]) -> dict[str, Any]:
    """A patch as the API names things: `payer_id` and its uuid become `payer` and `cus_…`."""
    model = SUBJECTS.get(kind)
    if model is None:
        return dict(patch)
    keys = {field.attname: field for field in model._meta.local_concrete_fields if isinstance(field, TenantForeignKey)}
    shown = {}
    for column, value in patch.items():
        if column in keys:
            shown[keys[column].name] = _shown_id(keys[column].related_model, value)
        else:
            shown[column] = value
    return shown


def subject_shown(kind: str, subject_id: UUID) -> str:
    """A subject's public id."""
    model = SUBJECTS.get(kind)
    return str(_shown_id(model, str(subject_id))) if model else str(subject_id)


def actor_shown(row: Change) -> ActorShape:
    """Who made a change."""
    return {"kind": row.actor_kind, "id": row.actor_id, "label": row.actor_label}


def change_shown(row: Change) -> ChangeShape:
    """A change; its personal values have been said before (`timeline.say`)."""
    return {
        "id": row.public_id,
        "object": "change",
        "kind": row.subject_kind,
        "subject": subject_shown(row.subject_kind, row.subject_id),
        "verb": row.verb,
        "subscriber": show("cus", row.subscriber_id),
        "subscription": show("sub", row.subscription_id) if row.subscription_id else None,
        "before": patch_shown(row.subject_kind, row.before),
        "after": patch_shown(row.subject_kind, row.after),
        "effective_at": instant_text(row.effective_at),
        "recorded_at": instant_text(row.recorded_at),
        "actor": actor_shown(row),
        "channel": row.channel,
        "reason": row.reason,
        "request_id": row.request_id,
    }


def _event_shown(row: Event) -> dict[str, Any]:
    return {"id": row.public_id, "type": row.kind, "data": row.data, "request_id": row.request_id}


def entries_shown(entries: Sequence[Entry]) -> list[TimelineShape]:
    """Entries of a timeline."""
    return [_entry_shown(entry) for entry in entries]


def _entry_shown(entry: Entry) -> TimelineShape:
    event, change = entry.event, entry.change
    if event is not None:
        return {
            "id": event.public_id,
            "object": "event",
            "kind": entry.kind,
            "type": event.kind,
            "at": instant_text(entry.at),
            "channel": event.channel,
            "actor": {"kind": None, "id": None, "label": event.actor},
            "change": None,
            "event": _event_shown(event),
        }
    if change is None:
        raise ValueError("an entry is a change or an event")
    return {
        "id": change.public_id,
        "object": "change",
        "kind": entry.kind,
        "type": f"{change.subject_kind}.{change.verb}",
        "at": instant_text(entry.at),
        "channel": change.channel,
        "actor": actor_shown(change),
        "change": change_shown(change),
        "event": None,
    }
