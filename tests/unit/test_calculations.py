"""A line says how it came about, in two languages (domain 5; mocks, Rules)."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from billing.engine.quoting import quote
from invoices.calculations import computes, say, say_days, say_discounts
from subscribers.periods import Alignment
from tests.unit.pictures import offer, option, percent, purchase, stage

NBSP = "\N{NO-BREAK SPACE}"


def lines(*stages, today="2026-05-14", alignment=Alignment.calendar, **more):
    return quote(purchase(offer(*stages, alignment=alignment), **more), today=date.fromisoformat(today)).lines


def spoken(line, language, **more):
    return say(line.rule, line.inputs, amount=line.amount, language=language, **more)


def test_a_part_of_a_month():
    (line,) = lines(stage(2990))
    assert spoken(line, "fr") == "29,90 × 18/31 = 17,36, du 14 au 31 mai"
    assert spoken(line, "en", by="changed by Julie at the call centre") == (
        "29.90 × 18/31 = 17.36, 14 to 31 May, changed by Julie at the call centre"
    )
    assert say_days(line.inputs, amount=line.amount, language="fr") == f"29,90{NBSP}€ × 18 jours sur 31"
    assert say_days(line.inputs, amount=line.amount, language="en") == "€29.90 × 18 days of 31"


@pytest.mark.parametrize(
    ("today", "french", "english"),
    [
        ("2026-05-31", "29,90 × 1/31 = 0,96, le 31 mai", "29.90 × 1/31 = 0.96, on 31 May"),
        ("2026-02-01", "29,90, du 1er au 28 février", "29.90, 1 to 28 February"),
    ],
)
def test_days_one_can_count_on_fingers(today, french, english):
    (line,) = lines(stage(2990), today=today)
    assert spoken(line, "fr") == french
    assert spoken(line, "en") == english


def test_a_period_over_the_turn_of_the_year():
    (line,) = lines(stage(2990), today="2026-12-20", alignment=Alignment.anniversary)
    assert spoken(line, "fr") == "29,90, du 20 décembre 2026 au 19 janvier 2027"
    assert say_days(line.inputs, amount=line.amount, language="fr") == ""


def test_thousands_and_quantity():
    (line,) = lines(stage(150_000), quantity=3)
    assert spoken(line, "fr") == f"3 × 1{NBSP}500,00 × 18/31 = 2{NBSP}612,90, du 14 au 31 mai"
    assert line.formula == "3 × 1500.00 × 18/31 = 2612.90"


def test_discounts():
    line = lines(stage(2990), coupons=(percent("10"), percent("33.333")))[0]
    assert line.formula == "29.90 × 18/31 = 17.36, 17.36 − 1.74 − 5.21 = 10.41"
    assert spoken(line, "fr").startswith("29,90 × 18/31 = 17,36, 17,36 − 1,74 − 5,21 = 10,41, du 14")
    assert say_discounts(line.inputs, language="fr") == [
        f"P10, 10{NBSP}%{NBSP}: −1,74{NBSP}€",
        f"P33.333, 33,333{NBSP}%{NBSP}: −5,21{NBSP}€",
    ]
    assert say_discounts(line.inputs, language="en") == ["P10, 10%: −€1.74", "P33.333, 33.333%: −€5.21"]


def test_what_is_given_says_what_it_would_have_cost():
    gift = option("live", 400, complimentary=True, reason="outage")
    line = lines(stage(2990), options=(gift,))[1]
    assert spoken(line, "fr") == f"offert, au lieu de 2,32{NBSP}€, du 14 au 31 mai"
    assert spoken(line, "en") == "given instead of €2.32, 14 to 31 May"
    assert line.inputs["reason"] == "outage"
    free = lines(stage(0, times=1), stage(999))[0]
    assert spoken(free, "fr") == "gratuit, du 14 au 31 mai"
    assert spoken(free, "en") == "free, 14 to 31 May"


def test_every_input_is_json():
    for line in lines(stage(2990), options=(option(),), coupons=(percent("12.5"),)):
        assert json.loads(json.dumps(line.inputs)) == line.inputs
        assert Decimal(line.unit_price) * 100 == line.inputs["unit_amount"]


@pytest.mark.parametrize(
    ("inputs", "computed"),
    [
        ({"unit_amount": 1}, True),
        ({"unit_price": "1"}, True),
        ({"parts": []}, True),
        ({"quantity": 2}, False),
        ({}, False),
    ],
)
def test_what_says_how_it_was_computed(inputs, computed):
    assert computes(inputs) is computed


def test_one_day_is_one_day_and_an_amount_off_names_no_percent():
    inputs = {"currency": "EUR", "unit_amount": 31_00, "quantity": 1, "days": 1, "whole_days": 31}
    assert say_days(inputs, amount=1_00, language="en") == "€31.00 × 1 day of 31"
    assert say_days({**inputs, "days": 2}, amount=2_00, language="en") == "€31.00 × 2 days of 31"
    off = {"currency": "EUR", "discounts": [{"coupon": "c", "code": "FIVE", "amount": 500}]}
    assert say_discounts(off, language="en") == ["FIVE: −€5.00"]
