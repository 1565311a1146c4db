"""Credits of an invoice: together they are the invoice, tax included; none takes more than is left."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoices.credit_formulas import say
from invoices.crediting import (
    Ask,
    CreditableLine,
    CreditableTax,
    by_amount,
    by_lines,
    credit,
    whole,
)
from invoices.drafts import DiscountShare, DraftLine, LineKind
from invoices.totals import tax_exclusive, tax_inclusive, totals
from merchants.refusals import Conflict, Invalid
from subscribers.snapshots import TaxBehavior
from subscribers.taxes import TaxRate

RATES = (Decimal(20), Decimal("5.5"), Decimal("2.1"), Decimal(0))


def invoice(charges, behavior):
    """Lines `(amount, discount, rate)` as an invoice has them, taxed as `totals` does."""
    drafts = [
        DraftLine(
            kind=LineKind.charge,
            title={},
            amount=amount,
            currency="EUR",
            tax_code="electronic",
            tax=TaxRate(rate=rate, category="S" if rate else "E"),
            rule="once",
            inputs={"currency": "EUR", "unit_amount": amount, "quantity": 1},
            formula="",
            discounts=(DiscountShare(coupon_id="c", code="C", amount=discount),) if discount else (),
        )
        for amount, discount, rate in charges
    ]
    sums = totals(drafts, behavior)
    lines = [
        CreditableLine(charged=draft.charged, net=net, percent=draft.tax.rate)
        for draft, net in zip(drafts, sums.line_nets, strict=True)
    ]
    taxes = [CreditableTax(percent=one.rate, category=one.category, base=one.net, tax=one.tax) for one in sums.rates]
    return lines, taxes, sums


def after(lines, taxes, made):
    """What is left when a credit was made."""
    taken = {line.at: line for line in made.lines}
    back = {(tax.percent, tax.category): tax for tax in made.taxes}
    lines = [
        replace(line, credited=line.credited + taken[at].amount, credited_net=line.credited_net + taken[at].net)
        if at in taken
        else line
        for at, line in enumerate(lines)
    ]
    taxes = [
        replace(tax, credited_base=tax.credited_base + found.base, credited_tax=tax.credited_tax + found.tax)
        if (found := back.get((tax.percent, tax.category)))
        else tax
        for tax in taxes
    ]
    return lines, taxes


charges = st.lists(
    st.tuples(st.integers(0, 50_00), st.integers(0, 20_00), st.sampled_from(RATES)).map(
        lambda one: (one[0], min(one[0], one[1]), one[2])
    ),
    min_size=1,
    max_size=5,
)
behaviors = st.sampled_from(list(TaxBehavior))


@settings(max_examples=300, deadline=None)
@given(charges, behaviors, st.data())
def test_all_credits_of_an_invoice_are_the_invoice(charged, behavior, data):
    lines, taxes, sums = invoice(charged, behavior)
    made = []
    while left := sum(line.left for line in lines):
        how = data.draw(st.sampled_from(["amount", "lines", "whole"])) if len(made) < 8 else "whole"
        if how == "amount":
            asked = by_amount(lines, data.draw(st.integers(1, left)), "EUR")
        elif how == "lines":
            at = data.draw(st.sampled_from([at for at, line in enumerate(lines) if line.left]))
            asked = by_lines(lines, {at: data.draw(st.integers(1, lines[at].left))}, "EUR")
        else:
            asked = whole(lines, "EUR")
        one = credit(lines, taxes, asked, behavior)
        assert one.gross == one.net + one.tax > 0
        assert sum(line.net for line in one.lines) == one.net == sum(tax.base for tax in one.taxes)
        assert sum(tax.tax for tax in one.taxes) == one.tax
        assert all(line.amount > 0 and line.net >= 0 for line in one.lines)
        assert all(tax.base >= 0 and tax.tax >= 0 for tax in one.taxes)
        charged_now = sum(line.amount for line in one.lines)
        assert charged_now == (one.gross if behavior is TaxBehavior.inclusive else one.net)
        lines, taxes = after(lines, taxes, one)
        assert all(line.left >= 0 for line in lines)
        assert all(0 <= tax.credited_tax <= tax.tax and tax.credited_base <= tax.base for tax in taxes)
        made.append(one)
    assert sum(one.gross for one in made) == sums.gross
    assert sum(one.tax for one in made) == sums.tax
    assert [(tax.base, tax.tax) for tax in taxes] == [(tax.credited_base, tax.credited_tax) for tax in taxes]


@settings(max_examples=200, deadline=None)
@given(charges, behaviors)
def test_one_credit_of_all_is_the_invoice_line_by_line(charged, behavior):
    lines, taxes, sums = invoice(charged, behavior)
    if not sums.gross:
        with pytest.raises(Conflict, match="nothing_to_credit"):
            credit(lines, taxes, whole(lines, "EUR"), behavior)
        return
    made = credit(lines, taxes, whole(lines, "EUR"), behavior)
    assert (made.net, made.tax, made.gross) == (sums.net, sums.tax, sums.gross)
    assert {line.at: (line.amount, line.net) for line in made.lines} == {
        at: (line.charged, line.net) for at, line in enumerate(lines) if line.charged
    }


@settings(max_examples=200, deadline=None)
@given(st.integers(2, 99_99), st.sampled_from(RATES), behaviors, st.data())
def test_a_first_part_has_the_vat_of_its_own_sum(charged, rate, behavior, data):
    lines, taxes, _ = invoice([(charged, 0, rate)], behavior)
    amount = data.draw(st.integers(1, charged - 1))
    made = credit(lines, taxes, by_amount(lines, amount, "EUR"), behavior)
    tax_of = tax_inclusive if behavior is TaxBehavior.inclusive else tax_exclusive
    assert made.tax == tax_of(amount, rate)


@settings(max_examples=200, deadline=None)
@given(charges, behaviors, st.integers(1, 10**7))
def test_never_above_what_is_left(charged, behavior, more):
    lines, taxes, _ = invoice(charged, behavior)
    left = sum(line.left for line in lines)
    with pytest.raises(Invalid, match="credit_exceeds_invoice"):
        by_amount(lines, left + more, "EUR")
    for at, line in enumerate(lines):
        with pytest.raises(Invalid, match="credit_exceeds_line"):
            credit(lines, taxes, by_lines(lines, {at: line.left + more}, "EUR"), behavior)


def test_a_cent_at_a_time_never_goes_below_zero_and_ends_at_the_invoice():
    """12.00 € inclusive at 20 %: each cent's own VAT rounds to 0, and 2.00 € of VAT must come back all the same."""
    lines, taxes, sums = invoice([(12_00, 0, Decimal(20))], TaxBehavior.inclusive)
    assert sums.tax == 2_00
    came_back = []
    while lines[0].left:
        made = credit(lines, taxes, by_amount(lines, 1, "EUR"), TaxBehavior.inclusive)
        lines, taxes = after(lines, taxes, made)
        came_back.append(made.tax)
        rate_on_rest = tax_inclusive(lines[0].left, Decimal(20))
        assert abs(taxes[0].tax - taxes[0].credited_tax - rate_on_rest) <= 1
    assert (len(came_back), sum(came_back), set(came_back)) == (12_00, 2_00, {0, 1})


def test_the_one_that_empties_a_rate_takes_the_rest_of_its_vat_and_leaves_other_rates_alone():
    lines, taxes, _ = invoice([(9_99, 0, Decimal(20)), (5_00, 0, Decimal("5.5"))], TaxBehavior.inclusive)
    assert [(tax.base, tax.tax) for tax in taxes] == [(8_32, 1_67), (4_74, 26)]
    vats = []
    for _ in range(2):
        made = credit(lines, taxes, by_lines(lines, {0: 3_33}, "EUR"), TaxBehavior.inclusive)
        lines, taxes = after(lines, taxes, made)
        vats.append(made.tax)
    last = credit(lines, taxes, by_lines(lines, {0: None}, "EUR"), TaxBehavior.inclusive)
    assert (vats, last.tax, last.net) == ([56, 56], 55, 2_78)
    assert [(tax.percent, tax.tax) for tax in last.taxes] == [(Decimal(20), 55)]


def test_a_rate_under_two_categories_gives_in_proportion():
    lines = [
        CreditableLine(charged=40, net=40, percent=Decimal(0)),
        CreditableLine(charged=60, net=60, percent=Decimal(0)),
    ]
    taxes = [
        CreditableTax(percent=Decimal(0), category="E", base=40, tax=0),
        CreditableTax(percent=Decimal(0), category="AE", base=60, tax=0),
    ]
    made = credit(lines, taxes, by_amount(lines, 50, "EUR"), TaxBehavior.exclusive)
    assert [(tax.category, tax.base, tax.tax) for tax in made.taxes] == [("E", 20, 0), ("AE", 30, 0)]


def test_a_line_that_says_its_category_takes_it_back_from_there():
    lines = [
        CreditableLine(charged=40, net=40, percent=Decimal(0), category="E"),
        CreditableLine(charged=60, net=60, percent=Decimal(0), category="AE"),
    ]
    taxes = [
        CreditableTax(percent=Decimal(0), category="AE", base=60, tax=0),
        CreditableTax(percent=Decimal(0), category="E", base=40, tax=0),
    ]
    made = credit(lines, taxes, by_lines(lines, {1: 50}, "EUR"), TaxBehavior.exclusive)
    assert [(tax.category, tax.base, tax.tax) for tax in made.taxes] == [("AE", 50, 0)]
    lines, taxes = after(lines, taxes, made)
    rest = credit(lines, taxes, whole(lines, "EUR"), TaxBehavior.exclusive)
    assert [(tax.category, tax.base) for tax in rest.taxes] == [("AE", 10), ("E", 40)]


def test_a_rule_of_the_engine_is_said_as_on_an_invoice():
    inputs = {"currency": "EUR", "unit_amount": 699, "quantity": 1, "days": 17, "whole_days": 31}
    lines, taxes, _ = invoice([(6_99, 0, Decimal(20))], TaxBehavior.inclusive)
    made = credit(lines, taxes, {0: Ask(amount=3_83, rule="part_of_period", inputs=inputs)}, TaxBehavior.inclusive)
    assert made.lines[0].formula == "6.99 × 17/31 = 3.83"
    assert say("part_of_period", inputs, amount=3_83, language="fr") == "6,99 × 17/31 = 3,83"
    assert (made.tax, made.gross) == (64, 3_83)
