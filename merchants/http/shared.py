"""Bodies and filters that endpoints of several apps take."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from merchants.http.bodies import Body, Filters
from merchants.http.fields import Choice, Day, Instant, Metadata, Reference, Text
from merchants.http.texts import LANGUAGES


def optional(most: int) -> Text:
    """A text of at most so many characters that may be left out or empty."""
    return Text(max_length=most, required=False, allow_blank=True)


class AddressBody(Body):
    """A postal address; on a change only the parts that are named change."""

    line1 = optional(160)
    line2 = optional(160)
    postal_code = optional(16)
    city = optional(80)
    country = optional(2)


class PersonBody(Body):
    """Who somebody is."""

    reference = Reference(required=False)
    name = optional(160)
    email = optional(254)
    phone = optional(32)
    birth_on = Day(required=False, allow_null=True)
    company = optional(160)
    siren = optional(20)
    vat_number = optional(20)
    address = AddressBody(required=False)
    locale = Choice(choices=LANGUAGES, required=False)
    metadata = Metadata(required=False)


class PastFilters(Filters):
    """A past state: what was true at `as_of` (default: now), and what we knew at `known_at` (default: all we know)."""

    as_of = Instant(required=False)
    known_at = Instant(required=False)


class SpanFilters(Filters):
    """Two moments: `from` (it must be said), and `to` (default: now); seen with what was known at `known_at` (default:
    all we know)."""

    to = Instant(required=False)
    known_at = Instant(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """With `from`, which is no name in Python; who names an unknown id hears 404 before 422."""
        return {"from": Instant(required=False), **super().get_fields()}
