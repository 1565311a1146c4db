"""Bodies and filters of the subscribers' endpoints."""

from __future__ import annotations

from typing import Any

from merchants.actors import Channel
from merchants.http.bodies import Filters
from merchants.http.fields import Choice, Instant, PublicId, Reference, Text
from merchants.http.shared import PersonBody
from subscribers.selectors.history_answers import SUBJECTS
from subscribers.selectors.timeline import KINDS


class SubscriberChanges(PersonBody):
    """What is known of a subscriber. `metadata` is replaced whole; `payer` null: they pay for themself."""

    payer = PublicId("cus", required=False, allow_null=True)
    site = PublicId("sit", required=False, allow_null=True)


class SubscriberBody(SubscriberChanges):
    """A new subscriber. Without `reference` their id is taken; `test_clock` in a sandbox only, once and for all."""

    test_clock = PublicId("tc", required=False, allow_null=True)


class SubscriberFilters(Filters):
    """Which subscribers: `q` as people type it, the others exactly."""

    q = Text(max_length=200, required=False)
    reference = Reference(required=False)
    email = Text(max_length=254, required=False)
    created_after = Instant(required=False)


class TimelineFilters(Filters):
    """Which entries."""

    kind = Choice(choices=list(KINDS), required=False)
    channel = Choice(choices=[channel.value for channel in Channel], required=False)


class ChangeFilters(Filters):
    """Which changes. `actor` is the id of a key, member or subscriber; `since` is when they were recorded."""

    subscriber = PublicId("cus", required=False)
    subscription = PublicId("sub", required=False)
    actor = Text(max_length=64, required=False)
    channel = Choice(choices=[channel.value for channel in Channel], required=False)
    kind = Choice(choices=list(SUBJECTS), required=False)
    since = Instant(required=False)


def columns_of(body: dict[str, Any]) -> dict[str, Any]:
    """The fields of a body that are columns of their own: the address's parts stand beside the others.

    >>> columns_of({"name": "Ada", "address": {"city": "Lyon"}, "payer": "cus_1"})
    {'name': 'Ada', 'city': 'Lyon'}
    """
    plain = {name: value for name, value in body.items() if name not in ("address", "payer", "site", "test_clock")}
    return plain | dict(body.get("address", {}))
