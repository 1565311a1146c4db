"""Bodies and filters of the subscribers' endpoints."""

from __future__ import annotations

from typing import Any

from merchants.actors import Channel
from merchants.http.bodies import Body, Filters
from merchants.http.fields import Choice, Day, Instant, Metadata, PublicId, Reference, Text
from subscribers.selectors.answers import SUBJECTS
from subscribers.selectors.timeline import KINDS


def _text(most: int) -> Text:
    return Text(max_length=most, required=False, allow_blank=True)


class AddressBody(Body):
    """A postal address; on a change only the parts that are named change."""

    line1 = _text(160)
    line2 = _text(160)
    postal_code = _text(16)
    city = _text(80)
    country = _text(2)


class SubscriberChanges(Body):
    """What is known of a subscriber. `metadata` is replaced whole; `payer` null: they pay for themself."""

    reference = Reference(required=False)
    name = _text(160)
    email = _text(254)
    phone = _text(32)
    birth_on = Day(required=False, allow_null=True)
    company = _text(160)
    siren = _text(20)
    vat_number = _text(20)
    address = AddressBody(required=False)
    locale = Choice(choices=["en", "fr"], required=False)
    payer = PublicId("cus", required=False, allow_null=True)
    site = PublicId("sit", required=False, allow_null=True)
    metadata = Metadata(required=False)


class SubscriberBody(SubscriberChanges):
    """A new subscriber. Without `reference` their id is taken; `test_clock` in a sandbox only, once and for all."""

    test_clock = PublicId("tc", required=False, allow_null=True)


class SubscriberFilters(Filters):
    """Which subscribers: `q` as people type it, the others exactly."""

    q = Text(max_length=200, required=False)
    reference = Reference(required=False)
    email = Text(max_length=254, required=False)
    created_after = Instant(required=False)


class PastFilters(Filters):
    """A past state: what was true at `as_of` (default: now), and what we knew at `known_at` (default: all we know)."""

    as_of = Instant(required=False)
    known_at = Instant(required=False)


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
