"""Rates of VAT as data: what a French company begins with, overseas too, and what the member states ask of sales that
are declared through the one-stop shop. Pure.

A legal entity's own table comes before any of this (`subscribers.taxes`), and a merchant checks these rates as any
others: they are what was known when this was written. Where no reduced rate of a country is known for certain its
standard rate stands, which never collects too little. Sources: the tables "VAT rates applied in the Member States" of
the European Commission and its database TEDB; for France the articles named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from merchants.territories import CORSICA, TAXED_OVERSEAS, country_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FrenchRate:
    """A rate of the French table: percent of a code since a date, and the article that says so."""

    code: str
    percent: Decimal
    from_on: date
    name: str


_SINCE_2014 = date(2014, 1, 1)
_NORMAL, _INTERMEDIATE, _REDUCED = Decimal(20), Decimal(10), Decimal("5.5")
EXEMPT_NAME = "Exonéré de TVA (CGI 261)"
FRENCH_RATES = (
    FrenchRate(code="electronic", percent=_NORMAL, from_on=_SINCE_2014, name="TVA 20 % (CGI 278)"),
    FrenchRate(code="services", percent=_NORMAL, from_on=_SINCE_2014, name="TVA 20 % (CGI 278)"),
    FrenchRate(code="on_site", percent=_NORMAL, from_on=_SINCE_2014, name="TVA 20 % (CGI 278)"),
    FrenchRate(code="goods", percent=_NORMAL, from_on=_SINCE_2014, name="TVA 20 % (CGI 278)"),
    FrenchRate(code="restaurant", percent=_INTERMEDIATE, from_on=_SINCE_2014, name="TVA 10 % (CGI 279 m)"),
    FrenchRate(code="transport", percent=_INTERMEDIATE, from_on=_SINCE_2014, name="TVA 10 % (CGI 279 b quater)"),
    FrenchRate(code="reduced", percent=_INTERMEDIATE, from_on=_SINCE_2014, name="TVA 10 % (CGI 278 bis, 279)"),
    FrenchRate(code="food", percent=_REDUCED, from_on=_SINCE_2014, name="TVA 5,5 % (CGI 278-0 bis A)"),
    FrenchRate(code="books", percent=_REDUCED, from_on=_SINCE_2014, name="TVA 5,5 % (CGI 278-0 bis A)"),
    FrenchRate(code="press", percent=Decimal("2.1"), from_on=_SINCE_2014, name="TVA 2,1 % (CGI 298 septies)"),
    FrenchRate(code="exempt", percent=Decimal(0), from_on=_SINCE_2014, name=EXEMPT_NAME),
)
"""Rates of mainland France since 1 January 2014 (CGI 278 to 279; press: 298 septies, paper and online)."""

_FULL = ("electronic", "services", "on_site", "goods")
_LESS = ("restaurant", "transport", "reduced", "food", "books")
OVERSEAS_RATES = (
    *(FrenchRate(code=c, percent=Decimal("8.5"), from_on=_SINCE_2014, name="TVA 8,5 % (CGI 296, 1° b)") for c in _FULL),
    *(FrenchRate(code=c, percent=Decimal("2.1"), from_on=_SINCE_2014, name="TVA 2,1 % (CGI 296, 1° a)") for c in _LESS),
    FrenchRate(code="press", percent=Decimal("1.05"), from_on=_SINCE_2014, name="TVA 1,05 % (CGI 298 septies)"),
    FrenchRate(code="exempt", percent=Decimal(0), from_on=_SINCE_2014, name=EXEMPT_NAME),
)
"""Guadeloupe, Martinique and Réunion: 8.5 and 2.1 % (CGI 296), press 1.05 %. What is at 5.5 or 10 % on the mainland is
at 2.1 % there (BOI-TVA-GEO-20-10). The 1.75 % of CGI 296 ter are for live animals, which nobody subscribes to."""

OSS_BEGAN = date(2021, 7, 1)
"""The one-stop shop for distance sales and services began on that day (directive (EU) 2017/2455): rates from before
are not needed."""

STANDARD = "standard"
_Steps = tuple[tuple[date, Decimal], ...]


def _steps(first: str, *later: tuple[str, str]) -> _Steps:
    """A rate from the beginning, and what it became on which days."""
    return ((OSS_BEGAN, Decimal(first)), *((date.fromisoformat(on), Decimal(percent)) for on, percent in later))


_BOOKS_TO_PRESS = ("AT", "DE", "ES", "GR", "HR", "IT", "LU", "LV", "MT", "NL", "PT", "SE", "SI")
"""Where newspapers and periodicals have the rate of books."""

EU_RATES: dict[str, dict[str, _Steps]] = {
    "AT": {STANDARD: _steps("20"), "books": _steps("10")},
    "BE": {STANDARD: _steps("21"), "books": _steps("6"), "food": _steps("6")},
    "BG": {STANDARD: _steps("20")},
    "CY": {STANDARD: _steps("19")},
    "CZ": {STANDARD: _steps("21"), "books": _steps("10", ("2024-01-01", "0"))},
    "DE": {STANDARD: _steps("19"), "books": _steps("7"), "food": _steps("7")},
    "DK": {STANDARD: _steps("25")},
    "EE": {STANDARD: _steps("20", ("2024-01-01", "22"), ("2025-07-01", "24")), "books": _steps("9")},
    "ES": {STANDARD: _steps("21"), "books": _steps("4")},
    "FI": {
        STANDARD: _steps("24", ("2024-09-01", "25.5")),
        "books": _steps("10", ("2025-01-01", "14"), ("2026-01-01", "13.5")),
        "food": _steps("14", ("2026-01-01", "13.5")),
    },
    "FR": {STANDARD: _steps("20"), **{rate.code: _steps(str(rate.percent)) for rate in FRENCH_RATES}},
    "GR": {STANDARD: _steps("24"), "books": _steps("6")},
    "HR": {STANDARD: _steps("25"), "books": _steps("5")},
    "HU": {STANDARD: _steps("27"), "books": _steps("5")},
    "IE": {STANDARD: _steps("23"), "books": _steps("0")},
    "IT": {STANDARD: _steps("22"), "books": _steps("4")},
    "LT": {STANDARD: _steps("21"), "books": _steps("9", ("2026-01-01", "5"))},
    "LU": {STANDARD: _steps("17", ("2023-01-01", "16"), ("2024-01-01", "17")), "books": _steps("3"),
           "food": _steps("3")},
    "LV": {STANDARD: _steps("21"), "books": _steps("12", ("2022-01-01", "5"))},
    "MT": {STANDARD: _steps("18"), "books": _steps("5")},
    "NL": {STANDARD: _steps("21"), "books": _steps("9"), "food": _steps("9")},
    "PL": {STANDARD: _steps("23"), "books": _steps("5")},
    "PT": {STANDARD: _steps("23"), "books": _steps("6")},
    "PT-20": {STANDARD: _steps("16"), "books": _steps("4"), "press": _steps("4")},
    "PT-30": {STANDARD: _steps("22"), "books": _steps("5", ("2024-10-01", "4")),
              "press": _steps("5", ("2024-10-01", "4"))},
    "RO": {STANDARD: _steps("19", ("2025-08-01", "21")), "books": _steps("5", ("2025-08-01", "11"))},
    "SE": {STANDARD: _steps("25"), "books": _steps("6")},
    "SI": {STANDARD: _steps("22"), "books": _steps("5"), "food": _steps("9.5")},
    "SK": {STANDARD: _steps("20", ("2025-01-01", "23")), "books": _steps("10", ("2025-01-01", "5"))},
    "XI": {STANDARD: _steps("20"), "books": _steps("0")},
    CORSICA: {"food": _steps("2.1"), "books": _steps("2.1")},
}  # fmt: skip
"""Rates by VAT place and tax code; `standard` is for every code that is not named. Corsica's are CGI 297, I, 1, 2°
(food and books that are delivered there); its others are the mainland's."""

for _country in _BOOKS_TO_PRESS:
    EU_RATES[_country]["press"] = EU_RATES[_country]["books"]

_OVERSEAS: Mapping[str, FrenchRate] = {rate.code: rate for rate in OVERSEAS_RATES}

ZERO_RATED = frozenset({"BE", "CZ", "DK", "GB", "IE", "MT", "XI"})
"""Countries that know a true rate of zero: elsewhere 0 % is an exemption."""


def rate_of(place: str, code: str, day: date) -> Decimal | None:
    """The known rate of a tax code at a VAT place on a day, in percent; None where nothing is known of that place.

    >>> rate_of("IT", "electronic", date(2026, 11, 22)), rate_of("FI", "books", date(2024, 12, 31))
    (Decimal('22'), Decimal('10'))
    >>> rate_of("RE", "press", OSS_BEGAN), rate_of("FR-20R", "food", OSS_BEGAN), rate_of("CH", "x", OSS_BEGAN)
    (Decimal('1.05'), Decimal('2.1'), None)
    """
    if place in TAXED_OVERSEAS:
        return _OVERSEAS[code if code in _OVERSEAS else "electronic"].percent
    own = EU_RATES.get(place, {})
    steps = own.get(code) or own.get(STANDARD)
    if steps is None:
        parent = country_of(place)
        return rate_of(parent, code, day) if parent != place and parent in EU_RATES else None
    began = [percent for on, percent in steps if on <= day]
    return began[-1] if began else steps[0][1]
