"""◆ What leaving before the end of a commitment costs: one of three formulas, kept as data with the offer's version.

`flat`: an amount. `remaining`: a percentage of what is left to pay until the commitment's end; from the interval
`later_from` on (counted from the commitment's start) another one may hold. `degressive`: an amount that melts with each
interval begun. None is ever more than what was left to pay.

Who sells telephone or internet to consumers in France may bind them for 24 months at most, and from the thirteenth
month on ask at most a fifth of what is left (code de la consommation, art. L224-28; a quarter before 2023):
`remaining` 100 %, from interval 12 on 20 %.

>>> law = EarlyEnd(formula="remaining", percent=Decimal(100), later_from=12, later_percent=Decimal(20))
>>> law.told()
{'formula': 'remaining', 'amount': None, 'percent': '100', 'later_from': 12, 'later_percent': '20'}
>>> EarlyEnd.read(law.told()) == law
True
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from merchants.money import AMOUNT_LIMIT
from merchants.refusals import FieldError, gettext_noop

FORMULAS = ("flat", "remaining", "degressive")


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyEnd:
    """A formula and its figures. `amount` is in minor units, in the offer's own terms of tax; percentages are of 100,
    and exact; `later_from` counts intervals of the commitment."""

    formula: str
    amount: int | None = None
    percent: Decimal | None = None
    later_from: int | None = None
    later_percent: Decimal | None = None

    def told(self) -> dict[str, Any]:
        """As it is stored and shown."""
        return {
            "formula": self.formula,
            "amount": self.amount,
            "percent": _text(self.percent),
            "later_from": self.later_from,
            "later_percent": _text(self.later_percent),
        }

    @classmethod
    def read(cls, told: Mapping[str, Any] | None) -> EarlyEnd | None:
        """The inverse of `told`; None for nothing."""
        if not told:
            return None
        return cls(
            formula=told["formula"],
            amount=told.get("amount"),
            percent=_decimal(told.get("percent")),
            later_from=told.get("later_from"),
            later_percent=_decimal(told.get("later_percent")),
        )


def early_end_faults(fee: EarlyEnd | None, intervals: int) -> Iterator[FieldError]:
    """What is wrong with a formula beside a commitment of so many intervals.

    >>> [fault.code for fault in early_end_faults(EarlyEnd(formula="flat"), 12)]
    ['required']
    >>> [fault.code for fault in early_end_faults(EarlyEnd(formula="flat", amount=50_00), 0)]
    ['fee_without_commitment']
    """
    at = "commitment.early_end"
    if fee is None:
        return
    if fee.formula not in FORMULAS:
        detail = gettext_noop("One of: %(words)s.")
        yield _fault(f"{at}.formula", "invalid_choice", detail, words=", ".join(FORMULAS))
        return
    if not intervals:
        detail = gettext_noop("A fee for leaving early needs a commitment: say how many intervals.")
        yield _fault("commitment.early_end", "fee_without_commitment", detail)
    needs = {"percent"} if fee.formula == "remaining" else {"amount"}
    allowed = needs | ({"later_from", "later_percent"} if fee.formula == "remaining" else set())
    for name in ("amount", "percent", "later_from", "later_percent"):
        given = getattr(fee, name) is not None
        if name in needs and not given:
            yield _fault(f"{at}.{name}", "required", gettext_noop("This formula needs it."))
        elif given and name not in allowed:
            yield _fault(f"{at}.{name}", "not_in_formula", gettext_noop("This formula does not use it."))
    if fee.amount is not None and not 0 <= fee.amount < AMOUNT_LIMIT:
        yield _fault(f"{at}.amount", "out_of_range", gettext_noop("An amount from 0, below 10^15 minor units."))
    for name in ("percent", "later_percent"):
        share = getattr(fee, name)
        if share is not None and not 0 <= share <= 100:
            yield _fault(f"{at}.{name}", "out_of_range", gettext_noop("A percentage from 0 to 100."))
    if fee.formula != "remaining":
        return
    if (fee.later_from is None) != (fee.later_percent is None):
        missing = "later_from" if fee.later_from is None else "later_percent"
        detail = gettext_noop("From which interval on, and which percentage: both, or neither.")
        yield _fault(f"{at}.{missing}", "required", detail)
    elif fee.later_from is not None and not 1 <= fee.later_from < max(intervals, 2):
        detail = gettext_noop("An interval within the commitment.")
        yield _fault(f"{at}.later_from", "out_of_range", detail)


def _fault(path: str, code: str, detail: str, **params: object) -> FieldError:
    return FieldError(field=path, code=code, detail=detail, params=params)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
