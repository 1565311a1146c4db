"""What is had and what is given back come to what was charged, whichever day it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from billing.engine.leaving import Billed, Refunding, given_back, lost_of
from billing.engine.proration import price_of
from invoices.credit_formulas import CreditRule
from invoices.crediting import Ask
from subscribers.periods import Part, Period

MAY = {"currency": "EUR", "unit_amount": 2990, "quantity": 1, "days": 31, "whole_days": 31}


@given(
    unit=st.integers(1, 10_000_00),
    quantity=st.integers(1, 50),
    start=st.dates(date(2024, 1, 1), date(2030, 1, 1)),
    days=st.integers(1, 366),
    had=st.integers(0, 400),
    left=st.integers(0, 100),
)
def test_days_had_and_days_given_back_are_the_period_to_a_cent(unit, quantity, start, days, had, left):
    end = start + timedelta(days=days)
    charged = price_of(unit, quantity, None)
    inputs = {"currency": "EUR", "unit_amount": unit, "quantity": quantity, "days": days, "whole_days": days}
    line = Billed(charged=charged, left=charged * left // 100, start=start, end=end, inputs=inputs)
    day = start + timedelta(days=had)
    ask = given_back(line, day, Refunding.prorated)
    back = ask.amount if ask else 0
    assert 0 <= back <= line.left
    if had >= days:
        assert ask is None
    elif left == 100:
        whole = Period(start, end)
        kept = price_of(unit, quantity, Part(Period(start, day), whole)) if had else 0
        assert abs(kept + back - charged) <= 1
    full = given_back(line, day, Refunding.full)
    assert (full.amount if full else 0) == (line.left if had < days else 0)
    assert given_back(line, day, Refunding.none) is None


def test_a_part_of_a_period_gives_back_by_the_whole_one_and_with_a_discount_by_its_own_days():
    may = {"currency": "EUR", "unit_amount": 2990, "quantity": 1, "days": 18, "whole_days": 31}
    part = {"start": date(2027, 5, 14), "end": date(2027, 6, 1)}
    plain = Billed(charged=1736, left=1736, inputs=may, **part)
    ask = given_back(plain, date(2027, 5, 20), Refunding.prorated)
    assert ask is not None
    assert (ask.amount, ask.inputs["of"], ask.inputs["whole_days"]) == (1157, 2990, 31)  # 29.90 × 12/31
    less = Billed(charged=1000, left=1000, inputs={**may, "discounts": [{"amount": 736}]}, **part)
    ask = given_back(less, date(2027, 5, 20), Refunding.prorated)
    assert ask is not None
    assert (ask.amount, ask.inputs["of"], ask.inputs["whole_days"]) == (667, 1000, 18)  # 10.00 × 12/18


def test_what_earlier_credits_left_is_the_most():
    inputs = {"currency": "EUR", "unit_amount": 2990, "quantity": 1, "days": 31, "whole_days": 31}
    line = Billed(charged=2990, left=10_00, start=date(2027, 5, 1), end=date(2027, 6, 1), inputs=inputs)
    ask = given_back(line, date(2027, 5, 2), Refunding.prorated)
    assert ask is not None
    assert (ask.amount, ask.rule) == (10_00, "rest_of_line")
    assert ask.inputs == {"currency": "EUR", "charged": 2990, "credited": 19_90}


def test_all_of_it_says_what_was_charged_and_credited_before():
    line = Billed(charged=2990, left=10_00, start=date(2027, 5, 1), end=date(2027, 6, 1), inputs=MAY)
    ask = given_back(line, date(2027, 5, 31), Refunding.full)
    assert ask == Ask(
        amount=10_00,
        rule=CreditRule.rest_of_line,
        inputs={"currency": "EUR", "charged": 2990, "credited": 19_90},
    )


def test_days_in_the_middle_say_which_they_were_and_of_what():
    line = Billed(charged=2990, left=2990, start=date(2027, 5, 1), end=date(2027, 6, 1), inputs=MAY)
    assert lost_of(line, Period(date(2027, 5, 10), date(2027, 5, 20))) == Ask(
        amount=965,
        rule=CreditRule.days_not_had,
        inputs={
            "currency": "EUR",
            "of": 2990,
            "days": 10,
            "whole_days": 31,
            "from": "2027-05-10",
            "until": "2027-05-20",
        },
    )
    assert lost_of(line, Period(date(2027, 6, 1), date(2027, 7, 1))) is None
    assert lost_of(replace(line, left=0), Period(date(2027, 5, 10), date(2027, 5, 20))) is None
    assert lost_of(replace(line, charged=1, inputs={"currency": "EUR"}), Period(line.start, date(2027, 5, 2))) is None


def test_days_that_come_to_what_is_left_are_all_that_is_left():
    line = Billed(charged=2990, left=965, start=date(2027, 5, 1), end=date(2027, 6, 1), inputs=MAY)
    assert lost_of(line, Period(date(2027, 5, 10), date(2027, 5, 20))) == Ask(
        amount=965,
        rule=CreditRule.rest_of_line,
        inputs={"currency": "EUR", "charged": 2990, "credited": 2025},
    )


def test_what_was_given_or_says_no_days_is_counted_by_its_own_days():
    given_free = {**MAY, "days": 10, "instead_of": 500}
    span = {"start": date(2027, 5, 1), "end": date(2027, 5, 11)}
    ask = lost_of(Billed(charged=100, left=100, inputs=given_free, **span), Period(date(2027, 5, 6), date(2027, 6, 1)))
    assert ask is not None and (ask.amount, ask.inputs["whole_days"]) == (50, 10)
    plain = {"currency": "EUR", "unit_amount": 100, "quantity": 1}
    ask = lost_of(Billed(charged=100, left=100, inputs=plain, **span), Period(date(2027, 5, 6), date(2027, 6, 1)))
    assert ask is not None and (ask.amount, ask.inputs["whole_days"]) == (50, 10)
