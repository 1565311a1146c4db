"""Who sells and who buys, as VAT sees them, and how a payer is taxed: a fixed number of queries, however many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from merchants.models import LegalEntity, TaxRate
from merchants.territories import country_of, place
from merchants.vat_rates import EXEMPT_NAME
from subscribers.models import Subscriber
from subscribers.taxation import Buyer, Seller, buyer_of
from subscribers.taxes import TaxProfile, TaxRow, row_rate

WHO_IS_TAXED = ("country", "postal_code", "vat_number", "siren", "company", "vat_check")
"""The columns of a payer that decide on VAT."""


def seller_of(entity: LegalEntity) -> Seller:
    """A legal entity as VAT sees it. Of regions with rates of their own (Corsica, Madeira) its own table says which it
    has: they are the country's."""
    where = place(entity.country, entity.postal_code)
    return Seller(
        place=where if where.endswith("-OUT") else where.partition("-")[0],
        franchise=entity.vat_exempt,
        numbered=bool(entity.vat_number),
        oss_since=entity.oss_since,
    )


def payer_of(payer: Subscriber) -> Buyer:
    """A payer as VAT sees them; a number that the register refused on-line counts as none."""
    check = payer.vat_check
    refused = bool(check) and check.get("verdict") == "invalid" and check.get("number") == payer.vat_number
    return buyer_of(
        payer.country,
        payer.postal_code,
        vat_number=payer.vat_number,
        company=bool(payer.siren or payer.company),
        refused=refused,
    )


def tax_profile(entity: LegalEntity, payer: Subscriber | None = None) -> TaxProfile:
    """How a payer is taxed by an entity: one query. Without a payer: somebody at home."""
    seller, buyer = seller_of(entity), payer_of(payer) if payer else Buyer()
    return _profile(seller, buyer, _tables([(entity, buyer)]).get(entity.pk, {}))


def tax_profiles(pairs: Iterable[tuple[LegalEntity, Subscriber]]) -> dict[tuple[UUID, UUID], TaxProfile]:
    """The same for many, by the ids of entity and payer: one query for all. Alike payers share one picture."""
    known = {(entity.pk, payer.pk): (entity, payer_of(payer)) for entity, payer in pairs}
    tables = _tables(known.values())
    sellers = {entity.pk: seller_of(entity) for entity, _ in known.values()}
    alike: dict[tuple[UUID, Buyer], TaxProfile] = {}
    found = {}
    for key, (entity, buyer) in known.items():
        if (entity.pk, buyer) not in alike:
            alike[entity.pk, buyer] = _profile(sellers[entity.pk], buyer, tables.get(entity.pk, {}))
        found[key] = alike[entity.pk, buyer]
    return found


def _tables(pairs: Iterable[tuple[LegalEntity, Buyer]]) -> dict[UUID, dict[str, list[TaxRow]]]:
    """The rows that may be wanted, by entity and country. None is read for who has no VAT to charge."""
    wanted: dict[UUID, set[str]] = {}
    for entity, buyer in pairs:
        if not entity.vat_exempt:
            home = country_of(place(entity.country, entity.postal_code))
            wanted.setdefault(entity.pk, set()).update({home, country_of(buyer.place), "FR"} - {""})
    if not wanted:
        return {}
    countries = set().union(*wanted.values())
    tables: dict[UUID, dict[str, list[TaxRow]]] = {}
    for row in TaxRate.objects.filter(legal_entity_id__in=list(wanted), country__in=countries):
        rows = tables.setdefault(row.legal_entity_id, {}).setdefault(row.country, [])
        said = "" if row.name == EXEMPT_NAME else row.name
        rows.append(
            TaxRow(
                tax_code=row.tax_code,
                rate=row_rate(row.percent, row.country, said),
                from_on=row.from_on,
                country=row.country,
            )
        )
    return tables


def _profile(seller: Seller, buyer: Buyer, table: Mapping[str, list[TaxRow]]) -> TaxProfile:
    home, away = country_of(seller.place), country_of(buyer.place)
    countries = dict.fromkeys(country for country in (home, away, "FR" if home != away else "") if country)
    return TaxProfile(
        country=away or home,
        table=tuple(row for country in countries for row in table.get(country, ())),
        seller=seller,
        buyer=buyer,
    )
