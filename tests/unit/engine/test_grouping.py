"""Which drafts stand on one document."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.engine.grouping import grouped
from invoices.drafts import DraftInvoice, DraftLine, LineKind
from subscribers.snapshots import TaxBehavior
from subscribers.taxes import TaxRate

FIRST = date(2026, 12, 1)


def draft(
    payer: str, subscription: str, amount: int, *, on: date = FIRST, currency: str = "EUR", behavior: str = "inclusive"
) -> DraftInvoice:
    line = DraftLine(
        kind=LineKind.stage,
        title={"en": subscription},
        amount=amount,
        currency=currency,
        tax_code="electronic",
        tax=TaxRate(rate=Decimal(20)),
        rule="whole_period",
        inputs={},
        formula="",
        fact=f"stage:{subscription}:{on}",
    )
    return DraftInvoice(
        payer=payer,
        subscription=subscription,
        currency=currency,
        tax_behavior=TaxBehavior(behavior),
        on=on,
        lines=(line,),
    )


def said(found: list[tuple[str, DraftInvoice]]) -> list[tuple[str, str, str | None, list[int]]]:
    return [(entity, each.payer, each.subscription, [line.amount for line in each.lines]) for entity, each in found]


def test_each_subscription_has_a_document_of_its_own_unless_the_merchant_says_otherwise():
    drafts = [("fr", draft("ann", "a1", 10)), ("fr", draft("bob", "b1", 20)), ("fr", draft("ann", "a2", 30))]
    assert said(grouped(drafts, by_payer=False)) == [
        ("fr", "ann", "a1", [10]),
        ("fr", "bob", "b1", [20]),
        ("fr", "ann", "a2", [30]),
    ]
    assert said(grouped(drafts, by_payer=True)) == [("fr", "ann", None, [10, 30]), ("fr", "bob", "b1", [20])]


@pytest.mark.parametrize(
    "second",
    [
        ("be", draft("ann", "a2", 30)),
        ("fr", draft("ann", "a2", 30, currency="CHF")),
        ("fr", draft("ann", "a2", 30, behavior="exclusive")),
        ("fr", draft("ann", "a2", 30, on=date(2026, 12, 2))),
    ],
    ids=["entity", "currency", "way of taxing", "day"],
)
def test_a_document_mixes_no_entity_currency_way_of_taxing_or_day(second):
    found = grouped([("fr", draft("ann", "a1", 10)), second], by_payer=True)
    assert [[line.amount for line in each.lines] for _, each in found] == [[10], [30]]


def test_what_was_missed_keeps_a_document_for_each_day():
    late = [("fr", draft("ann", "a1", 10, on=day)) for day in (FIRST, date(2027, 1, 1), date(2027, 2, 1))]
    assert [each.on for _, each in grouped(late, by_payer=True)] == [FIRST, date(2027, 1, 1), date(2027, 2, 1)]


def test_two_drafts_of_one_subscription_and_day_are_one_document():
    closing = replace(draft("ann", "a1", 7), lines=tuple(replace(x, fact="close") for x in draft("ann", "a1", 7).lines))
    found = grouped([("fr", closing), ("fr", draft("ann", "a1", 10))], by_payer=False)
    assert said(found) == [("fr", "ann", "a1", [7, 10])]


def test_what_costs_nothing_makes_no_document_and_joins_none():
    drafts = [("fr", draft("ann", "a1", 0)), ("fr", draft("ann", "a2", 10))]
    assert said(grouped(drafts, by_payer=True)) == [("fr", "ann", "a2", [10])]
    assert grouped(drafts[:1], by_payer=True) == []
