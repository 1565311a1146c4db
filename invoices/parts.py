"""◆ A document by what it sells: net and VAT by rate, nature (goods or services) and scope, and which of it is paid.

VAT stands on a document once per rate; what is reported and booked by nature needs its share. Amounts are minor units.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from merchants.money import largest_remainder
from merchants.territories import FRENCH
from subscribers.taxation import Kind, Reason, kind_of


class Nature(StrEnum):
    """What kind of operation a sale is."""

    goods = "goods"
    services = "services"


class Scope(StrEnum):
    """Whether French VAT is on it, and if not, why."""

    taxed = "taxed"
    """At a rate of France, the overseas departments included."""
    franchise = "franchise"
    """By who is exempt altogether (CGI 293 B)."""
    exempt = "exempt"
    """Exempt by its nature (CGI 261 to 261 E)."""
    elsewhere = "elsewhere"
    """Not taxed in France: taxed in another state, by its buyer, exported, or where VAT does not hold."""


@dataclass(frozen=True, slots=True, order=True)
class Slice:
    """What of a document is of one rate (in percent), nature and scope."""

    percent: Decimal
    nature: Nature
    scope: Scope = Scope.taxed


@dataclass(frozen=True, slots=True)
class Share:
    """Net and VAT of a slice."""

    net: int
    tax: int

    @property
    def gross(self) -> int:
        """With VAT."""
        return self.net + self.tax


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """Lines of a document that are alike: rate, tax code, why that rate and of which place, and their net. `category`:
    that of EN 16931."""

    percent: Decimal
    tax_code: str
    net: int
    category: str = "S"
    reason: str = ""
    place: str = ""


def nature_of(tax_code: str) -> Nature:
    """Goods or services, by the line's tax code (CGI annexe II art. 242 nonies A, 17°).

    >>> nature_of("books").value, nature_of("electronic_press").value, nature_of("goods_wine").value
    ('goods', 'services', 'goods')
    """
    return Nature.goods if kind_of(tax_code) is Kind.goods else Nature.services


def scope_of(percent: Decimal, *, category: str = "S", reason: str = "", place: str = "") -> Scope:
    """The scope of a line. A line that says no reason is of home, or older than reasons: then 0 % in category E is the
    franchise, which was the only one.

    >>> scope_of(Decimal(20)).value, scope_of(Decimal(22), reason="oss", place="IT").value
    ('taxed', 'elsewhere')
    >>> scope_of(Decimal(0), category="E", reason="exempt").value, scope_of(Decimal(0), category="AE").value
    ('exempt', 'elsewhere')
    """
    if percent:
        return Scope.taxed if not place or place in FRENCH else Scope.elsewhere
    if reason == Reason.franchise or (category == "E" and not reason):
        return Scope.franchise
    if reason == Reason.exempt or category in ("E", "Z"):
        return Scope.exempt
    return Scope.elsewhere


def shares(lines: Iterable[Sold], taxes: Mapping[Decimal, int]) -> dict[Slice, Share]:
    """A document's slices; `taxes`: its VAT by percent. A rate's VAT is split over its slices in proportion to their
    nets, by largest remainder: together they are the document, to the unit.

    >>> lines = [Sold(percent=Decimal(20), tax_code=code, net=net) for code, net in (("goods", 500), ("x", 1000))]
    >>> [(each.nature.value, share.net, share.tax) for each, share in shares(lines, {Decimal(20): 299}).items()]
    [('goods', 500, 100), ('services', 1000, 199)]
    """
    found: dict[Decimal, dict[Slice, int]] = {}
    for line in lines:
        scope = scope_of(line.percent, category=line.category, reason=line.reason, place=line.place)
        each = Slice(line.percent, nature_of(line.tax_code), scope)
        of_rate = found.setdefault(line.percent, {})
        of_rate[each] = of_rate.get(each, 0) + line.net
    split: dict[Slice, Share] = {}
    for percent, of_rate in found.items():
        order = sorted(of_rate)
        weights = [of_rate[each] for each in order]
        if not any(weights):  # a credit note may take back a last unit of VAT on a base of nothing
            weights = [1] * len(order)
        taxed = largest_remainder(taxes.get(percent, 0), weights)
        split |= {each: Share(of_rate[each], tax) for each, tax in zip(order, taxed, strict=True)}
    return split


def paid_by_slice(remaining: Mapping[Slice, int], paid: int) -> dict[Slice, int]:
    """Of what a document still says after its credits (gross by slice), how much each slice has of what was paid on it:
    in proportion, by largest remainder. Paid in full it is each slice itself.

    >>> goods, services = Slice(Decimal("5.5"), Nature.goods), Slice(Decimal(20), Nature.services)
    >>> list(paid_by_slice({goods: 400, services: 1299}, 1000).values())
    [235, 765]
    """
    order = sorted(remaining)
    weights = [max(remaining[each], 0) for each in order]  # credits may leave one a unit below zero, another above
    if paid and not any(weights):
        weights = [1] * len(order)
    return dict(zip(order, largest_remainder(paid, weights), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Something that settled a part of an invoice, or took a part of it back. `paid`: money put on it (a payment, a use
    of the balance), below zero what a credit note gave back of it; `credited`: gross by slice that the note took off.
    """

    paid: int = 0
    credited: Mapping[Slice, int] | None = None


def receipts(gross: Mapping[Slice, int], events: Sequence[Settled]) -> list[dict[Slice, int]]:
    """What each event, in their order, changes of what is paid by slice. All of them together are what the invoice is
    paid by slice at the end, whatever came between.

    An invoice of 60 of goods and 40 of services is half paid; then its services are credited, which settles 40 of the
    50 that were owed: what was paid of them counts for the goods from then on.

    >>> goods, services = Slice(Decimal(20), Nature.goods), Slice(Decimal(20), Nature.services)
    >>> found = receipts({goods: 60, services: 40}, [Settled(paid=50), Settled(credited={services: 40})])
    >>> [(change[goods], change[services]) for change in found]
    [(30, 20), (20, -20)]
    """
    remaining = dict(gross)
    before: dict[Slice, int] = dict.fromkeys(remaining, 0)
    paid, changes = 0, []
    for event in events:
        for each, amount in (event.credited or {}).items():
            remaining[each] = remaining.get(each, 0) - amount
        paid += event.paid
        after = paid_by_slice(remaining, paid)
        changes.append({each: after.get(each, 0) - before.get(each, 0) for each in after})
        before = after
    return changes
