"""Tax tables: the French rates that a legal entity begins with, and rows added later. A row is never changed: the rate
of a day is the last row that begins on or before it, so an invoice of the past keeps its rate."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from merchants.actors import Actor
from merchants.identity import is_country
from merchants.journal import record
from merchants.models import LegalEntity, TaxRate
from merchants.now import Now
from merchants.refusals import gettext_noop
from merchants.selectors.entities import show_tax_rates
from merchants.services.violations import refusing
from merchants.terms import fault, refuse_if
from merchants.territories import TAXED_OVERSEAS, country_of, place
from merchants.vat_rates import FRENCH_RATES, OVERSEAS_RATES

_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


def french_tax_table(entity: LegalEntity) -> list[TaxRate]:
    """Give an entity in France the table of its place: the mainland's rates, or those of Guadeloupe, Martinique and
    Réunion; none in Guyane and Mayotte, where VAT does not apply. Where CGI 293 B exempts it (`vat_exempt`) the table
    waits: the exemption is read before any rate."""
    where = country_of(place(entity.country, entity.postal_code))
    rates = OVERSEAS_RATES if where in TAXED_OVERSEAS else FRENCH_RATES if where == "FR" else ()
    return TaxRate.objects.bulk_create(
        TaxRate(
            legal_entity=entity,
            country=where,
            tax_code=rate.code,
            percent=rate.percent,
            from_on=rate.from_on,
            name=rate.name,
        )
        for rate in rates
    )


def add_tax_rate(
    *,
    entity: LegalEntity,
    country: str,
    tax_code: str,
    percent: Decimal,
    from_on: date,
    name: str = "",
    actor: Actor,
    now: Now,
) -> TaxRate:
    """A rate from a date on. Raises Invalid, and Conflict (`a_tax_rate_stands_once`) where that day has one already."""
    faults = []
    if not is_country(country):
        faults.append(fault("country", "country_unknown", gettext_noop("Not a country code of ISO 3166.")))
    if not _CODE.fullmatch(tax_code):
        detail = gettext_noop("A tax code is of small letters, digits and underscores.")
        faults.append(fault("tax_code", "tax_code_malformed", detail))
    if not 0 <= percent < 100 or percent != percent.quantize(Decimal("0.001")):
        detail = gettext_noop("A rate is from 0 to below 100, with up to three decimals.")
        faults.append(fault("percent", "percent_out_of_range", detail))
    refuse_if(faults)
    with refusing():
        rate: TaxRate = TaxRate.objects.create(
            legal_entity=entity, country=country, tax_code=tax_code, percent=percent, from_on=from_on, name=name
        )
    record(kind="tax_rate.created", object_id=rate.pk, data={"object": show_tax_rates([rate])[0]}, actor=actor, now=now)
    return rate
