"""One timeline of a life: changes of the history and events of the journal, newest first.

Each of the two tables has an index in this order, is read by keyset and gives at most a page: what a page costs does
not depend on how long the life is, nor on how far back one reads.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from merchants.models import Event
from merchants.refusals import Invalid, gettext_noop
from subscribers.models import Change
from subscribers.selectors import personal

CHANGE = "change"
EVENT_KINDS: dict[str, tuple[str, ...]] = {
    "life": ("subscriber.", "subscription.", "access.", "payment_method.", "mandate."),
    "money": ("invoice.", "payment.", "credit_note.", "refund.", "dunning.", "checkout_session.", "balance."),
    "message": ("message.",),
    "alert": ("alert.",),
}
"""Kinds of entries besides `change`, by how the kinds of their events begin."""
KINDS = (CHANGE, *EVENT_KINDS)


class Place(NamedTuple):
    """Where a page of a timeline ends: newest first, by instant, then by id."""

    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry: a change or an event, with its personal values said."""

    at: datetime
    id: UUID
    kind: str
    change: Change | None = None
    event: Event | None = None

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.at, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some entries; `after` is the place to read on from, None at the end."""

    entries: list[Entry]
    after: Place | None


def timeline(
    subscriber_id: UUID,
    *,
    kinds: Collection[str] = (),
    channel: str = "",
    without: Collection[str] = (),
    until: datetime | None = None,
    after: Place | None = None,
    limit: int = 25,
) -> Page:
    """A page of one subscriber's timeline: three queries at most.

    `kinds`: of KINDS, empty for all. `without`: kinds of events left out. `until`: nothing later. `after`: the last
    place that was read.
    """
    wanted = set(kinds or KINDS)
    found: list[Entry] = []
    if CHANGE in wanted:
        changes = Change.objects.filter(subscriber_id=subscriber_id, **({"channel": channel} if channel else {}))
        found += [
            Entry(at=row.recorded_at, id=row.pk, kind=CHANGE, change=row)
            for row in _branch(changes, "recorded_at", until, after)[: limit + 1]
        ]
    if wanted - {CHANGE}:
        events = Event.objects.filter(subscriber_id=subscriber_id, **({"channel": channel} if channel else {}))
        if not wanted.issuperset(EVENT_KINDS):
            begins = [begin for kind in wanted - {CHANGE} for begin in EVENT_KINDS[kind]]
            events = events.filter(_any(begins))
        if without:
            events = events.exclude(kind__in=without)
        found += [
            Entry(at=row.created_at, id=row.pk, kind=kind_of(row.kind), event=row)
            for row in _branch(events, "created_at", until, after)[: limit + 1]
        ]
    found.sort(key=lambda entry: entry.place, reverse=True)
    page = found[:limit]
    say(page)
    return Page(entries=page, after=page[-1].place if len(found) > limit else None)


def _branch(rows: QuerySet[Any], at: str, until: datetime | None, after: Place | None) -> QuerySet[Any]:
    if until is not None:
        rows = rows.filter(**{f"{at}__lte": until})
    if after is not None:
        rows = rows.filter(**{f"{at}__lte": after.at}).filter(Q(**{f"{at}__lt": after.at}) | Q(id__lt=after.id))
    return rows.order_by(f"-{at}", "-id")


def _any(begins: Collection[str]) -> Q:
    wanted = Q(pk__in=[])
    for begin in begins:
        wanted |= Q(kind__startswith=begin)
    return wanted


def kind_of(event_kind: str) -> str:
    """The kind of entry that an event is.

    >>> kind_of("invoice.paid"), kind_of("subscription.renewed")
    ('money', 'life')
    """
    for kind, begins in EVENT_KINDS.items():
        if event_kind.startswith(begins):
            return kind
    return "life"


def say(entries: Collection[Entry]) -> None:
    """Put personal values where their ids stand, in place; what was erased says so. One query at most."""
    changes = [entry.change for entry in entries if entry.change is not None]
    events = [entry.event for entry in entries if entry.event is not None]
    texts = personal.known([part for row in changes for part in (row.before, row.after)] + [row.data for row in events])
    for change in changes:
        change.before, change.after = personal.said(change.before, texts), personal.said(change.after, texts)
    for event in events:
        event.data = personal.said(event.data, texts)


def sealed(subscriber_id: UUID, place: Place | None) -> str | None:
    """A place as a cursor of that subscriber's timeline."""
    if place is None:
        return None
    text = json.dumps([str(subscriber_id), place.at.isoformat(), str(place.id)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def opened(subscriber_id: UUID, cursor: str | None) -> Place | None:
    """The place that a cursor names. Raises Invalid (`cursor_invalid`) for one that is not of this timeline."""
    if not cursor:
        return None
    try:
        if len(cursor) > 300:
            raise ValueError
        whose, at, id_ = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        place = Place(datetime.fromisoformat(at), UUID(id_))
        if whose != str(subscriber_id) or place.at.tzinfo is None:
            raise ValueError
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
        raise Invalid.at("cursor", "cursor_invalid", gettext_noop("This cursor is not one of this list.")) from None
    return place
