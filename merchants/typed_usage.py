"""◆ Prices of use as people type them: `0,0125`; `5,00 / 100` for each package of 100; tiers a line each, `1000: 0,10`,
where the last line has no end and `+ 5,00` is asked once in its tier.
"""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from merchants.metered import TIERED, PriceModel, TierTerm, UsageTerm
from merchants.money import decimal_text, exponent
from merchants.refusals import Invalid, gettext_noop
from merchants.typed import pointed, typed_amount
from merchants.wording import decimal_sign

_SAID = gettext_noop("Write a price such as 0.10; a package as 5.00 / 100; tiers a line each, as 1000: 0.10 + 5.00.")


def typed_usage(feature: UUID, model: str, text: str, currency: str, language: str) -> UsageTerm:
    """The price of a feature's use. What it says is checked with the offer (`metered.usage_faults`); raises Invalid at
    `prices` where it cannot be read at all.

    >>> typed_usage(UUID(int=1), "package", "5,00 / 1 000", "EUR", "fr").package_size
    '1000'
    >>> [(tier.up_to, tier.unit_price, tier.flat_amount) for tier in
    ...     typed_usage(UUID(int=1), "graduated", "100: 0\\n1 000: 0,10\\n0,05 + 5,00", "EUR", "fr").tiers]
    [('100', '0', 0), ('1000', '0.10', 0), (None, '0.05', 500)]
    """
    if model in TIERED:
        tiers = [_tier(line, currency, language) for line in text.splitlines() if line.strip()]
        return UsageTerm(feature=feature, model=model, tiers=tuple(tiers))
    price, divided, size = text.partition("/")
    if model == PriceModel.package and not divided:
        raise Invalid.at("prices", "usage_price_malformed", _SAID)
    return UsageTerm(
        feature=feature,
        model=model,
        unit_price=_decimal(price, currency, language),
        package_size=_decimal(size, currency, language) if divided else None,
    )


def shown_usage(term: UsageTerm, currency: str, language: str) -> str:
    """The price as its field shows it, ready to be typed over.

    >>> tiers = (TierTerm(unit_price="0", up_to="100"), TierTerm(unit_price="0.05", flat_amount=500))
    >>> shown_usage(UsageTerm(feature=UUID(int=1), model="volume", tiers=tiers), "EUR", "fr")
    '100: 0,00\\n0,05 + 5,00'
    """
    sign = decimal_sign(language)
    if term.model in TIERED:
        lines = []
        for tier in term.tiers:
            flat = f" + {decimal_text(tier.flat_amount, currency)}" if tier.flat_amount else ""
            end = f"{_short(tier.up_to)}: " if tier.up_to else ""
            lines.append(f"{end}{_padded(tier.unit_price, currency)}{flat}".replace(".", sign))
        return "\n".join(lines)
    size = f" / {_short(term.package_size)}" if term.package_size else ""
    return f"{_padded(term.unit_price or '0', currency)}{size}".replace(".", sign)


def _tier(line: str, currency: str, language: str) -> TierTerm:
    end, divided, price = line.rpartition(":")
    each, plus, flat = price.partition("+")
    return TierTerm(
        unit_price=_decimal(each, currency, language),
        up_to=_decimal(end, currency, language) if divided else None,
        flat_amount=typed_amount(flat, currency, language, field="prices") if plus else 0,
    )


def _decimal(text: str, currency: str, language: str) -> str:
    """Digits with one point. Raises Invalid at `prices`."""
    plain = pointed(text, currency, language)
    if not plain.isascii() or not plain.replace(".", "", 1).isdecimal() or plain.startswith(".") or plain.endswith("."):
        raise Invalid.at("prices", "usage_price_malformed", _SAID)
    return plain


def _padded(price: str, currency: str) -> str:
    """A price with at least the currency's decimals."""
    whole, _, part = price.partition(".")
    part = part.ljust(exponent(currency), "0")
    return f"{whole}.{part}" if part else whole


def _short(quantity: str | None) -> str:
    text = f"{Decimal(quantity or 0):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
