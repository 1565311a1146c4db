"""What happened, with its circumstances, and how it is named: the words of which facts are made, said once. Pure.

An alert's fact is its kind and what it is about (`card_expiring:cus_…:pm_…:2026-03`); what settles it names how it
begins.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from merchants.ids import read, show


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceSeen:
    """What routing needs of an invoice. `first`: the first one of its subscription; `at_counter`: that was sold at a
    counter, where another letter welcomes."""

    id: UUID
    payer_id: UUID
    first: bool
    at_counter: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSeen:
    """What routing needs of a payment. `automatic`: nobody sat before the screen when it was tried; `again`: an
    earlier automatic try of the same invoice failed too."""

    id: UUID
    payer_id: UUID
    invoice_id: UUID | None
    automatic: bool
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """An event with its circumstances. `pays_on`: who pays in this matter is still charged for something else."""

    id: UUID
    kind: str
    object_id: UUID | None = None
    subscriber_id: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    invoice: InvoiceSeen | None = None
    payment: PaymentSeen | None = None
    pays_on: bool = False

    @property
    def about(self) -> Mapping[str, Any]:
        """The object as the event shows it."""
        shown = self.data.get("object") if isinstance(self.data, Mapping) else None
        return shown if isinstance(shown, Mapping) else {}

    @property
    def payer_id(self) -> UUID | None:
        """Who pays in this matter, as far as one can tell."""
        seen = self.invoice or self.payment
        if seen is not None:
            return seen.payer_id
        named = self.about.get("payer")
        return (read("cus", named) if isinstance(named, str) else None) or self.subscriber_id

    @property
    def invoice_id(self) -> UUID | None:
        """The invoice that it is about, if any."""
        if self.invoice:
            return self.invoice.id
        return self.payment.invoice_id if self.payment else None


def invoice_of(seen: Occurrence) -> str:
    """The invoice's public id, or else the object's."""
    return show("inv", seen.invoice_id) if seen.invoice_id else object_of(seen)


def object_of(seen: Occurrence) -> str:
    """The id of what the event is about, or else its own."""
    return str(seen.object_id or seen.id)


def subscription_of(seen: Occurrence) -> str:
    """The subscription's public id."""
    return show("sub", seen.object_id) if seen.object_id else object_of(seen)


def person(id_: UUID | None) -> str:
    """A subscriber's public id."""
    return show("cus", id_) if id_ else "nobody"


def card_of(seen: Occurrence) -> str:
    """Its owner first, so that a new card settles what was told of the old one; its month last."""
    card = show("pm", seen.object_id) if seen.object_id else object_of(seen)
    return f"{person(seen.subscriber_id)}:{card}:{told(seen, 'last_day')[:7]}"


def told(seen: Occurrence, name: str) -> str:
    """What the event says beside its object, as text; nothing where it does not."""
    value = seen.data.get(name) if isinstance(seen.data, Mapping) else None
    return "" if value is None else str(value)


def card_details(seen: Occurrence) -> Mapping[str, str]:
    """What the provider shows of a card, and its last day."""
    shown = {name: str(seen.about.get(name) or "") for name in ("brand", "last4")}
    return {"payment_method": str(seen.about.get("id") or ""), **shown, "last_day": told(seen, "last_day")}


def end_details(seen: Occurrence) -> Mapping[str, str]:
    """Which subscription, its first day without it, and why (`cancelled`, `term_reached`), as far as the event says."""
    ends_on = told(seen, "ends_on") or str(seen.about.get("ends_on") or "")
    why = told(seen, "why") or str(seen.about.get("end_reason") or "")
    known = {"subscription": subscription_of(seen), "ends_on": ends_on, "why": why}
    return {name: value for name, value in known.items() if value}


def trial_details(seen: Occurrence) -> Mapping[str, str]:
    """The end of a free stage, and what is charged then, in minor units."""
    charge = seen.data.get("first_charge")
    shown = {name: str(charge[name]) for name in ("amount", "currency")} if isinstance(charge, Mapping) else {}
    return {**end_details(seen), **shown}


def nobody_paid(seen: Occurrence) -> bool:
    """An invoice that we ask for by ourselves was asked of no card: there is none, or the provider would not."""
    return "asked" in asked_of(seen)


def asked_of(seen: Occurrence) -> Mapping[str, str]:
    """Why no bank was asked: `nobody` had a card, or the `provider` failed us; nothing where a bank refused, which a
    failed payment tells by itself."""
    if not told(seen, "payment"):
        return {"asked": "nobody"}
    return {"asked": "provider"} if told(seen, "needs") == "staff" else {}


def parked_details(seen: Occurrence) -> Mapping[str, str]:
    """Which subscription a run could not bring up to date, and why."""
    details = {
        "subscription": subscription_of(seen),
        "why": told(seen, "reason") or str(seen.about.get("reason") or ""),
    }
    if msgid := told(seen, "msgid"):
        details |= {"msgid": msgid, "values": json.dumps(seen.data.get("params") or {})}
    return details


def report_of(seen: Occurrence) -> str:
    """A report's company, kind and first day: a later one of the same days takes its place."""
    return ":".join(str(seen.about.get(name) or "") for name in ("legal_entity", "kind", "first_on"))


def report_details(seen: Occurrence) -> Mapping[str, str]:
    """What a report is of, and what its platform said."""
    about = {name: str(seen.about.get(name) or "") for name in ("kind", "first_on", "last_on", "code", "message")}
    return {"report": str(seen.about.get("id") or ""), **about}


def facts(*kinds: str, about: Callable[[Occurrence], str]) -> Callable[[Occurrence], tuple[str, ...]]:
    """Beginnings of facts: of the kinds, about one thing."""
    return lambda seen: tuple(f"{kind}:{about(seen)}" for kind in kinds)


def of_the_end(*kinds: str) -> Callable[[Occurrence], tuple[str, ...]]:
    """Beginnings of facts of these kinds about the event's subscription."""
    return facts(*kinds, about=lambda seen: f"{subscription_of(seen)}:")


def of_what_is_over(seen: Occurrence) -> tuple[str, ...]:
    """What an end settles: all that was said of it, and the card's expiry where nothing else is charged to it."""
    ends = of_the_end("cancellation_scheduled", "subscription_ending", "trial_ending", "subscription_parked")(seen)
    return ends if seen.pays_on else (*ends, *cards(person(seen.payer_id)))


def cards(owner: str) -> tuple[str, ...]:
    """All that was told of the cards of one payer."""
    return (f"card_expiring:{owner}:", f"card_expired:{owner}:")


def of_that_card(seen: Occurrence) -> tuple[str, ...]:
    """All that was told of the event's card."""
    card = show("pm", seen.object_id) if seen.object_id else object_of(seen)
    return tuple(f"{beginning}{card}:" for beginning in cards(person(seen.subscriber_id)))


def of_its_owner(seen: Occurrence) -> tuple[str, ...]:
    """All that was told of the cards of the event's payer: another one takes their place."""
    return cards(person(seen.subscriber_id))
