"""Numbers by which companies are known, countries and time zones: checked, not looked up. Pure."""

from __future__ import annotations

from datetime import date
from functools import cache
from zoneinfo import available_timezones

from babel import Locale
from stdnum import bic, iban
from stdnum.eu import at_02
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.fr import siren as fr_siren
from stdnum.fr import siret as fr_siret

from merchants.refusals import FieldError, gettext_noop
from merchants.terms import fault
from merchants.territories import EU, FRENCH
from merchants.vat_rates import OSS_BEGAN

_NO_COUNTRY = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"])
_VAT_PREFIXES = {"GR": "EL", "GB": "XI"}


@cache
def countries() -> frozenset[str]:
    """Country codes of ISO 3166-1 alpha-2, and XK."""
    codes = (str(code) for code in Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - _NO_COUNTRY


def is_country(code: str) -> bool:
    """Whether this is a country's code.

    >>> is_country("FR"), is_country("fr"), is_country("EU"), is_country("XX")
    (True, False, False, False)
    """
    return code in countries()


@cache
def zones() -> frozenset[str]:
    """Names of time zones by place (`Europe/Paris`), and UTC: an offset or an abbreviation is no merchant's zone."""
    regions = (
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    )
    return frozenset(name for name in available_timezones() if name.partition("/")[0] in regions) | {"UTC"}


def is_zone(name: str) -> bool:
    """Whether this is a time zone by place.

    >>> is_zone("Europe/Paris"), is_zone("Europe/Pariss"), is_zone("EST"), is_zone("UTC+1")
    (True, False, False, False)
    """
    return name in zones()


def siren_of(text: str) -> str | None:
    """A SIREN (nine digits, Luhn) without its blanks, or None.

    >>> siren_of("732 829 320"), siren_of("732829321")
    ('732829320', None)
    """
    try:
        return str(fr_siren.validate(text)) if text.isascii() else None
    except ValidationError:
        return None


def siret_of(text: str) -> str | None:
    """A SIRET (SIREN and five digits) without its blanks, or None. La Poste's own, whose digits sum to a multiple of
    five instead of Luhn's, are right too.

    >>> siret_of("732 829 320 00074"), siret_of("73282932000075"), siret_of("35600000049837")
    ('73282932000074', None, '35600000049837')
    """
    try:
        return str(fr_siret.validate(text)) if text.isascii() else None
    except ValidationError:
        return None


def vat_of(text: str, country: str = "") -> str | None:
    """An EU VAT number, compact and in capitals, or None; of that country where one is given and it has such numbers.

    >>> vat_of("fr 44 732 829 320"), vat_of("FR00732829320"), vat_of("DE136695976", "FR")
    ('FR44732829320', None, None)
    """
    if not text.isascii():
        return None
    try:
        number = str(eu_vat.validate(text))
    except (ValidationError, ImportError):
        return None
    if country and country.lower() in eu_vat.MEMBER_STATES | {"gb"}:
        return number if number[:2] == _VAT_PREFIXES.get(country, country) else None
    return number


def iban_of(text: str) -> str | None:
    """An account's number (ISO 13616), compact and in capitals, or None: its check digits, its country's length and,
    where the country has one, its national check.

    >>> iban_of("fr76 3000 6000 0112 3456 7890 189"), iban_of("FR7630006000011234567890188"), iban_of("FR76")
    ('FR7630006000011234567890189', None, None)
    """
    try:
        return str(iban.validate(text)) if text.isascii() else None
    except ValidationError:
        return None


def bic_of(text: str) -> str | None:
    """A bank's code (ISO 9362) of eight or eleven characters, in capitals, or None.

    >>> bic_of("bnpafrpp"), bic_of("BNPAFRPPXXX"), bic_of("BNPA")
    ('BNPAFRPP', 'BNPAFRPPXXX', None)
    """
    try:
        return str(bic.validate(text)) if text.isascii() else None
    except ValidationError:
        return None


def creditor_of(text: str) -> str | None:
    """A SEPA creditor identifier (EPC262-08, in France ICS), compact and in capitals, or None.

    >>> creditor_of("fr72 zzz 123456"), creditor_of("FR73ZZZ123456"), creditor_of("FR72")
    ('FR72ZZZ123456', None, None)
    """
    try:
        found = str(at_02.validate(text)) if text.isascii() else ""
    except ValidationError:
        return None
    return found if 9 <= len(found) <= 35 else None


def account_faults(*, iban: str = "", bic: str = "") -> list[FieldError]:
    """What is wrong with the account on which transfers are received; empty ones are not looked at.

    >>> [error.code for error in account_faults(iban="FR00", bic="BNPAFRPP")], account_faults()
    (['iban_invalid'], [])
    >>> [error.code for error in account_faults(bic="BNPAFRPP")]
    ['iban_missing']
    """
    found = []
    if iban and iban_of(iban) is None:
        found.append(fault("iban", "iban_invalid", gettext_noop("This is not an IBAN: a digit is wrong or missing.")))
    if bic and bic_of(bic) is None:
        found.append(fault("bic", "bic_invalid", gettext_noop("This is not a BIC: eight or eleven characters.")))
    if bic and not iban:
        found.append(fault("iban", "iban_missing", gettext_noop("A bank’s code needs the account’s number beside it.")))
    return found


def company_faults(*, siren: str = "", siret: str = "", vat_number: str = "", country: str = "FR") -> list[FieldError]:
    """What is wrong with a company's numbers; empty ones are not looked at. SIRET and French VAT number hold the SIREN.

    >>> [error.code for error in company_faults(siren="732829320", vat_number="FR83404833048")]
    ['vat_number_of_another']
    >>> [error.code for error in company_faults(siret="73282932000074", vat_number="FR83404833048")]
    ['vat_number_of_another']
    """
    found = []
    if siren and siren_of(siren) is None:
        found.append(
            fault("siren", "siren_invalid", gettext_noop("This is not a SIREN: nine digits, the last a check."))
        )
    if siret and siret_of(siret) is None:
        found.append(fault("siret", "siret_invalid", gettext_noop("This is not a SIRET: fourteen digits.")))
    if vat_number and vat_of(vat_number, country) is None:
        found.append(
            fault("vat_number", "vat_number_invalid", gettext_noop("This is not a VAT number of that country."))
        )
    bare = siren_of(siren) or (siret_of(siret) or "")[:9]
    if found or not bare:
        return found
    if siret and (siret_of(siret) or "")[:9] != bare:
        found.append(fault("siret", "siret_of_another", gettext_noop("This SIRET is of another SIREN.")))
    number = vat_of(vat_number) or "" if vat_number else ""
    if number.startswith("FR") and number[4:] != bare:
        found.append(fault("vat_number", "vat_number_of_another", gettext_noop("This VAT number is of another SIREN.")))
    return found


def oss_faults(since: date | None, *, franchise: bool, vat_number: str, where: str) -> list[FieldError]:
    """What is wrong with a day from which a company is in the one-stop shop; none where it names no day.

    >>> day = date(2026, 7, 1)
    >>> [error.code for error in oss_faults(day, franchise=False, vat_number="", where="FR")]
    ['oss_needs_vat_number']
    >>> oss_faults(day, franchise=False, vat_number="FR44732829320", where="FR"), oss_faults(None, franchise=True,
    ...     vat_number="", where="CH")
    ([], [])
    """
    if since is None:
        return []
    if since < OSS_BEGAN:
        return [fault("oss_since", "oss_too_early", gettext_noop("The one-stop shop began on 1 July 2021."))]
    if franchise:
        detail = gettext_noop("Who is exempt from VAT has none to declare through the one-stop shop.")
        return [fault("oss_since", "oss_under_franchise", detail)]
    if not vat_number:
        detail = gettext_noop("Who is in the one-stop shop has a VAT number: give it first.")
        return [fault("oss_since", "oss_needs_vat_number", detail)]
    if where not in EU | FRENCH | {"MC"}:
        detail = gettext_noop("Only a company of a member state declares so; another one has a scheme of its own.")
        return [fault("oss_since", "oss_outside_eu", detail)]
    return []
