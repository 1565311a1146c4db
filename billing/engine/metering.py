"""Usage, worked out: records to one quantity, a quantity to an amount (domain 8). Pure and exact: fractions until the
line, which is rounded once, half away from zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from merchants.metered import Aggregation, PriceModel, TierTerm, UsageTerm
from merchants.money import check_amount, exponent, parse_unit_price, round_half_away


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """Some units at one price: `quantity` of them (of packages, where these are priced), `unit_price` each as a decimal
    string of major units, and `flat`, minor units asked once."""

    quantity: Decimal
    unit_price: str
    flat: int = 0

    def exact(self, currency: str) -> Fraction:
        """What it comes to, in minor units, not rounded."""
        each: Fraction = parse_unit_price(self.unit_price, currency) * 10 ** exponent(currency)
        return each * Fraction(self.quantity) + self.flat


def aggregate(aggregation: Aggregation, records: Iterable[tuple[Decimal, str]]) -> Decimal:
    """One quantity of records `(quantity, value)`; 0 where there are none. The database does the same in SQL
    (`billing.selectors.metering`); this says what it means.

    >>> had = [(Decimal(3), "ada"), (Decimal("4.5"), "bob"), (Decimal(3), "ada")]
    >>> [str(aggregate(one, had)) for one in Aggregation]
    ['10.5', '4.5', '3', '2']
    """
    rows = list(records)
    if aggregation is Aggregation.sum:
        return sum((quantity for quantity, _ in rows), Decimal(0))
    if aggregation is Aggregation.max:
        return max((quantity for quantity, _ in rows), default=Decimal(0))
    return Decimal(len(rows) if aggregation is Aggregation.count else len({value for _, value in rows}))


def priced(term: UsageTerm, quantity: Decimal) -> tuple[Priced, ...]:
    """How a quantity is split over prices; nothing for a quantity of 0.

    A package that is begun counts whole. A tier ends with its `up_to`, that one included, so that 1000 of a tier up to
    1000 are all in it. Worked: 1,500 at 0.10 up to 1,000 and 0.05 above.

    >>> from uuid import UUID
    >>> tiers = (TierTerm(unit_price="0.10", up_to="1000"), TierTerm(unit_price="0.05", flat_amount=500))
    >>> steps = UsageTerm(feature=UUID(int=1), model="graduated", tiers=tiers)
    >>> [(str(part.quantity), part.unit_price, part.flat) for part in priced(steps, Decimal(1500))]
    [('1000', '0.10', 0), ('500', '0.05', 500)]
    >>> whole = UsageTerm(feature=UUID(int=1), model="volume", tiers=tiers)
    >>> [(str(part.quantity), part.unit_price, part.flat) for part in priced(whole, Decimal(1500))]
    [('1500', '0.05', 500)]
    >>> pack = UsageTerm(feature=UUID(int=1), model="package", unit_price="5.00", package_size="100")
    >>> [str(part.quantity) for part in priced(pack, Decimal("1200.5"))]
    ['13']
    """
    if quantity <= 0:
        return ()
    model = PriceModel(term.model)
    if model is PriceModel.graduated:
        return tuple(_through(term.tiers, quantity))
    if model is PriceModel.volume:
        tier = next(tier for tier in term.tiers if tier.up_to is None or quantity <= Decimal(tier.up_to))
        return (Priced(quantity=quantity, unit_price=tier.unit_price, flat=tier.flat_amount),)
    assert term.unit_price is not None
    if model is PriceModel.package:
        begun = Fraction(quantity) / Fraction(term.package_size or 1)
        packages = -(-begun.numerator // begun.denominator)
        return (Priced(quantity=Decimal(packages), unit_price=term.unit_price),)
    return (Priced(quantity=quantity, unit_price=term.unit_price),)


def amount_of(parts: Iterable[Priced], currency: str) -> int:
    """What parts come to together, in minor units, rounded once. Raises `Invalid` beyond 10^15.

    >>> parts = (Priced(quantity=Decimal(333), unit_price="0.0125"), Priced(quantity=Decimal(1), unit_price="0.004"))
    >>> amount_of(parts, "EUR")                                                  # 4.1625 + 0.004 = 4.1665
    417
    """
    return check_amount(round_half_away(sum((part.exact(currency) for part in parts), Fraction(0))))


def _through(tiers: Iterable[TierTerm], quantity: Decimal) -> Iterator[Priced]:
    """Each tier's own units, from the first one on."""
    former = Decimal(0)
    for tier in tiers:
        end = quantity if tier.up_to is None else min(quantity, Decimal(tier.up_to))
        yield Priced(quantity=end - former, unit_price=tier.unit_price, flat=tier.flat_amount)
        former = end
        if former == quantity:
            return
