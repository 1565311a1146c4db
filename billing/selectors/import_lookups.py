"""What an old member file may name, looked up once for all of its rows; and who of it is known already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from billing.imports.mapping import folded
from billing.imports.members import Catalogue, Member, Sold, same_person
from billing.models import ImportRow
from merchants.ids import show
from merchants.models import (
    LegalEntity,
    Merchant,
    Offer,
    OfferAtSite,
    OfferVersion,
    Option,
    OptionVersion,
    Site,
    VersionOption,
)
from subscribers.models import Mandate, Subscriber
from subscribers.selectors.pictures import (
    WantedOption,
    newest_option_versions,
    newest_versions,
    offer_pictures,
    option_pictures,
)
from subscribers.selectors.taxing import WHO_IS_TAXED, payer_of, tax_profile
from subscribers.snapshots import OptionSnapshot
from subscribers.taxation import Buyer
from subscribers.taxes import TaxProfile


def catalogue_of(merchant: Merchant, entity: LegalEntity) -> Catalogue:
    """Offers (also those that are not sold any more: old members have them), options and sites by what they may be
    called. Needs the tenant's scope."""
    newest = newest_versions(Offer.objects.values_list("id", flat=True))
    own = OfferAtSite.objects.filter(version__isnull=False).values_list("offer_id", "site_id", "version_id")
    at_sites = {(offer_id, site_id): version_id for offer_id, site_id, version_id in own}
    versions = {*newest.values(), *at_sites.values()}
    pictures, optional = offer_pictures(versions), _options(versions)

    def told(offer_id: UUID, version_id: UUID) -> Sold:
        picture, options = pictures[version_id], optional[version_id]
        return Sold(offer_id=offer_id, version_id=version_id, picture=picture, options=options)

    sold = {offer_id: told(offer_id, version_id) for offer_id, version_id in newest.items()}
    return Catalogue(
        at_sites={key: told(key[0], version_id) for key, version_id in at_sites.items()},
        offers=_named(
            (one, [one.picture.reference, show("off", offer_id)], one.picture.title.values())
            for offer_id, one in sold.items()
        ),
        options=_option_names(),
        sites=_named(
            (row.pk, [row.reference, row.public_id], [row.name]) for row in Site.objects.filter(closed_at=None)
        ),
        entity=entity,
        zone=merchant.timezone,
        locale=merchant.locale,
        tax_of=_Taxes(entity).of,
    )


def sold_by_version(catalogue: Catalogue) -> dict[UUID, Sold]:
    """The offers of a catalogue by the version that they sell, everywhere or at a site."""
    everywhere = {one.version_id: one for one in catalogue.offers.values() if one is not None}
    return everywhere | {one.version_id: one for one in catalogue.at_sites.values()}


def versions_of(ids: Iterable[UUID]) -> dict[UUID, OfferVersion]:
    """Offer versions by id."""
    return {row.pk: row for row in OfferVersion.objects.filter(id__in=set(ids)).select_related("offer")}


def _named(things: Iterable[tuple[Any, Sequence[str], Iterable[str]]]) -> dict[str, Any]:
    """By folded name; a reference is its thing's alone, a title that two have is None."""
    exact: dict[str, Any] = {}
    loose: dict[str, Any] = {}
    for thing, references, titles in things:
        for name in filter(None, map(folded, references)):
            exact[name] = None if name in exact else thing
        for name in {folded(title) for title in titles} - {""}:
            loose[name] = None if name in loose else thing
    return loose | exact


def _option_names() -> dict[str, UUID | None]:
    newest = newest_option_versions(Option.objects.values_list("id", flat=True))
    rows = OptionVersion.objects.filter(id__in=newest.values()).select_related("option")
    found: dict[str, UUID | None] = _named(
        (row.option_id, [row.option.reference, row.option.public_id], row.title.values()) for row in rows
    )
    return found


def _options(version_ids: Iterable[UUID]) -> Mapping[UUID, dict[UUID, OptionSnapshot]]:
    """What may be had with each version of an offer, as its newest version."""
    pairs = list(VersionOption.objects.filter(version_id__in=list(version_ids)).values_list("version_id", "option_id"))
    newest = newest_option_versions([option_id for _, option_id in pairs])
    listed = [(option_id, version_id) for option_id, version_id in newest.items()]
    pictures = option_pictures([WantedOption(id=option_id, version_id=version_id) for option_id, version_id in listed])
    by_id = {option_id: picture for (option_id, _), picture in zip(listed, pictures, strict=True)}
    found: dict[UUID, dict[UUID, OptionSnapshot]] = defaultdict(dict)
    for version_id, option_id in pairs:
        found[version_id][option_id] = by_id[option_id]
    return found


class _Taxes:
    """How each is taxed; those whom VAT cannot tell apart are asked about once."""

    def __init__(self, entity: LegalEntity) -> None:
        self._entity = entity
        self._known: dict[Buyer, TaxProfile] = {}

    def of(self, profile: Mapping[str, Any]) -> TaxProfile:
        person = Subscriber(**{name: profile[name] for name in WHO_IS_TAXED if name in profile})
        buyer = payer_of(person)
        if buyer not in self._known:
            self._known[buyer] = tax_profile(self._entity, person)
        return self._known[buyer]


@dataclass(slots=True)
class Known:
    """Whom we have already, of some members: by member number, by name with e-mail, by mandate; and rows that an import
    enrolled."""

    references: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    mandates: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)


def known_of(members: Sequence[Member]) -> Known:
    """Four queries, however many members. Needs the tenant's scope."""
    references = [one.profile["reference"] for one in members if one.profile.get("reference")]
    emails = [one.profile["email"] for one in members if one.profile.get("email")]
    named = Subscriber.objects.filter(email__in=emails, erased_at=None).values_list("name", "email")
    signed = [one.mandate["reference"] for one in members if one.mandate]
    enrolled = ImportRow.objects.filter(key__in=[one.key for one in members], status=ImportRow.Status.ENROLLED)
    return Known(
        references=set(Subscriber.objects.filter(reference__in=references).values_list("reference", flat=True)),
        people={key for name, email in named for key in same_person({"name": name, "email": email})},
        mandates=set(Mandate.objects.filter(reference__in=signed).values_list("reference", flat=True)),
        keys=set(enrolled.values_list("key", flat=True)),
    )
