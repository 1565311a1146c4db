"""What a gesture costs, on the engine alone: by the days ahead, to its end or to the life's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.engine.giving import Worth, worth_of_days, worth_of_discount, worth_of_option
from subscribers.snapshots import Billing, CouponSnapshot, Duration, OptionSnapshot
from tests.unit.pictures import begun, offer, stage

BEGUN = "2026-01-31"
FEBRUARY_14 = date(2026, 2, 14)


def given(**more) -> OptionSnapshot:
    found = {"id": "o", "option_id": "c", "reference": "extra", "title": {"en": "extra"}, "prices": {("month", 1): 280}}
    return OptionSnapshot(**{**found, "complimentary": True, "starts_on": FEBRUARY_14, **more})


def having(option: OptionSnapshot, **more):
    return replace(begun(offer(stage(2800)), BEGUN), options=(option,), **more)


@pytest.mark.parametrize(
    ("option", "life", "worth"),
    [
        (given(term=3), {}, Worth(cost=140 + 3 * 280, per_period=280)),
        (given(term=3, quantity=2), {}, Worth(cost=280 + 3 * 560, per_period=560)),
        (given(ends_on=date(2026, 3, 14)), {}, Worth(cost=140 + 126, per_period=126)),  # 14 of 31 days of March
        (given(ends_on=date(2026, 2, 21)), {}, Worth(cost=70)),
        (given(), {}, Worth(cost=None, per_period=280)),
        (given(), {"service_ends_on": date(2026, 4, 30)}, Worth(cost=140 + 2 * 280, per_period=280)),
        (given(term=9), {"service_ends_on": date(2026, 3, 31)}, Worth(cost=140 + 280, per_period=280)),
        (given(prices={}, one_off_amount=500), {}, Worth(cost=500, per_period=500)),
        (given(prices={}, term=2), {}, Worth(cost=0)),
    ],
)
def test_an_option_costs_the_rest_of_the_period_and_each_one_to_its_end(option, life, worth):
    endless = option.term is None and option.ends_on is None
    found = worth_of_option(having(option, **life), "o", on=FEBRUARY_14, endless=endless)
    assert (found.cost, found.per_period or 0) == (worth.cost, worth.per_period or 0)


def test_options_are_billed_in_advance_where_the_stage_is_not():
    life = replace(begun(offer(stage(2800, billing=Billing.arrears)), BEGUN), options=(given(term=1),))
    assert worth_of_option(life, "o", on=FEBRUARY_14).cost == 140 + 280


def test_a_discount_costs_what_it_takes_off_after_others():
    life = begun(offer(stage(2800)), BEGUN)
    once = CouponSnapshot(id="g", code="GESTURE", duration=Duration.once, percent_off=Decimal(20))
    thrice = replace(once, duration=Duration.repeating, periods=3)
    half = CouponSnapshot(id="h", code="HALF", duration=Duration.forever, percent_off=Decimal(50))
    assert worth_of_discount(life, once).cost == 560
    assert worth_of_discount(life, thrice).cost == 3 * 560
    assert worth_of_discount(replace(life, coupons=(half,)), thrice).cost == 3 * 280
    ended = replace(life, service_ends_on=date(2026, 2, 28), billing_ends_on=date(2026, 2, 28))
    assert worth_of_discount(ended, thrice).cost == 0
    assert worth_of_discount(life, replace(once, duration=Duration.forever)).cost is None


def test_days_cost_what_they_would_be_charged():
    life = begun(offer(stage(2800)), BEGUN)
    assert worth_of_days(life, 5, on=FEBRUARY_14).cost == 500  # 28.00 × 5/28, of the period to 5 March
    assert worth_of_days(replace(life, current_period=None), 5, on=FEBRUARY_14).cost == 0
