"""◆ The receipts that a report tells: for services with VAT due on receipt, by day and rate, in euros (CGI 290 A)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from billing.engine.reporting import Audience, Known
from billing.engine.reports import Report, ToEuros, plain
from invoices.parts import Nature, Scope, Slice


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What an event changed of what is paid of an invoice, by slice, on a day."""

    number: str
    issued_on: date
    on: date
    currency: str
    known: Known
    changes: Mapping[Slice, int]


@dataclass(slots=True)
class Receipts:
    """What came in for services whose VAT is due on receipt."""

    euros: ToEuros
    days: dict[tuple[date, Decimal, str], int] = field(default_factory=dict)
    documents: dict[tuple[str, date], dict[tuple[date, Decimal, str], int]] = field(default_factory=dict)

    def add(self, receipt: Receipt) -> None:
        """One more event. Goods are due on delivery, what is not taxed here is nobody's in France; who has an
        electronic invoice has its receipt told by that invoice's state."""
        if receipt.known.audience is Audience.invoiced:
            return
        kept = self.days
        if receipt.known.audience is Audience.abroad:
            kept = self.documents.setdefault((receipt.number, receipt.issued_on), {})
        for each, amount in receipt.changes.items():
            if each.nature is Nature.services and each.scope in (Scope.taxed, Scope.franchise) and amount:
                key = (receipt.on, each.percent, receipt.currency)
                kept[key] = kept.get(key, 0) + amount

    def report(self) -> Report:
        """All of it in euros, in order. What cannot be told so is left out, and said so."""
        left_out: dict[tuple[str, str], list[int]] = {}
        days = self._in_euros(self.days, left_out)
        documents = []
        for (number, issued_on), kept in sorted(self.documents.items()):
            told = self._in_euros(kept, left_out)
            if told:
                documents.append({"number": number, "date": issued_on.isoformat(), "payments": told})
        return {
            "days": days,
            "documents": documents,
            "left_out": [
                {"why": why, "currency": currency, "count": count, "net": amount, "tax": 0}
                for (why, currency), (count, amount) in sorted(left_out.items())
            ],
        }

    def _in_euros(
        self, kept: Mapping[tuple[date, Decimal, str], int], left_out: dict[tuple[str, str], list[int]]
    ) -> list[dict[str, Any]]:
        found: dict[tuple[date, Decimal], int] = {}
        for (on, percent, currency), amount in kept.items():
            euros = self.euros(amount, currency, on)
            if euros is None:
                held = left_out.setdefault(("currency", currency), [0, 0])
                held[0] += 1
                held[1] += amount
            else:
                found[on, percent] = found.get((on, percent), 0) + euros
        ordered = sorted(found.items(), key=lambda item: (item[0][0], -item[0][1]))
        return [
            {"date": on.isoformat(), "percent": plain(percent), "amount": amount}
            for (on, percent), amount in ordered
            if amount
        ]
