"""Where a place lies for VAT: a country and a postal code make one code, a country's or a region's of its own. Pure.

VAT has territories of its own: the French overseas departments are outside the VAT territory of the Union and have
their own rates or none (CGI 294 and 296), Corsica has some (297), Monaco counts as France (253 bis and the convention
of 18 May 1963); a few places of member states are outside too (directive 2006/112/EC, art. 6 and 7).
"""

from __future__ import annotations

import re

EU = frozenset({
    "AT", "BE", "BG", "HR", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip
"""The member states, by ISO 3166: Greece is GR here, EL only in its VAT numbers."""

TAXED_OVERSEAS = frozenset({"GP", "MQ", "RE"})
"""Guadeloupe, Martinique, Réunion: VAT at the rates of CGI 296."""
UNTAXED_OVERSEAS = frozenset({"GF", "YT"})
"""Guyane and Mayotte: VAT does not apply there (CGI 294, 1)."""
CORSICA, NORTHERN_IRELAND = "FR-20R", "XI"
FRENCH = frozenset({"FR", CORSICA}) | TAXED_OVERSEAS | UNTAXED_OVERSEAS
"""Where the French code is the one that decides, at home and overseas."""

_FRENCH_POSTAL = {
    "971": "GP", "972": "MQ", "973": "GF", "974": "RE", "975": "PM", "976": "YT", "977": "BL", "978": "MF",
    "984": "TF", "986": "WF", "987": "PF", "988": "NC",
}  # fmt: skip
_OWN_CODE = {"97133": "BL", "97150": "MF"}
_OUTSIDE = (
    ("ES", re.compile(r"(35|38)\d{3}")),  # the Canary Islands
    ("ES", re.compile(r"(51|52)\d{3}")),  # Ceuta, Melilla
    ("DE", re.compile(r"27498|78266")),  # Heligoland, Büsingen
    ("IT", re.compile(r"23041|22061")),  # Livigno, Campione d'Italia
    ("GR", re.compile(r"6308[67]")),  # Mount Athos
    ("FI", re.compile(r"22\d{3}")),  # Åland
)
_REGIONS = (
    ("PT", re.compile(r"9[0-4]\d{2}.*"), "PT-30"),  # Madeira
    ("PT", re.compile(r"9[5-9]\d{2}.*"), "PT-20"),  # the Azores
)


def place(country: str, postal_code: str = "") -> str:
    """The VAT place of an address: an ISO country, a region that has rates of its own (`FR-20R`, `PT-20`), or a part of
    a member state that is outside the Union's VAT (`ES-OUT`). Empty where the country is not known.

    >>> place("FR", "69001"), place("FR", "97410"), place("RE"), place("FR", "20000"), place("MC")
    ('FR', 'RE', 'RE', 'FR-20R', 'FR')
    >>> place("ES", "35001"), place("PT", "9500-321"), place("GB", "BT1 5GS"), place("", "69001")
    ('ES-OUT', 'PT-20', 'XI', '')
    """
    code = "".join(postal_code.split()).upper()
    if country == "MC":
        return "FR"
    if country == "AX":
        return "FI-OUT"
    if country == "FR":
        if re.fullmatch(r"20\d{3}", code):
            return CORSICA
        known = re.fullmatch(r"9[78]\d{3}", code)
        return (_OWN_CODE.get(code) or _FRENCH_POSTAL.get(code[:3], "FR")) if known else "FR"
    if country == "GB" and re.fullmatch(r"BT\d.*", code):
        return NORTHERN_IRELAND
    for of, outside in _OUTSIDE:
        if country == of and outside.fullmatch(code):
            return f"{of}-OUT"
    for of, region, name in _REGIONS:
        if country == of and region.fullmatch(code):
            return name
    return country


def country_of(place: str) -> str:
    """The country that a place is part of, as tables and addresses name it.

    >>> country_of("FR-20R"), country_of("RE"), country_of("XI"), country_of("")
    ('FR', 'RE', 'GB', '')
    """
    return "GB" if place == NORTHERN_IRELAND else place.partition("-")[0]


def in_eu(place: str, *, goods: bool = False) -> bool:
    """Whether the Union's VAT holds there; in Northern Ireland it does for goods alone (protocol of 17 October 2019).

    >>> in_eu("IT"), in_eu("FR-20R"), in_eu("RE"), in_eu("ES-OUT"), in_eu("XI"), in_eu("XI", goods=True)
    (True, True, False, False, False, True)
    """
    if place == NORTHERN_IRELAND:
        return goods
    return country_of(place) in EU and not place.endswith("-OUT")


def same_place(one: str, other: str) -> bool:
    """Whether two places share their rules of VAT: mainland France and Corsica do, Guadeloupe and Martinique are one
    territory (CGI 294, 2, 2°), regions of Portugal do.

    >>> same_place("FR", "FR-20R"), same_place("GP", "MQ"), same_place("FR", "RE"), same_place("PT", "PT-20")
    (True, True, False, True)
    """
    west = {"GP", "MQ"}
    if one in west and other in west:
        return True
    return one == other or (
        country_of(one) == country_of(other) and not one.endswith("-OUT") and not other.endswith("-OUT")
    )
