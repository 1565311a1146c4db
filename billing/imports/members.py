"""A member of an old file, understood: who, what they have, since when, paid until when; and how that stands here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from billing.engine.taking_over import Former, taken_over
from billing.imports.cells import DAY_FIRST
from merchants.canonical import digest
from merchants.models import LegalEntity
from subscribers.search_text import fold
from subscribers.snapshots import Collection, OfferSnapshot, OptionSnapshot, PurchaseSnapshot, SubscriptionSnapshot
from subscribers.taxes import TaxProfile

NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """An offer as its newest version sells it, archived or not. `options`: what may be had with it, by id."""

    offer_id: UUID
    version_id: UUID
    picture: OfferSnapshot
    options: Mapping[UUID, OptionSnapshot]


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """What rows name, by folded reference and title; None where two things have that name. `at_sites`: what a site
    sells at a price of its own, by offer and site."""

    offers: Mapping[str, Sold | None]
    at_sites: Mapping[tuple[UUID, UUID], Sold]
    options: Mapping[str, UUID | None]
    sites: Mapping[str, UUID | None]
    entity: LegalEntity
    zone: str
    locale: str
    tax_of: Callable[[Mapping[str, Any]], TaxProfile]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How the file is to be read, as whoever uploaded it said."""

    columns: Mapping[str, int]
    order: str = DAY_FIRST
    offer: str = ""
    site: str = ""
    without_mandate: str = "manual"


@dataclass(kw_only=True)
class Member:
    """What a good row says."""

    line: int
    profile: dict[str, Any]
    sold: Sold
    start_on: date
    paid_until: date
    site_id: UUID | None = None
    options: Sequence[tuple[UUID, int]] = ()
    quantity: int = 1
    amount: int | None = None
    collection: str = "manual"
    mandate: dict[str, Any] | None = None

    @property
    def key(self) -> str:
        """Who it is, with which offer, since when."""
        return digest([who(self.profile), self.sold.picture.reference, self.start_on.isoformat()])

    def plain(self) -> dict[str, Any]:
        """As JSON, to be enrolled later."""
        birth = self.profile.get("birth_on")
        profile = self.profile | ({"birth_on": birth.isoformat()} if birth else {})
        return {
            "profile": profile,
            "version": str(self.sold.version_id),
            "site": str(self.site_id) if self.site_id else None,
            "options": [[str(option), count] for option, count in self.options],
            "quantity": self.quantity,
            "start_on": self.start_on.isoformat(),
            "paid_until": self.paid_until.isoformat(),
            "collection": self.collection,
            "mandate": self.mandate,
        }

    @classmethod
    def read(cls, line: int, said: Mapping[str, Any], sold: Sold) -> Member:
        """The same again."""
        birth = said["profile"].get("birth_on")
        profile = said["profile"] | ({"birth_on": date.fromisoformat(birth)} if birth else {})
        return cls(
            line=line,
            profile=profile,
            sold=sold,
            start_on=date.fromisoformat(said["start_on"]),
            paid_until=date.fromisoformat(said["paid_until"]),
            site_id=UUID(said["site"]) if said["site"] else None,
            options=[(UUID(option), count) for option, count in said["options"]],
            quantity=said["quantity"],
            collection=said["collection"],
            mandate=said["mandate"],
        )


def who(profile: Mapping[str, Any]) -> list[str]:
    """What tells one person from another: the member number, else name with e-mail, telephone and birth date."""
    if profile.get("reference"):
        return ["reference", fold(str(profile["reference"]))]
    digits = "".join(sign for sign in str(profile.get("phone") or "") if sign.isdigit())[-9:]
    return [fold(profile["name"]), str(profile.get("email") or ""), digits, str(profile.get("birth_on") or "")]


def same_person(profile: Mapping[str, Any]) -> list[str]:
    """By any of these somebody is taken for the same person: the name with the e-mail, telephone or birth date."""
    name, _, _, _ = who({**profile, "reference": ""})
    _, email, digits, birth = who({**profile, "reference": ""})
    name = " ".join(sorted(name.replace("-", " ").split()))
    return [f"{name} {part}" for part in (email, digits, birth) if part]


def opened(
    member: Member,
    catalogue: Catalogue,
    today: date,
    *,
    subscription_id: UUID = NOBODY,
    person_id: UUID = NOBODY,
    option_ids: Sequence[UUID] = (),
) -> SubscriptionSnapshot:
    """The member's subscription as it stands today, under the ids it will have. Raises what `taken_over` raises."""
    ids = option_ids or [NOBODY] * len(member.options)
    purchase = PurchaseSnapshot(
        offer=member.sold.picture,
        tax=catalogue.tax_of(member.profile),
        zone=catalogue.zone,
        quantity=member.quantity,
        options=tuple(
            _option(member, option, count, id_) for (option, count), id_ in zip(member.options, ids, strict=True)
        ),
        start_on=member.start_on,
        collection=Collection(member.collection),
    )
    return taken_over(
        purchase,
        Former(start_on=member.start_on, paid_until=member.paid_until),
        id=str(subscription_id),
        payer=str(person_id),
        beneficiary=str(person_id),
        today=today,
    )


def _option(member: Member, option_id: UUID, count: int, id_: UUID) -> OptionSnapshot:
    """An option that they have; what is billed once was billed there, where anything of it is paid."""
    picture = member.sold.options[option_id]
    had = picture.is_one_off and member.paid_until > member.start_on
    return replace(picture, id=str(id_), quantity=count, periods_used=1 if had else 0, starts_on=member.start_on)
