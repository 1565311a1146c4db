"""Which currencies and amounts Stripe takes, and how it writes them in messages."""

# ruff: noqa: SIM905 - long lists of words read best as text

from __future__ import annotations

from .errors import invalid

ZERO_DECIMAL = frozenset(("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf").split())
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
WHOLE_UNITS = frozenset({"isk", "ugx"})
"""Counted with two decimals for old clients' sake, but both must be 0."""

_TWO_DECIMAL = frozenset(
    (
        "aed all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny "
        "cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr "
        "isk jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad "
        "ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std "
        "szl thb tjs top try ttd twd tzs uah ugx usd uyu uzs wst xcd yer zar zmw"
    ).split()
)
CURRENCIES = _TWO_DECIMAL | ZERO_DECIMAL | THREE_DECIMAL
_SIGNS = {"eur": "€", "usd": "$", "gbp": "£", "jpy": "¥"}
_LEAST = {"gbp": 30, "jpy": 50, "dkk": 250, "nok": 300, "sek": 300, "pln": 200, "czk": 1500, "huf": 17500, "mxn": 1000}
_MOST = 99_999_999


def written(amount: int, currency: str) -> str:
    """An amount as Stripe's messages write it.

    >>> written(90_000, "eur"), written(500, "jpy"), written(1500, "chf")
    ('€900.00', '¥500', '15.00 chf')
    """
    digits = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    text = f"{amount / 10**digits:,.{digits}f}"
    return f"{_SIGNS[currency]}{text}" if currency in _SIGNS else f"{text} {currency}"


def check(amount: int, currency: str, *, param: str = "amount") -> None:
    """Refuse what Stripe would not take. Raises `ApiError`."""
    currency = currency.lower()
    if currency not in CURRENCIES:
        known = ", ".join(sorted(CURRENCIES))
        raise invalid(
            f"Invalid currency: {currency}. Stripe currently supports these currencies: {known}", param="currency"
        )
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", param=param, code="parameter_invalid_integer")
    least = _LEAST.get(currency, 50)
    if amount < least and currency not in ZERO_DECIMAL | THREE_DECIMAL:
        raise invalid(
            f"Amount must be at least {written(least, currency)} {currency}", param=param, code="amount_too_small"
        )
    if amount > _MOST:
        raise invalid(
            f"Amount must be no more than {written(_MOST, currency)} {currency}", param=param, code="amount_too_large"
        )
    if (currency in THREE_DECIMAL and amount % 10) or (currency in WHOLE_UNITS and amount % 100):
        raise invalid(f"Invalid amount for {currency}: it has decimals that this currency does not take.", param=param)
