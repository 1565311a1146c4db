"""E-reporting, by its arithmetic: periods and last days, who is told how, categories, totals."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.engine.receipts_reported import Receipt, Receipts
from billing.engine.reporting import (
    Audience,
    Customer,
    Known,
    Regime,
    ReportKind,
    known,
    last_day,
    span_of,
)
from billing.engine.reports import digest, is_empty, totals, warnings
from billing.engine.sales_reported import Sales
from invoices.parts import Nature, Scope, Share, Slice, Sold, shares
from tests.unit.reported import BOOKS, CONSUMER, FOURTH, GOODS, RECEIPTS, SALES, SERVICES, THIRD, euros, report_of, sold

ROME = Slice(Decimal(22), Nature.services, Scope.elsewhere)
EXEMPT = Slice(Decimal(0), Nature.services, Scope.exempt)
FRANCHISE = Slice(Decimal(0), Nature.services, Scope.franchise)


@given(st.sampled_from(list(Regime)), st.sampled_from(list(ReportKind)), st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_each_day_is_in_one_period_and_the_next_begins_where_it_ends(regime, kind, day):
    span = span_of(regime, kind, day)
    assert span.first <= day <= span.last and span.first < span.last
    assert span_of(regime, kind, span.first) == span == span_of(regime, kind, span.last)
    following = span_of(regime, kind, span.last + timedelta(days=1))
    assert following.first == span.last + timedelta(days=1)
    assert span.last < last_day(regime, kind, span) <= span.last + timedelta(days=31)


@pytest.mark.parametrize(
    ("regime", "kind", "day", "first", "last", "until"),
    [
        ("monthly", "transactions", "2026-11-30", "2026-11-21", "2026-11-30", "2026-12-10"),
        ("monthly", "transactions", "2027-02-11", "2027-02-11", "2027-02-20", "2027-02-28"),
        ("monthly", "transactions", "2028-02-29", "2028-02-21", "2028-02-29", "2028-03-10"),
        ("monthly", "payments", "2026-11-30", "2026-11-01", "2026-11-30", "2026-12-10"),
        ("quarterly", "transactions", "2026-12-01", "2026-12-01", "2026-12-31", "2027-01-10"),
        ("simplified", "transactions", "2026-12-01", "2026-12-01", "2026-12-31", "2027-01-31"),
        ("franchise", "payments", "2027-01-31", "2027-01-01", "2027-02-28", "2027-03-31"),
    ],
)
def test_the_days_of_the_rule(regime, kind, day, first, last, until):
    found = span_of(Regime(regime), ReportKind(kind), date.fromisoformat(day))
    assert (str(found.first), str(found.last)) == (first, last)
    assert str(last_day(Regime(regime), ReportKind(kind), found)) == until


@pytest.mark.parametrize(
    ("customer", "audience", "scheme", "number"),
    [
        ({}, "consumer", "", ""),
        ({"country": "FR", "postal_code": "69001"}, "consumer", "", ""),
        ({"country": "FR", "company": "Asso du quartier"}, "consumer", "", ""),
        ({"country": "FR", "siren": "732829320"}, "invoiced", "", ""),
        ({"country": "FR", "vat_number": "FR44732829320"}, "invoiced", "", ""),
        ({"country": "RE", "siren": "732829320"}, "invoiced", "", ""),
        ({"country": "DE", "vat_number": "DE136695976"}, "abroad", "0223", "DE136695976"),
        ({"country": "DE", "vat_number": "DE000000000"}, "consumer", "", ""),
        ({"country": "DE", "company": "Funk GmbH"}, "consumer", "", ""),
        ({"country": "CH", "company": "Radio Lac SA, Genève"}, "abroad", "0227", "CHRadio Lac SA, Ge"),
        ({"country": "US", "name": "John Doe"}, "consumer", "", ""),
    ],
)
def test_who_is_told_how(customer, audience, scheme, number):
    found = known(Customer(**customer))
    assert (found.audience.value, found.scheme, found.number) == (audience, scheme, number)


def test_a_day_is_told_by_currency_category_and_rate_and_each_document_counts_once_in_each():
    found = report_of(
        sold({SERVICES: Share(10_00, 2_00), GOODS: Share(5_00, 1_00), BOOKS: Share(20_00, 1_10)}),
        sold({SERVICES: Share(1_00, 20)}),
        sold({SERVICES: Share(1_00, 20)}, currency="USD"),
        sold({SERVICES: Share(3_00, 60)}, on=FOURTH),
        sold({ROME: Share(10_00, 2_20)}),
        sold({FRANCHISE: Share(7_00, 0)}, on=FOURTH),
    )
    assert [
        (day["date"], day["currency"], day["category"], day["count"], day["net"], day["tax"], day["tax_in_euros"])
        for day in found["days"]
    ] == [
        ("2026-11-03", "EUR", "TLB1", 1, 25_00, 2_10, 2_10),
        ("2026-11-03", "EUR", "TNT1", 1, 10_00, 0, 0),
        ("2026-11-03", "EUR", "TPS1", 2, 11_00, 2_20, 2_20),
        ("2026-11-03", "USD", "TPS1", 1, 1_00, 20, 18),
        ("2026-11-04", "EUR", "TPS1", 2, 10_00, 60, 60),
    ]
    assert found["days"][0]["rates"] == [
        {"percent": "20", "net": 5_00, "tax": 1_00},
        {"percent": "5.5", "net": 20_00, "tax": 1_10},
    ]
    assert found["days"][4]["rates"] == [
        {"percent": "20", "net": 3_00, "tax": 60},
        {"percent": "0", "net": 7_00, "tax": 0},
    ]
    assert totals(SALES, found) == {"EUR": {"net": 56_00, "tax": 4_90}, "USD": {"net": 1_00, "tax": 20}}
    assert (found["documents"], found["left_out"], warnings(SALES, found)) == ([], [], [])


def test_credit_notes_subtract_on_their_own_day_and_count_for_nothing():
    found = report_of(
        sold({SERVICES: Share(10_00, 2_00)}),
        sold({SERVICES: Share(4_00, 80)}, credits=("F-1", THIRD)),
        sold({SERVICES: Share(6_00, 1_20)}, on=FOURTH, credits=("F-1", THIRD)),
    )
    assert [(day["date"], day["count"], day["net"], day["tax"]) for day in found["days"]] == [
        ("2026-11-03", 1, 6_00, 1_20),
        ("2026-11-04", 0, -6_00, -1_20),
    ]
    assert totals(SALES, found) == {"EUR": {"net": 0, "tax": 0}}


def test_what_is_left_out_is_said():
    invoiced = Known(audience=Audience.invoiced, country="FR")
    found = report_of(
        sold({SERVICES: Share(100_00, 20_00)}, known=invoiced),
        sold({SERVICES: Share(50_00, 10_00)}, known=invoiced, credits=("F-1", THIRD)),
        sold({EXEMPT: Share(30_00, 0), SERVICES: Share(1_00, 20)}),
        sold({SERVICES: Share(8_00, 1_60)}, currency="GBP"),
    )
    assert [(day["category"], day["net"]) for day in found["days"]] == [("TPS1", 1_00)]
    assert found["left_out"] == [
        {"why": "currency", "currency": "GBP", "count": 1, "net": 8_00, "tax": 1_60},
        {"why": "exempt", "currency": "EUR", "count": 1, "net": 30_00, "tax": 0},
        {"why": "invoiced", "currency": "EUR", "count": 1, "net": 50_00, "tax": 10_00},
    ]
    assert warnings(SALES, found) == ["left_out_currency"]
    told = report_of(sold({Slice(Decimal("8.1"), Nature.services): Share(1_00, 8)}))
    assert warnings(SALES, told) == ["rate_unknown"]
    assert is_empty(report_of(sold({EXEMPT: Share(30_00, 0)})))


def test_receipts_are_of_services_with_vat_due_on_receipt_alone():
    taken = Receipts(euros=euros)
    base = {"number": "F-1", "issued_on": THIRD, "on": FOURTH, "currency": "EUR", "known": CONSUMER}
    taken.add(Receipt(**base, changes={SERVICES: 12_00, GOODS: 99_00, ROME: 9_00, EXEMPT: 9_00, FRANCHISE: 3_00}))
    taken.add(Receipt(**{**base, "currency": "USD"}, changes={SERVICES: 10_00}))
    taken.add(Receipt(**{**base, "currency": "GBP"}, changes={SERVICES: 10_00}))
    taken.add(Receipt(**{**base, "known": Known(audience=Audience.invoiced)}, changes={SERVICES: 77_00}))
    abroad = Known(audience=Audience.abroad, country="US", scheme="0227", number="USRadio")
    taken.add(Receipt(**{**base, "known": abroad, "number": "F-2"}, changes={SERVICES: 5_00}))
    back = {**base, "on": date(2026, 11, 5)}
    taken.add(Receipt(**back, changes={SERVICES: -2_00}))
    found = taken.report()
    assert found["days"] == [
        {"date": "2026-11-04", "percent": "20", "amount": 21_00},
        {"date": "2026-11-04", "percent": "0", "amount": 3_00},
        {"date": "2026-11-05", "percent": "20", "amount": -2_00},
    ]
    assert found["documents"] == [
        {
            "number": "F-2",
            "date": "2026-11-03",
            "payments": [{"date": "2026-11-04", "percent": "20", "amount": 5_00}],
        }
    ]
    assert found["left_out"] == [{"why": "currency", "currency": "GBP", "count": 1, "net": 10_00, "tax": 0}]
    assert totals(RECEIPTS, found) == {"EUR": {"amount": 27_00}}
    assert warnings(RECEIPTS, found) == ["left_out_currency", "below_zero"]


amounts = st.integers(-10_000, 10_000)


lines = st.lists(
    st.tuples(
        st.sampled_from([Decimal(20), Decimal("5.5")]),
        st.sampled_from(["books", "electronic", "goods_wine", "exempt"]),
        st.integers(1, 50_000),
    ),
    min_size=1,
    max_size=6,
)


@given(
    st.lists(
        st.tuples(lines, st.booleans(), st.sampled_from(["EUR", "USD"]), st.sampled_from([THIRD, FOURTH])), max_size=8
    )
)
def test_the_totals_of_a_report_are_those_of_its_documents_by_rate(told):
    """Whatever is sold: by currency and rate, what the days say is the sum of what the documents say."""
    sales, expected = Sales(euros=euros), {}
    for at, (sold_lines, is_note, currency, on) in enumerate(told):
        nets: dict[Decimal, int] = {}
        for percent, _code, net in sold_lines:
            nets[percent] = nets.get(percent, 0) + net
        taxes = {percent: round(net * percent / 100) for percent, net in nets.items()}
        slices = shares([Sold(percent=percent, tax_code=code, net=net) for percent, code, net in sold_lines], taxes)
        credits_ = ("F-0", THIRD) if is_note else None
        sales.add(sold(slices, number=f"F-{at}", on=on, currency=currency, credits=credits_))
        for percent, net in nets.items():
            held = expected.setdefault((currency, percent), [0, 0])
            held[0] += -net if is_note else net
            held[1] += -taxes[percent] if is_note else taxes[percent]
    found: dict[Any, list[int]] = {}
    for day in sales.report()["days"]:
        assert day["net"] == sum(rate["net"] for rate in day["rates"])
        assert day["tax"] == sum(rate["tax"] for rate in day["rates"])
        for rate in day["rates"]:
            held = found.setdefault((day["currency"], Decimal(rate["percent"])), [0, 0])
            held[0] += rate["net"]
            held[1] += rate["tax"]
    assert found == expected


def test_what_is_left_out_changes_no_digest_and_what_is_told_does():
    first = report_of(sold({SERVICES: Share(10_00, 2_00)}))
    second = report_of(sold({SERVICES: Share(10_00, 2_00)}), sold({EXEMPT: Share(1, 0)}))
    third = report_of(sold({SERVICES: Share(10_01, 2_00)}))
    assert digest(first) == digest(second) != digest(third)
