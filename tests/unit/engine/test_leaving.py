"""What is had and what is given back come to what was charged, whichever day it ends."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from billing.engine.leaving import Billed, Refunding, given_back
from billing.engine.proration import price_of
from subscribers.periods import Part, Period


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
