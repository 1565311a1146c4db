"""◆ A report as plain JSON: what two have in common, what one comes to, what somebody must look at.

Two reports that tell the same are equal to the letter (`digest`). Amounts are minor units.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from billing.engine.reporting import ReportKind

FRENCH_RATES = frozenset(
    Decimal(rate)
    for rate in "0 0.9 1.05 1.75 2.1 5.5 7 8.5 9.2 9.6 10 13 19.6 20 20.6".split()  # noqa: SIM905 - as the rule has it
)
"""The rates that a report may name (rule G1.24)."""

ToEuros = Callable[[int, str, date], int | None]
"""An amount of a currency in cents of euro at a day's rate; None where there is none."""
Report = dict[str, Any]


def is_empty(report: Report) -> bool:
    """Whether it has nothing to tell: then none is sent.

    >>> is_empty({"days": [], "documents": [], "left_out": [{"why": "invoiced"}]})
    True
    """
    return not report["days"] and not report["documents"]


def digest(report: Report) -> str:
    """SHA-256 of what a report tells, in one canonical form; what it leaves out is not told.

    >>> digest({"days": [], "documents": [], "left_out": []}) == digest({"left_out": [1], "documents": [], "days": []})
    True
    """
    said = {"days": report["days"], "documents": report["documents"]}
    canonical = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def totals(kind: ReportKind, report: Report) -> dict[str, dict[str, int]]:
    """What a report comes to, by currency: net and VAT of sales, or the amount received. Credit notes subtract.

    >>> day = {"date": "2026-11-03", "percent": "20", "amount": 1200}
    >>> totals(ReportKind.payments, {"days": [day], "documents": [{"payments": [day]}]})
    {'EUR': {'amount': 2400}}
    """
    found: dict[str, dict[str, int]] = {}
    if kind is ReportKind.payments:
        lines = [*report["days"], *(line for each in report["documents"] for line in each["payments"])]
        return {"EUR": {"amount": sum(line["amount"] for line in lines)}} if lines else {}
    for line in (*report["days"], *report["documents"]):
        held = found.setdefault(line["currency"], {"net": 0, "tax": 0})
        sign = -1 if line.get("type") == "credit_note" else 1
        held["net"] += sign * line["net"]
        held["tax"] += sign * line["tax"]
    return found


def warnings(kind: ReportKind, report: Report) -> list[str]:
    """What a platform may refuse, or what somebody must look at, as codes: `left_out_currency` (no exchange rate),
    `rate_unknown` (none of FRENCH_RATES), `below_zero` (a day on which more was given back than came in: the format has
    no amount below zero for receipts, so such a line is not sent)."""
    found = []
    if any(each["why"] == "currency" for each in report["left_out"]):
        found.append("left_out_currency")
    if kind is ReportKind.payments:
        lines = [*report["days"], *(line for each in report["documents"] for line in each["payments"])]
        if any(line["amount"] < 0 for line in lines):
            found.append("below_zero")
    else:
        lines = [rate for each in report["days"] for rate in each["rates"]]
    if any(Decimal(line["percent"]) not in FRENCH_RATES for line in lines):
        found.append("rate_unknown")
    return found


def plain(percent: Decimal) -> str:
    """A rate without zeros that say nothing.

    >>> plain(Decimal("20.000")), plain(Decimal("5.500")), plain(Decimal(0))
    ('20', '5.5', '0')
    """
    return f"{percent.normalize() + 0:f}"
