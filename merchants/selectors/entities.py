"""Legal entities, their tax rates and sites as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from merchants.models import LegalEntity, Site, TaxRate
from merchants.numbers import CREDIT_PREFIX
from merchants.selectors.shapes import (
    DayText,
    DecimalString,
    InstantText,
    day_text,
    decimal_string,
    instant_text,
    show,
)


class LegalAddressShape(TypedDict):
    """Where a company is registered."""

    line1: str
    line2: str
    postal_code: str
    city: str
    country: str


class LegalEntityShape(TypedDict):
    """Who issues documents. `number_format` is that of its invoices' numbers, `credit_number_format` that of its credit
    notes'; each site and each year may count from 1 for itself. `oss_since` the day from which sales to
    consumers of other member states are taxed there. What documents say is given by language: `late_penalty` (the rate
    of penalties between professionals), `early_discount`, `own_mentions` (mediator, insurance). `brand_name`,
    `brand_color` and a logo of its own take the place of the merchant's on documents; `iban` and `bic` say where
    transfers go. `creditor_identifier` is that of SEPA, without which no mandate is signed at a counter;
    `contract_terms` what a subscriber accepts there, by language: with any, nobody is enrolled unsigned."""

    id: str
    object: str
    name: str
    legal_form: str
    capital: str
    registry: str
    siren: str
    siret: str
    vat_number: str
    vat_exempt: bool
    vat_on_debits: bool
    oss_since: DayText | None
    address: LegalAddressShape
    email: str
    footer: str
    brand_name: str
    brand_color: str
    has_logo: bool
    iban: str
    bic: str
    late_penalty: dict[str, str]
    early_discount: dict[str, str]
    own_mentions: dict[str, str]
    creditor_identifier: str
    contract_terms: dict[str, str]
    number_format: str
    credit_number_format: str
    numbers_per_site: bool
    numbers_per_year: bool
    is_default: bool
    created_at: InstantText


class TaxRateShape(TypedDict):
    """The rate of a tax code in a country, in percent, from a date on."""

    id: str
    object: str
    legal_entity: str
    country: str
    tax_code: str
    percent: DecimalString
    from_on: DayText
    name: str


class SiteShape(TypedDict):
    """A place of the merchant's. `code` names it in document numbers; null: made when the first one needs it."""

    id: str
    object: str
    reference: str
    name: str
    siret: str
    city: str
    code: str | None
    closed: bool
    metadata: dict[str, str]
    created_at: InstantText


def show_legal_entities(entities: Sequence[LegalEntity]) -> list[LegalEntityShape]:
    """Legal entities as the API shows them, without a query."""
    return [
        {
            "id": entity.public_id,
            "object": "legal_entity",
            "name": entity.name,
            "legal_form": entity.legal_form,
            "capital": entity.capital,
            "registry": entity.registry,
            "siren": entity.siren,
            "siret": entity.siret,
            "vat_number": entity.vat_number,
            "vat_exempt": entity.vat_exempt,
            "vat_on_debits": entity.vat_on_debits,
            "oss_since": day_text(entity.oss_since) if entity.oss_since else None,
            "address": {
                "line1": entity.line1,
                "line2": entity.line2,
                "postal_code": entity.postal_code,
                "city": entity.city,
                "country": entity.country,
            },
            "email": entity.email,
            "footer": entity.footer,
            "brand_name": entity.brand_name,
            "brand_color": entity.brand_color,
            "has_logo": bool(entity.logo),
            "iban": entity.iban,
            "bic": entity.bic,
            "late_penalty": entity.late_penalty,
            "early_discount": entity.early_discount,
            "own_mentions": entity.own_mentions,
            "creditor_identifier": entity.creditor_identifier,
            "contract_terms": entity.contract_terms,
            "number_format": entity.number_format,
            "credit_number_format": entity.credit_number_format or CREDIT_PREFIX + entity.number_format,
            "numbers_per_site": entity.numbers_per_site,
            "numbers_per_year": entity.numbers_per_year,
            "is_default": entity.is_default,
            "created_at": instant_text(entity.created_at),
        }
        for entity in entities
    ]


def show_tax_rates(rates: Sequence[TaxRate]) -> list[TaxRateShape]:
    """Tax rates as the API shows them, without a query."""
    return [
        {
            "id": rate.public_id,
            "object": "tax_rate",
            "legal_entity": show("ent", rate.legal_entity_id),
            "country": rate.country,
            "tax_code": rate.tax_code,
            "percent": decimal_string(rate.percent),
            "from_on": day_text(rate.from_on),
            "name": rate.name,
        }
        for rate in rates
    ]


def show_sites(sites: Sequence[Site]) -> list[SiteShape]:
    """Sites as the API shows them, without a query."""
    return [
        {
            "id": site.public_id,
            "object": "site",
            "reference": site.reference,
            "name": site.name,
            "siret": site.siret,
            "city": site.city,
            "code": site.code,
            "closed": site.closed_at is not None,
            "metadata": site.metadata,
            "created_at": instant_text(site.created_at),
        }
        for site in sites
    ]
