"""How Stripe counts the currencies that it does not count as ISO 4217 does. Pure.

Ours are whole minor units. Stripe keeps two decimals for ISK and UGX, which have none, and takes three-decimal
currencies only in tens (docs.stripe.com/currencies; reliability §1.8.9). Everything else is counted alike.
"""

from __future__ import annotations

_HUNDREDFOLD = frozenset({"ISK", "UGX"})
_IN_TENS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


class NotPossibleError(ValueError):
    """An amount that Stripe cannot take in this currency."""


def to_stripe(amount: int, currency: str) -> int:
    """Our minor units as Stripe counts them. Raises `NotPossibleError`.

    >>> to_stripe(1990, "EUR"), to_stripe(500, "JPY"), to_stripe(1500, "ISK"), to_stripe(12_340, "TND")
    (1990, 500, 150000, 12340)
    >>> to_stripe(12_345, "TND")
    Traceback (most recent call last):
    billing.gateways.stripe_amounts.NotPossibleError: TND is charged in tens of its smallest unit.
    """
    code = currency.upper()
    if code in _IN_TENS and amount % 10:
        raise NotPossibleError(f"{code} is charged in tens of its smallest unit.")
    return amount * 100 if code in _HUNDREDFOLD else amount


def from_stripe(amount: int, currency: str) -> int:
    """Stripe's count in our minor units. Raises `NotPossibleError` for a fraction of a unit that has none.

    >>> from_stripe(150_000, "isk"), from_stripe(1990, "eur")
    (1500, 1990)
    """
    code = currency.upper()
    if code not in _HUNDREDFOLD:
        return amount
    if amount % 100:
        raise NotPossibleError(f"{code} has no decimals, yet Stripe says {amount}.")
    return amount // 100
