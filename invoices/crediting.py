"""What a credit note takes back of an invoice: amounts by line, VAT by rate, never more than is left (domain 18).

Pure. Amounts are minor units in the invoice's own terms, after discount: gross where its prices are inclusive, net
where exclusive. VAT of a credit note is its rate on its own sum, as on any document, with two bounds: the note that
empties a rate takes that rate's remaining VAT, and no other lets what is left of the VAT drift by more than one minor
unit from what the rate would give on what is left. So all credits of an invoice together are the invoice, tax
included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from invoices.credit_formulas import CreditRule, formula
from invoices.totals import tax_exclusive, tax_inclusive
from merchants.money import check_amount, decimal_text, largest_remainder
from merchants.refusals import Conflict, Invalid, gettext_noop
from subscribers.snapshots import TaxBehavior


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditableLine:
    """One line of an invoice: what it charged after discount, and what earlier credits took back of it. `category` is
    its VAT category where the line says one; only where a rate (0 %) stands under several does it matter."""

    charged: int
    net: int
    percent: Decimal
    credited: int = 0
    credited_net: int = 0
    category: str = ""

    @property
    def left(self) -> int:
        """What may still be taken back, in the invoice's own terms."""
        return self.charged - self.credited


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditableTax:
    """One rate of an invoice: its base and VAT, and what earlier credits took back of both."""

    percent: Decimal
    category: str
    base: int
    tax: int
    credited_base: int = 0
    credited_tax: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """How much of one line to take back, by which rule, from which inputs."""

    amount: int
    rule: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCredit:
    """One line of a credit note; `at` is the invoice line's place in the sequence that was given."""

    at: int
    amount: int
    net: int
    rule: str
    inputs: Mapping[str, Any]
    formula: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxCredit:
    """VAT taken back at one rate."""

    percent: Decimal
    category: str
    base: int
    tax: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """A credit note before it has a number; `net + tax == gross`, and `gross` is above zero."""

    lines: tuple[LineCredit, ...]
    taxes: tuple[TaxCredit, ...]
    net: int
    tax: int
    gross: int


def whole(lines: Sequence[CreditableLine], currency: str) -> dict[int, Ask]:
    """Ask for all that is left of every line.

    >>> lines = [CreditableLine(charged=1299, net=1082, percent=Decimal(20), credited=300)]
    >>> whole(lines, "EUR")[0].amount
    999
    """
    return {at: _rest(line, currency) for at, line in enumerate(lines) if line.left}


def by_lines(lines: Sequence[CreditableLine], given: Mapping[int, int | None], currency: str) -> dict[int, Ask]:
    """Ask for lines: an amount each, or None for all that is left of it. Raises Invalid naming each wrong one."""
    asks = {}
    for at, amount in given.items():
        line = lines[at]
        if amount is None or amount == line.left:
            asks[at] = _rest(line, currency)
        else:
            inputs = {"currency": currency, "charged": line.charged, "credited": line.credited}
            asks[at] = Ask(amount=amount, rule=CreditRule.part_of_line, inputs=inputs)
    return asks


def by_amount(lines: Sequence[CreditableLine], amount: int, currency: str) -> dict[int, Ask]:
    """Spread an amount over what is left of the lines, in proportion, by largest remainder, ties to the earlier line.

    Raises Invalid (`credit_exceeds_invoice`) where less than that is left.

    >>> lines = [CreditableLine(charged=1299, net=1082, percent=Decimal(20)),
    ...          CreditableLine(charged=499, net=473, percent=Decimal("5.5"))]
    >>> [ask.amount for ask in by_amount(lines, 1000, "EUR").values()]
    [722, 278]
    """
    check_amount(amount)
    lefts = [line.left for line in lines]
    total = sum(lefts)
    if amount > total:
        raise _too_much("amount", total, currency)
    if amount == total:
        return whole(lines, currency)
    asks = {}
    for at, share in enumerate(largest_remainder(amount, lefts)):
        if share:
            inputs = {"currency": currency, "given": amount, "left": lefts[at], "of": total}
            asks[at] = Ask(amount=share, rule=CreditRule.share_of_amount, inputs=inputs)
    return asks


def credit(
    lines: Sequence[CreditableLine],
    taxes: Sequence[CreditableTax],
    asked: Mapping[int, Ask],
    behavior: TaxBehavior,
) -> Credit:
    """Add and tax what is asked for. `asked` is by the line's place.

    Raises Invalid (`credit_exceeds_line`) for each line of which less is left, and Conflict (`nothing_to_credit`) where
    nothing would be given.

    >>> lines = [CreditableLine(charged=1299, net=1082, percent=Decimal(20))]
    >>> taxes = [CreditableTax(percent=Decimal(20), category="S", base=1082, tax=217)]
    >>> part = credit(lines, taxes, by_amount(lines, 383, "EUR"), TaxBehavior.inclusive)
    >>> part.net, part.tax, part.gross
    (319, 64, 383)
    """
    for at, ask in sorted(asked.items()):
        if ask.amount < 0 or ask.amount > lines[at].left:
            raise _too_much(f"lines[{at}].amount", lines[at].left, str(ask.inputs.get("currency", "EUR")))
    asked = {at: ask for at, ask in sorted(asked.items()) if ask.amount}
    nets: dict[int, int] = {}
    found: list[TaxCredit] = []
    for percent in sorted({lines[at].percent for at in asked}, reverse=True):
        places = [at for at in asked if lines[at].percent == percent]
        of_rate = [tax for tax in taxes if tax.percent == percent]
        left = sum(line.left for line in lines if line.percent == percent)
        taken = sum(asked[at].amount for at in places)
        vat = _vat(taken, left, sum(tax.tax - tax.credited_tax for tax in of_rate), percent, behavior)
        base = taken if behavior is TaxBehavior.exclusive else taken - vat
        nets |= _line_nets(lines, {at: asked[at].amount for at in places}, base, percent, behavior)
        found += _by_category(of_rate, base, vat, [(lines[at].category, nets[at]) for at in places])
    net, tax = sum(one.base for one in found), sum(one.tax for one in found)
    if net + tax <= 0:
        raise Conflict(gettext_noop("There is nothing left to credit here."), code="nothing_to_credit")
    written = tuple(
        LineCredit(
            at=at,
            amount=ask.amount,
            net=nets[at],
            rule=ask.rule,
            inputs=ask.inputs,
            formula=formula(ask.rule, ask.inputs, amount=ask.amount),
        )
        for at, ask in asked.items()
    )
    return Credit(lines=written, taxes=tuple(found), net=net, tax=tax, gross=net + tax)


def _rest(line: CreditableLine, currency: str) -> Ask:
    inputs = {"currency": currency, "charged": line.charged, "credited": line.credited}
    return Ask(amount=line.left, rule=CreditRule.rest_of_line, inputs=inputs)


def _vat(taken: int, left: int, tax_left: int, percent: Decimal, behavior: TaxBehavior) -> int:
    """VAT of what is taken at one rate, where `left` and `tax_left` are what earlier credits left of it."""
    if taken == left:
        return tax_left
    inclusive = behavior is TaxBehavior.inclusive
    tax_of = tax_inclusive if inclusive else tax_exclusive
    after = tax_of(left - taken, percent)
    vat = min(max(tax_of(taken, percent), tax_left - after - 1), tax_left - after + 1)
    least = max(0, tax_left - (left - taken)) if inclusive else 0
    return min(max(vat, least), min(tax_left, taken) if inclusive else tax_left)


def _line_nets(
    lines: Sequence[CreditableLine], taken: Mapping[int, int], base: int, percent: Decimal, behavior: TaxBehavior
) -> dict[int, int]:
    """Nets of the credited lines of one rate; they sum to `base`. Where the rate is emptied each line takes what is
    left of its own net, if those sum to the base; else by largest remainder, ties to the earlier line."""
    if behavior is TaxBehavior.exclusive:
        return dict(taken)
    rests = {at: lines[at].net - lines[at].credited_net for at in taken}
    emptied = all(line.left == taken.get(at, 0) for at, line in enumerate(lines) if line.percent == percent)
    if emptied and sum(rests.values()) == base and all(0 <= rests[at] <= taken[at] for at in taken):
        return rests
    return dict(zip(taken, largest_remainder(base, list(taken.values())), strict=True))


def _by_category(
    of_rate: Sequence[CreditableTax], base: int, vat: int, nets: Sequence[tuple[str, int]]
) -> list[TaxCredit]:
    """One rate's share by VAT category. A rate (0 %) may stand under several: each gives what its own lines take back
    (`nets` by category), or, where lines do not say theirs, in proportion to its rest."""
    own = [sum(net for category, net in nets if category == tax.category) for tax in of_rate]
    if len(of_rate) == 1:
        bases = [base]
    elif sum(own) == base and all(part <= tax.base - tax.credited_base for part, tax in zip(own, of_rate, strict=True)):
        bases = own
    else:
        bases = largest_remainder(base, [tax.base - tax.credited_base for tax in of_rate])
    taxes = largest_remainder(vat, [tax.tax - tax.credited_tax for tax in of_rate]) if len(of_rate) > 1 else [vat]
    return [
        TaxCredit(percent=tax.percent, category=tax.category, base=its_base, tax=its_tax)
        for tax, its_base, its_tax in zip(of_rate, bases, taxes, strict=True)
        if its_base or its_tax
    ]


def _too_much(field: str, left: int, currency: str) -> Invalid:
    code = "credit_exceeds_invoice" if field == "amount" else "credit_exceeds_line"
    detail = gettext_noop("At most %(most)s %(currency)s is left to credit.")
    return Invalid.at(field, code, detail, {"most": decimal_text(left, currency), "currency": currency})
