"""Sums and tax of a document: VAT once per rate on that rate's sum, never per line (domain 6; EN 16931; I6, I12)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from invoices.drafts import DraftLine
from merchants.money import apportion, round_ratio
from subscribers.snapshots import TaxBehavior
from subscribers.taxes import TaxRate, Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTotal:
    """One rate's share of a document, in minor units; `net + tax == gross`. `rate` is in percent."""

    rate: Decimal
    category: str
    mention: Texts
    net: int
    tax: int
    gross: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a document comes to. `line_nets` stand in the order of the lines."""

    net: int
    tax: int
    gross: int
    rates: tuple[RateTotal, ...]
    line_nets: tuple[int, ...]


@lru_cache(maxsize=256)
def _ratio(rate: Decimal) -> tuple[int, int]:
    """A rate in percent as whole numerator and denominator."""
    return rate.as_integer_ratio()


def tax_exclusive(net: int, rate: Decimal) -> int:
    """VAT on a net sum, half away from zero.

    >>> tax_exclusive(1000, Decimal("5.5"))
    55
    """
    numerator, denominator = _ratio(rate)
    return round_ratio(net * numerator, 100 * denominator)


def tax_inclusive(gross: int, rate: Decimal) -> int:
    """VAT contained in a gross sum: round(gross × rate / (100 + rate)).

    >>> tax_inclusive(987, Decimal(20)), tax_inclusive(2990, Decimal(20))
    (165, 498)
    """
    numerator, denominator = _ratio(rate)
    return round_ratio(gross * numerator, 100 * denominator + numerator)


def totals(lines: Sequence[DraftLine], behavior: TaxBehavior) -> Totals:
    """Add and tax a document's lines, after discounts.

    Exclusive: the nets are the lines as they are, tax comes on top. Inclusive: the gross is exact, the net is what tax
    leaves, and line nets are split by largest remainder within their rate, ties to the earlier line.
    """
    by_rate: dict[tuple[Decimal, str], list[int]] = {}
    for at, line in enumerate(lines):
        by_rate.setdefault((line.tax.rate, line.tax.category), []).append(at)
    nets = [0] * len(lines)
    rates = []
    for (rate, category), places in sorted(by_rate.items(), key=lambda item: (-item[0][0], item[0][1])):
        charged = [lines[at].charged for at in places]
        if behavior is TaxBehavior.exclusive:
            net, line_nets = sum(charged), charged
            tax = tax_exclusive(net, rate)
        else:
            tax = tax_inclusive(sum(charged), rate)
            net = sum(charged) - tax
            numerator, denominator = _ratio(rate)
            exact = [amount * 100 * denominator for amount in charged]
            line_nets = apportion(net, exact, 100 * denominator + numerator)
        for at, line_net in zip(places, line_nets, strict=True):
            nets[at] = line_net
        mention = _mention(lines[at].tax for at in places)
        rates.append(RateTotal(rate=rate, category=category, mention=mention, net=net, tax=tax, gross=net + tax))
    return Totals(
        net=sum(one.net for one in rates),
        tax=sum(one.tax for one in rates),
        gross=sum(one.gross for one in rates),
        rates=tuple(rates),
        line_nets=tuple(nets),
    )


def _mention(rates: Iterable[TaxRate]) -> Texts:
    """What is said at that rate: each mention once, in the order of the lines."""
    said = [rate.mention for rate in rates if rate.mention]
    if len(said) < 2 or all(one == said[0] for one in said):
        return said[0] if said else {}
    locales = dict.fromkeys(locale for one in said for locale in one)
    return {locale: " ; ".join(dict.fromkeys(one[locale] for one in said if one.get(locale))) for locale in locales}
