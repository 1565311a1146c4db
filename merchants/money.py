"""Amounts: whole numbers of a currency's minor unit, and the few ways to make, split and round them.

The only table of currency exponents (domain, preface; reliability §1.8.9). Exact until rounded once: what is not whole
is a `Fraction`, never a float.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm

from merchants.refusals import Invalid, gettext_noop

AMOUNT_LIMIT = 10**15
"""No amount reaches this, in minor units: sums of many still fit a signed 64-bit column."""

QUANTITY_LIMIT = 10**6
"""The largest quantity of an offer or option."""

UNIT_DECIMALS = 6
"""Decimals of a unit price, in the currency's major unit."""

_TWO = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP "
    "CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES "
    "KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR "
    "NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS "
    "TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW"
)
_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"

EXPONENTS: dict[str, int] = {
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys(_ZERO.split(), 0),
    **dict.fromkeys(_THREE.split(), 3),
}
"""Decimals by ISO 4217 code. MGA has none here: its fifth is not in use. What a provider counts otherwise (ISK, HUF,
TWD, UGX) its adapter converts."""

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)


def check_currency(currency: object, *, field: str = "currency") -> str:
    """The code itself when it is a currency that we know, in capitals. Raises `Invalid` (`currency_unknown`).

    >>> check_currency("EUR")
    'EUR'
    >>> check_currency("eur")
    Traceback (most recent call last):
    merchants.refusals.Invalid: ('currency_unknown', 'Not a currency code of ISO 4217, in three capitals.')
    """
    if isinstance(currency, str) and currency in EXPONENTS:
        return currency
    raise Invalid.at(field, "currency_unknown", gettext_noop("Not a currency code of ISO 4217, in three capitals."))


def exponent(currency: str) -> int:
    """Decimals of a currency. Raises `Invalid` where it is unknown.

    >>> exponent("EUR"), exponent("JPY"), exponent("TND")
    (2, 0, 3)
    """
    known = EXPONENTS.get(currency)
    return EXPONENTS[check_currency(currency)] if known is None else known


def round_half_away(value: Fraction | int) -> int:
    """The nearest whole number, half away from zero, symmetric for negatives (domain 5).

    >>> round_half_away(Fraction(5, 2)), round_half_away(Fraction(-5, 2)), round_half_away(Fraction(7, 3))
    (3, -3, 2)
    """
    return value if isinstance(value, int) else round_ratio(value.numerator, value.denominator)


def round_ratio(numerator: int, denominator: int) -> int:
    """The same for a ratio of whole numbers, the denominator above zero: no fraction is built on the way.

    >>> round_ratio(2990 * 18, 31), round_ratio(-1, 2)
    (1736, -1)
    """
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole


def check_amount(amount: object, *, field: str = "amount", signed: bool = False) -> int:
    """An amount in minor units within bounds; below zero only where `signed`. Raises `Invalid`.

    >>> check_amount(2990)
    2990
    >>> check_amount(-1)
    Traceback (most recent call last):
    merchants.refusals.Invalid: ('amount_negative', 'An amount here is not below zero.')
    """
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise Invalid.at(
            field, "amount_not_whole", gettext_noop("An amount is a whole number of the currency's minor unit.")
        )
    if abs(amount) >= AMOUNT_LIMIT:
        raise Invalid.at(field, "amount_too_large", gettext_noop("An amount is below 10^15 minor units."))
    if amount < 0 and not signed:
        raise Invalid.at(field, "amount_negative", gettext_noop("An amount here is not below zero."))
    return amount


def check_quantity(quantity: object, *, field: str = "quantity") -> int:
    """A whole quantity from 1 to 1,000,000. Raises `Invalid`.

    >>> check_quantity(3)
    3
    """
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 1 <= quantity <= QUANTITY_LIMIT:
        raise Invalid.at(
            field,
            "quantity_out_of_range",
            gettext_noop("A quantity is a whole number from 1 to %(most)s."),
            {"most": QUANTITY_LIMIT},
        )
    return quantity


def _decimal(text: object, *, field: str, decimals: int, signed: bool) -> Fraction:
    if not isinstance(text, str) or len(text) > 40 or not _DECIMAL.fullmatch(text):
        raise Invalid.at(field, "decimal_malformed", gettext_noop("Write a decimal number such as 29.90."))
    exact = Fraction(text)
    if text.startswith("-") and (not signed or exact == 0):
        raise Invalid.at(field, "amount_negative", gettext_noop("An amount here is not below zero."))
    if len(text.partition(".")[2]) > decimals:
        raise Invalid.at(
            field, "too_many_decimals", gettext_noop("At most %(most)s decimals here."), {"most": decimals}
        )
    return exact


def parse_amount(text: object, currency: str, *, field: str = "amount", signed: bool = False) -> int:
    """A decimal string in major units, as a person or a file writes it, in minor units.

    Plain ASCII digits and one point: no exponent, grouping, sign (unless `signed`), blank, leading zero, other script,
    nor more decimals than the currency has. Raises `Invalid`.

    >>> parse_amount("29.90", "EUR"), parse_amount("1.234", "KWD"), parse_amount("500", "JPY")
    (2990, 1234, 500)
    >>> parse_amount("10.5", "JPY")
    Traceback (most recent call last):
    merchants.refusals.Invalid: ('too_many_decimals', 'At most 0 decimals here.')
    """
    decimals = exponent(currency)
    exact = _decimal(text, field=field, decimals=decimals, signed=signed)
    return check_amount(int(exact * 10**decimals), field=field, signed=signed)


def parse_unit_price(text: object, currency: str, *, field: str = "unit_price", signed: bool = False) -> Fraction:
    """A unit price, a decimal string in major units with up to six decimals, exact. Raises `Invalid`.

    >>> parse_unit_price("0.0125", "EUR")
    Fraction(1, 80)
    """
    exact = _decimal(text, field=field, decimals=UNIT_DECIMALS, signed=signed)
    if abs(exact) * 10 ** exponent(currency) >= AMOUNT_LIMIT:
        raise Invalid.at(field, "amount_too_large", gettext_noop("An amount is below 10^15 minor units."))
    return exact


def price_times(unit_price: Fraction, quantity: Fraction | Decimal | int, currency: str) -> int:
    """Unit price in major units × quantity, in minor units, rounded once.

    >>> price_times(Fraction("0.0125"), 333, "EUR")       # 4.1625
    416
    """
    return check_amount(round_half_away(unit_price * Fraction(quantity) * 10 ** exponent(currency)), signed=True)


def decimal_text(amount: int, currency: str) -> str:
    """Minor units as a plain decimal string of major units; the inverse of `parse_amount`.

    >>> decimal_text(2990, "EUR"), decimal_text(-5, "EUR"), decimal_text(500, "JPY"), decimal_text(1234, "TND")
    ('29.90', '-0.05', '500', '1.234')
    """
    decimals = exponent(currency)
    digits = str(abs(amount)).rjust(decimals + 1, "0")
    sign = "-" if amount < 0 else ""
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{sign}{digits}"


def apportion(total: int, numerators: Sequence[int], denominator: int) -> list[int]:
    """Whole shares next to exact quotas, `numerator / denominator`, whose sum is `total` to within a rounding: each is
    floored (towards zero for a total below it), and what is left goes by one to the largest remainders, ties to the
    earlier. Raises `ValueError` where quotas and total are too far apart for that.

    >>> apportion(10, [10, 10, 10], 3)
    [4, 3, 3]
    """
    if total < 0:
        return [-share for share in apportion(-total, [-numerator for numerator in numerators], denominator)]
    split = [divmod(numerator, denominator) for numerator in numerators]
    shares = [share for share, _ in split]
    left = total - sum(shares)
    if not 0 <= left <= len(shares):
        raise ValueError("quotas do not sum to the total")
    if left:
        for at in sorted(range(len(split)), key=lambda at: (-split[at][1], at))[:left]:
            shares[at] += 1
    return shares


def largest_remainder(total: int, weights: Sequence[Fraction | int]) -> list[int]:
    """Split a whole total in proportion to weights, to the unit: the shares sum to it; ties go to the earlier.

    Raises `ValueError` where all weights are zero and the total is not, or where they sum to less than zero.

    >>> largest_remainder(100, [1, 1, 1])
    [34, 33, 33]
    >>> largest_remainder(-100, [2, 1])
    [-67, -33]
    """
    scale = lcm(*(weight.denominator for weight in weights))
    whole = [weight.numerator * (scale // weight.denominator) for weight in weights]
    if (sum_of := sum(whole)) <= 0:
        if total or sum_of:
            raise ValueError("nothing to split a total over")
        return [0] * len(whole)
    return apportion(total, [total * weight for weight in whole], sum_of)
