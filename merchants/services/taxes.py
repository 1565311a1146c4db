"""Tax tables: the French rates that a legal entity begins with, and rows added later. A row is never changed: the rate
of a day is the last row that begins on or before it, so an invoice of the past keeps its rate."""

from __future__ import annotations

import re
from dataclasses import dataclass
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

_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrenchRate:
    """A rate of the French table: percent of a code since a date, and the article that says so."""

    code: str
    percent: Decimal
    from_on: date
    name: str


_SINCE_2014 = date(2014, 1, 1)
_NORMAL, _INTERMEDIATE, _REDUCED = Decimal(20), Decimal(10), Decimal("5.5")
FRENCH_RATES = (
    FrenchRate(code="electronic", percent=_NORMAL, from_on=_SINCE_2014, name="TVA 20 % (CGI 278)"),
    FrenchRate(code="on_site", percent=_NORMAL, from_on=_SINCE_2014, name="TVA 20 % (CGI 278)"),
    FrenchRate(code="goods", percent=_NORMAL, from_on=_SINCE_2014, name="TVA 20 % (CGI 278)"),
    FrenchRate(code="restaurant", percent=_INTERMEDIATE, from_on=_SINCE_2014, name="TVA 10 % (CGI 279 m)"),
    FrenchRate(code="transport", percent=_INTERMEDIATE, from_on=_SINCE_2014, name="TVA 10 % (CGI 279 b quater)"),
    FrenchRate(code="reduced", percent=_INTERMEDIATE, from_on=_SINCE_2014, name="TVA 10 % (CGI 278 bis, 279)"),
    FrenchRate(code="food", percent=_REDUCED, from_on=_SINCE_2014, name="TVA 5,5 % (CGI 278-0 bis A)"),
    FrenchRate(code="books", percent=_REDUCED, from_on=_SINCE_2014, name="TVA 5,5 % (CGI 278-0 bis A)"),
    FrenchRate(code="press", percent=Decimal("2.1"), from_on=_SINCE_2014, name="TVA 2,1 % (CGI 298 septies)"),
    FrenchRate(code="exempt", percent=Decimal(0), from_on=_SINCE_2014, name="Exonéré de TVA (CGI 261)"),
)
"""Rates of mainland France since 1 January 2014 (CGI 278 to 279; press: 298 septies, paper and online)."""


def french_tax_table(entity: LegalEntity) -> list[TaxRate]:
    """Give an entity the French table. Where CGI 293 B exempts it (`vat_exempt`) the table waits: the exemption is read
    before any rate."""
    return TaxRate.objects.bulk_create(
        TaxRate(
            legal_entity=entity,
            country="FR",
            tax_code=rate.code,
            percent=rate.percent,
            from_on=rate.from_on,
            name=rate.name,
        )
        for rate in FRENCH_RATES
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
