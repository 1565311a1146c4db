"""How a document was settled, how its rest is paid, what is asked for next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from invoices.paper.text import Printed, printable

Means = Literal[
    "card", "sepa", "transfer", "cash", "cheque", "terminal", "balance", "credit_note", "invoice", "refund", "other"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement(Printed):
    """Something that settled part of it: `detail` names the means (`Visa 4242`, a number), `on` is its day."""

    means: Means
    amount: int
    detail: str = ""
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Printed):
    """Where a transfer goes: the holder, the number, and the bank's code where it is needed. Checked and compact."""

    name: str
    iban: str
    bic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming(Printed):
    """The next charge: its day, what it is made of, what it comes to."""

    on: date
    total: int
    items: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        Printed.__post_init__(self)
        items = tuple((printable(title), amount) for title, amount in self.items[:12])
        object.__setattr__(self, "items", items)
