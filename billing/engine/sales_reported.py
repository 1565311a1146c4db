"""◆ The sales that a report tells: by day, currency, category and rate to consumers; document by document abroad.

Credit notes subtract on the day on which they were issued. Amounts are minor units. Categories are those of annexe II
art. 242 nonies M, I, 4°.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from billing.engine.reporting import Audience, Known
from billing.engine.reports import Report, ToEuros, plain
from invoices.parts import Nature, Scope, Share, Slice

GOODS, SERVICES, ELSEWHERE, MARGIN = "TLB1", "TPS1", "TNT1", "TMA1"
"""Goods, services, not taxed in France, and sales taxed on their margin: of those Tacite makes none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An invoice, or a credit note with the number and date of its invoice. `rates`: (percent, category, net, VAT)."""

    number: str
    on: date
    currency: str
    known: Known
    slices: Mapping[Slice, Share]
    rates: tuple[tuple[Decimal, str, int, int], ...] = ()
    credits: tuple[str, date] | None = None

    @property
    def sign(self) -> int:
        """-1 for a credit note."""
        return -1 if self.credits else 1


def category_of(each: Slice) -> str | None:
    """The category of a slice sold to a consumer; None for what is exempt by its nature, which nobody reports (CGI 290
    leaves out 261 to 261 E). The franchise's sales are told at 0 %.

    >>> category_of(Slice(Decimal(20), Nature.services)), category_of(Slice(Decimal(22), Nature.goods, Scope.elsewhere))
    ('TPS1', 'TNT1')
    >>> category_of(Slice(Decimal(0), Nature.services, Scope.exempt)) is None
    True
    """
    if each.scope is Scope.exempt:
        return None
    if each.scope is Scope.elsewhere:
        return ELSEWHERE
    return GOODS if each.nature is Nature.goods else SERVICES


@dataclass(slots=True)
class _Day:
    count: int = 0
    rates: dict[Decimal, list[int]] = field(default_factory=dict)

    def add(self, percent: Decimal, net: int, tax: int) -> None:
        held = self.rates.setdefault(percent, [0, 0])
        held[0] += net
        held[1] += tax


@dataclass(slots=True)
class Sales:
    """The sales of a period, document after document: memory grows with its days and its documents abroad."""

    euros: ToEuros
    days: dict[tuple[date, str, str], _Day] = field(default_factory=dict)
    documents: list[dict[str, Any]] = field(default_factory=list)
    left_out: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def add(self, document: Document) -> None:
        """One more document."""
        if document.known.audience is Audience.invoiced:
            self._leave(document, "invoiced", document.slices.values())
        elif document.known.audience is Audience.abroad:
            self.documents.append(_abroad(document))
        else:
            self._add_consumer(document)

    def report(self) -> Report:
        """All of it, in order. What cannot be told in euros is left out, and said so."""
        told = []
        for (on, currency, category), day in sorted(self.days.items()):
            tax = sum(each[1] for each in day.rates.values())
            in_euros = self.euros(tax, currency, on)
            if in_euros is None:
                held = self.left_out.setdefault(("currency", currency), [0, 0, 0])
                held[0] += day.count
                held[1] += sum(each[0] for each in day.rates.values())
                held[2] += tax
                continue
            told.append(
                {
                    "date": on.isoformat(),
                    "currency": currency,
                    "category": category,
                    "count": day.count,
                    "net": sum(each[0] for each in day.rates.values()),
                    "tax": tax,
                    "tax_in_euros": in_euros,
                    "rates": [
                        {"percent": plain(percent), "net": net, "tax": part}
                        for percent, (net, part) in sorted(day.rates.items(), reverse=True)
                    ],
                }
            )
        documents = sorted(self.documents, key=lambda each: (each["date"], each["number"]))
        left_out = [
            {"why": why, "currency": currency, "count": count, "net": net, "tax": tax}
            for (why, currency), (count, net, tax) in sorted(self.left_out.items())
        ]
        return {"days": told, "documents": documents, "left_out": left_out}

    def _add_consumer(self, document: Document) -> None:
        counted: set[str] = set()
        exempt = []
        for each, share in document.slices.items():
            category = category_of(each)
            if category is None:
                exempt.append(share)
                continue
            day = self.days.setdefault((document.on, document.currency, category), _Day())
            if category not in counted:
                counted.add(category)
                day.count += document.sign > 0
            at_home = category != ELSEWHERE
            tax = share.tax if at_home else 0  # what is due in France (242 nonies M, I, 6°)
            day.add(each.percent if at_home else Decimal(0), document.sign * share.net, document.sign * tax)
        if exempt:
            self._leave(document, "exempt", exempt)

    def _leave(self, document: Document, why: str, shares: Iterable[Share]) -> None:
        held = self.left_out.setdefault((why, document.currency), [0, 0, 0])
        held[0] += document.sign > 0
        for share in shares:
            held[1] += document.sign * share.net
            held[2] += document.sign * share.tax


def _abroad(document: Document) -> dict[str, Any]:
    told: dict[str, Any] = {
        "number": document.number,
        "date": document.on.isoformat(),
        "type": "credit_note" if document.credits else "invoice",
        "currency": document.currency,
        "country": document.known.country,
        "scheme": document.known.scheme,
        "buyer": document.known.number,
        "net": sum(net for _, _, net, _ in document.rates),
        "tax": sum(tax for *_, tax in document.rates),
        "rates": [
            {"percent": plain(percent), "category": category, "net": net, "tax": tax}
            for percent, category, net, tax in document.rates
        ],
    }
    if document.credits:
        told["credits"] = {"number": document.credits[0], "date": document.credits[1].isoformat()}
    return told
