"""A period that is billed again because what billed it was given back whole: a renewal that was put off, and is moved
back to its day. Its line says so in its fact, `…:2`; whatever was not given back stays refused by the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from django.db.models import Sum

from billing.flows.giving_back import given_up
from invoices.drafts import DraftInvoice, DraftLine, fresh_fact
from invoices.models import CreditNoteLine, InvoiceLine

Beside = TypeVar("Beside")


def told_apart(
    documents: Iterable[tuple[Beside, DraftInvoice]], *, but: Collection[str]
) -> list[tuple[Beside, DraftInvoice]]:
    """Documents to issue, with lines of periods that were billed and given back told apart; facts in `but` stand. One
    query, and three more where there are any, however many. Needs the tenant's scope."""
    documents = list(documents)
    facts = {line.fact for _, draft in documents for line in draft.lines if line.fact and line.period} - set(but)
    known = list(InvoiceLine.objects.filter(fact__in=facts)) if facts else []
    if not known:
        return documents
    again = _again(known)
    return [(beside, replace(draft, lines=_renamed(draft.lines, again))) for beside, draft in documents]


def _again(known: Sequence[InvoiceLine]) -> dict[str, str]:
    """The new names of facts that lines have: of those whose period no line bills any more, not the first that did nor
    one that billed it again."""
    subscriptions, starts = {line.subscription_id for line in known}, {line.period_start for line in known}
    lines = list(InvoiceLine.objects.filter(subscription_id__in=subscriptions, period_start__in=starts))
    gone, taken = _given_back(lines), {line.fact for line in lines if line.fact}
    again: dict[str, str] = {}
    for fact in sorted(line.fact for line in known if line.fact):
        family = {name for name in taken if name == fact or name.removeprefix(f"{fact}:").isdigit()}
        if family <= gone:
            again[fact] = fresh_fact(fact, taken)
    return again


def _given_back(lines: Sequence[InvoiceLine]) -> set[str]:
    """The facts of lines of which nothing is left: given back whole, or from their first day on. Two queries."""
    since = given_up(lines)
    sums = CreditNoteLine.objects.filter(invoice_line__in=lines).values("invoice_line_id").annotate(back=Sum("amount"))
    credited = {row["invoice_line_id"]: row["back"] for row in sums.order_by()}
    return {
        line.fact
        for line in lines
        if line.fact
        and (credited.get(line.pk, 0) >= line.amount - line.discount or since.get(line.pk) == line.period_start)
    }


def _renamed(lines: Sequence[DraftLine], again: dict[str, str]) -> tuple[DraftLine, ...]:
    return tuple(replace(line, fact=again[line.fact]) if line.fact in again else line for line in lines)
