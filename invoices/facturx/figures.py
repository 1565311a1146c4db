"""Figures of the standard from those of a document: nets before discounts, allowances, unit prices. Pure.

The paper prints lines before discounts and each coupon once per rate; EN 16931 has the same shape: line nets (BT-131),
document level allowances (BG-20), and per rate a base that is the one less the other (BR-CO-10 to 13, BR-S-08). Where
prices hold no VAT both are the printed figures. Where they hold it, the net of a rate before discounts is found as its
base is (gross less VAT contained, rounded once), split over lines by largest remainder, and what lies between it and
the base is split over the coupons: every sum is exact, no line is off by more than one minor unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

from invoices.drafts import unit_net
from invoices.facturx.documents import Document, Item, Rate
from invoices.totals import tax_inclusive
from merchants.money import apportion, decimal_text, exponent, largest_remainder

PRICE_DECIMALS = 6
QUANTITY_DECIMALS = 4
"""What the French rules allow (BR-FR-DEC-02 and 03)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one coupon takes off the lines of one rate, without VAT (BG-20); without a title: a discount."""

    title: str
    percent: Decimal | None
    amount: int
    rate: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """Quantity (BT-129), net price (BT-146) and, where the price is of more than one, of how many (BT-149)."""

    quantity: str
    price: str
    basis: str = ""


def split(document: Document) -> tuple[list[int], list[Allowance]]:
    """Each line's net before discounts, in the order of the lines, and the allowances; minor units.

    Per rate the nets less the allowances are exactly its base. Raises `ValueError` where the rows contradict each
    other: `fitness` refuses such a document first.
    """
    nets = [item.net for item in document.items]
    allowances: list[Allowance] = []
    for rate in document.rates:
        places = [at for at, item in enumerate(document.items) if document.rate_of(item) is rate]
        items = [document.items[at] for at in places]
        if not any(item.taken for item in items):
            continue
        before = _before(items, rate, inclusive=document.prices == "inclusive")
        for at, net in zip(places, before, strict=True):
            nets[at] = net
        allowances += _allowances(items, rate, sum(before) - rate.base)
    return nets, allowances


def _before(items: Sequence[Item], rate: Rate, *, inclusive: bool) -> list[int]:
    """Nets of one rate's lines as if no coupon had been there.

    >>> rate = Rate(percent=Decimal(20), category="S", base=1500, vat=300)
    >>> item = Item(title="", amount=1000, net=0, percent=Decimal(20), category="S")
    >>> _before([item, item], rate, inclusive=True)       # 20.00 with VAT hold 3.33 of it
    [834, 833]
    """
    amounts = [item.amount for item in items]
    if not inclusive:
        return amounts
    numerator, denominator = rate.percent.as_integer_ratio()
    total = sum(amounts) - tax_inclusive(sum(amounts), rate.percent)
    return apportion(total, [amount * 100 * denominator for amount in amounts], 100 * denominator + numerator)


def _allowances(items: Sequence[Item], rate: Rate, total: int) -> list[Allowance]:
    taken: dict[tuple[str, Decimal | None], int] = {}
    for item in items:
        for part in item.taken:
            taken[part.title, part.percent] = taken.get((part.title, part.percent), 0) + part.amount
    shares = largest_remainder(total, list(taken.values()))
    return [
        Allowance(title=title, percent=percent, amount=share, rate=rate)
        for (title, percent), share in zip(taken, shares, strict=True)
        if share
    ]


def priced(item: Item, net: int, document: Document) -> Priced:
    """How a line's net comes about in the standard: quantity × price ÷ basis, rounded, is the net, always.

    The price that the document says where prices hold no VAT and it gives the net; else net over quantity with up to
    six decimals; else, where even these do not lead back to the net, the net itself as the price of that many. A
    quantity with more than four decimals stands as one.

    >>> from invoices.facturx.sampling import plain
    >>> def said(net, quantity):
    ...     item = Item(title="", amount=net, net=net, percent=Decimal(20), category="S", quantity=Decimal(quantity))
    ...     found = priced(item, net, plain())
    ...     return found.quantity, found.price, found.basis
    >>> said(2492, "1"), said(1000, "3"), said(4688, "1250000")
    (('1', '24.92', ''), ('3', '3.333333', ''), ('1250000', '46.88', '1250000'))
    """
    quantity = item.quantity.normalize() + 0
    if quantity <= 0 or -int(quantity.as_tuple().exponent) > QUANTITY_DECIMALS:
        return Priced(quantity="1", price=decimal_text(net, document.currency))
    stated = item.unit_price if document.prices == "exclusive" and document.kind == "invoice" else None
    for price in (stated, unit_net(net, quantity, document.currency)):
        if price is not None and _gives(price, quantity, net, document.currency):
            return Priced(quantity=f"{quantity:f}", price=_price_text(price, document.currency))
    return Priced(quantity=f"{quantity:f}", price=decimal_text(net, document.currency), basis=f"{quantity:f}")


def _gives(price: Decimal, quantity: Decimal, net: int, currency: str) -> bool:
    """Whether price × quantity rounds to the net, and the price has no more decimals than are allowed."""
    if price < 0 or -int(price.normalize().as_tuple().exponent) > PRICE_DECIMALS:
        return False
    with localcontext() as context:
        context.prec = 60
        return (price * quantity).scaleb(exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_UP) == net


def _price_text(price: Decimal, currency: str) -> str:
    """A price with at least the currency's decimals and none that say nothing.

    >>> _price_text(Decimal("0.037500"), "EUR"), _price_text(Decimal("5"), "EUR"), _price_text(Decimal("5"), "JPY")
    ('0.0375', '5.00', '5')
    """
    whole, _, part = f"{price:f}".partition(".")
    part = part.rstrip("0").ljust(exponent(currency), "0")
    return f"{whole}.{part}" if part else whole


def percent_text(percent: Decimal) -> str:
    """A rate as the French list of rates has it (BR-FR-16): no zeros that say nothing.

    >>> percent_text(Decimal("20.000")), percent_text(Decimal("5.500")), percent_text(Decimal("0.000"))
    ('20', '5.5', '0')
    """
    return f"{percent.normalize() + 0:f}"
