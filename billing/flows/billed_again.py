"""A period that is billed again because what billed it was given back whole: a renewal that was put off, and is moved
back to its day. Its line says so in its fact, `…:2`; whatever was not given back stays refused by the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from django.db.models import Sum

from billing.flows.giving_back import given_up
from invoices.drafts import DraftInvoice, DraftLine
from invoices.models import CreditNoteLine, InvoiceLine

Beside = TypeVar("Beside")


def told_apart(
    documents: Iterable[tuple[Beside, DraftInvoice]], *, but: Collection[str]
) -> list[tuple[Beside, DraftInvoice]]:
    """Documents to issue, with lines of periods that were billed and given back told apart; facts in `but` stand. One
    query, and a few more where there are any. Needs the tenant's scope."""
    documents = list(documents)
    facts = {line.fact for _, draft in documents for line in draft.lines if line.fact and line.period} - set(but)
    known = list(InvoiceLine.objects.filter(fact__in=facts)) if facts else []
    if not known:
        return documents
    gone = given_up(known)
    sums = CreditNoteLine.objects.filter(invoice_line__in=known).values("invoice_line_id").annotate(back=Sum("amount"))
    credited = {row["invoice_line_id"]: row["back"] for row in sums.order_by()}
    again = {
        line.fact: _next(line.fact)
        for line in known
        if line.fact
        and (credited.get(line.pk, 0) >= line.amount - line.discount or gone.get(line.pk) == line.period_start)
    }
    return [(beside, replace(draft, lines=_renamed(draft.lines, again))) for beside, draft in documents]


def _next(fact: str) -> str:
    """The first name that is free."""
    taken = set(InvoiceLine.objects.filter(fact__startswith=f"{fact}:").values_list("fact", flat=True))
    nth = 2
    while f"{fact}:{nth}" in taken:
        nth += 1
    return f"{fact}:{nth}"


def _renamed(lines: Sequence[DraftLine], again: dict[str, str]) -> tuple[DraftLine, ...]:
    return tuple(replace(line, fact=again[line.fact]) if line.fact in again else line for line in lines)
