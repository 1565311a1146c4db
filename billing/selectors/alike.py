"""Subscriptions that live alike: the same offer, dates and tax, and nothing of their own. What is to come for one of
them is to come for all, so that a forecast works it out once."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import fields
from operator import attrgetter
from uuid import UUID

from subscribers.snapshots import SubscriptionSnapshot

OWN = ("id", "payer", "beneficiary")
"""What says who it is, and changes no sum."""
EMPTY = ("options", "coupons", "charges", "scheduled", "usage")
"""What must be empty: with any of these a life is looked at by itself."""
NAMED = ("offer", "tax", "payment_state")
"""The offer by its version, the tax by who buys and who sells; the payment state makes no document."""
_rest = attrgetter(*(each.name for each in fields(SubscriptionSnapshot) if each.name not in (*OWN, *EMPTY, *NAMED)))
_own_things = attrgetter(*EMPTY)


def likeness(picture: SubscriptionSnapshot, legal_entity_id: UUID) -> Hashable | None:
    """What subscriptions of one likeness share; None for one that is looked at by itself. A field that pictures get in
    future is part of it without being named here."""
    if any(_own_things(picture)) or picture.tax.own is not None:
        return None
    return (picture.offer.version_id, picture.tax.buyer, picture.tax.country, legal_entity_id, _rest(picture))
