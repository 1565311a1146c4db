"""What a purchase costs now and later (domain 2, 7, 8, 9; mocks `pay` and `offer`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.engine.quoting import quote
from merchants.refusals import Invalid
from subscribers.lifecycle import Status
from subscribers.periods import Alignment, Anchor, Interval, Unit
from subscribers.snapshots import Duration, TaxBehavior
from subscribers.taxes import TaxProfile, TaxRateMissing
from tests.unit.pictures import QUARTER, YEAR, arrears, euros_off, offer, option, percent, purchase, stage

D = date.fromisoformat
HIFI = offer(stage(0, times=1), stage(699, times=3), stage(1299))


def now(quoted):
    return [(line.kind.value, line.formula, line.charged) for line in quoted.lines]


def later(quoted):
    return [
        (one.from_on.isoformat(), one.gross, one.interval.key, one.times, [part.amount for part in one.parts])
        for one in quoted.later
    ]


def test_the_hosted_page_of_the_mock_up():
    quoted = quote(purchase(HIFI, options=(option(),)), today=D("2026-11-03"))
    assert (quoted.due, quoted.totals.tax, quoted.start_on) == (200, 33, D("2026-11-03"))
    assert now(quoted) == [("stage", "0.00", 0), ("option", "2.00", 200)]
    assert later(quoted) == [
        ("2026-12-03", 899, ("month", 1), 3, [699, 200]),
        ("2027-03-03", 1499, ("month", 1), None, [1299, 200]),
    ]
    assert (quoted.opened.status, quoted.period.end) == (Status.trialing, D("2026-12-03"))


def test_the_simulator_of_the_mock_up_who_buys_on_31_january():
    quoted = quote(purchase(HIFI), today=D("2026-01-31"))
    assert quoted.due == 0
    assert quoted.invoice is not None
    assert not quoted.invoice.makes_invoice
    assert later(quoted) == [
        ("2026-02-28", 699, ("month", 1), 3, [699]),
        ("2026-05-31", 1299, ("month", 1), None, [1299]),
    ]


def test_an_aligned_first_period_is_prorated_and_not_counted():
    sold = offer(stage(2990, times=2), stage(3990), alignment=Alignment.calendar, setup_amount=1500)
    quoted = quote(purchase(sold), today=D("2026-05-14"))
    assert now(quoted) == [("setup", "15.00", 1500), ("stage", "29.90 × 18/31 = 17.36", 1736)]
    assert quoted.lines[1].inputs == {
        "currency": "EUR",
        "unit_amount": 2990,
        "quantity": 1,
        "from": "2026-05-14",
        "until": "2026-06-01",
        "days": 18,
        "whole_days": 31,
        "whole_from": "2026-05-01",
        "whole_until": "2026-06-01",
    }
    assert quoted.lines[1].rule == "part_of_period"
    assert later(quoted) == [
        ("2026-06-01", 2990, ("month", 1), 2, [2990]),
        ("2026-08-01", 3990, ("month", 1), None, [3990]),
    ]


def test_quantity_options_one_offs_and_gifts():
    sold = offer(stage(1490))
    quoted = quote(
        purchase(
            sold,
            quantity=3,
            options=(
                option("device", 200, quantity=2),
                option("record", one_off_amount=2400),
                option("live", 400, complimentary=True, reason="outage", term=2),
            ),
        ),
        today=D("2026-05-14"),
    )
    assert now(quoted) == [
        ("stage", "3 × 14.90 = 44.70", 4470),
        ("option", "2 × 2.00 = 4.00", 400),
        ("one_off", "24.00", 2400),
        ("option", "0.00", 0),
    ]
    assert quoted.lines[3].inputs["instead_of"] == 400
    assert quoted.lines[3].rule == "complimentary"
    assert quoted.due == 7270
    assert later(quoted) == [
        ("2026-06-14", 4870, ("month", 1), 1, [4470, 400, 0]),
        ("2026-07-14", 4870, ("month", 1), None, [4470, 400]),
    ]


def test_coupons_count_paid_periods_and_not_the_free_stage():
    coupons = (percent("50", Duration.repeating, periods=2), percent("10"))
    quoted = quote(purchase(HIFI, options=(option(),), coupons=coupons), today=D("2026-11-03"))
    assert quoted.due == 180
    assert later(quoted) == [
        # 8.99: 50 % is 4.495 → 4.50, left 3.49 + 1.00 … then 10 % of 4.49 is 0.45
        ("2026-12-03", 404, ("month", 1), 2, [314, 90]),
        ("2027-02-03", 809, ("month", 1), 1, [629, 180]),
        ("2027-03-03", 1349, ("month", 1), None, [1169, 180]),
    ]


def test_a_coupon_that_takes_all_still_makes_an_invoice_and_nothing_is_due():
    quoted = quote(purchase(offer(stage(999)), coupons=(percent("100", Duration.once),)), today=D("2026-05-14"))
    assert quoted.due == 0
    assert quoted.invoice is not None
    assert quoted.invoice.makes_invoice
    assert quoted.invoice.coupons_counted == ("cpn_100",)
    assert later(quoted) == [("2026-06-14", 999, ("month", 1), None, [999])]


def test_a_per_period_amount_is_prorated_with_an_aligned_first_period():
    sold = offer(stage(2990), alignment=Alignment.calendar)
    quoted = quote(purchase(sold, coupons=(euros_off(500),)), today=D("2026-05-14"))
    assert now(quoted) == [("stage", "29.90 × 18/31 = 17.36, 17.36 − 2.90 = 14.46", 1446)]


def test_exclusive_prices_are_asked_for_with_tax():
    sold = offer(stage(1000), tax_behavior=TaxBehavior.exclusive)
    quoted = quote(purchase(sold), today=D("2026-05-14"))
    assert (quoted.totals.net, quoted.totals.tax, quoted.due) == (1000, 200, 1200)
    assert [(one.gross, one.tax, [part.amount for part in one.parts]) for one in quoted.later] == [(1200, 200, [1000])]


def test_a_fixed_term_says_how_often_and_stops():
    quoted = quote(purchase(offer(stage(1000, times=12))), today=D("2026-01-31"))
    assert quoted.due == 1000
    assert later(quoted) == [("2026-02-28", 1000, ("month", 1), 11, [1000])]


def test_arrears_fall_due_when_the_period_ends_options_when_it_begins():
    quoted = quote(purchase(offer(arrears(1000, times=2)), options=(option(),)), today=D("2026-05-14"))
    assert now(quoted) == [("option", "2.00", 200)]
    assert later(quoted) == [
        ("2026-06-14", 1200, ("month", 1), 1, [1000, 200]),
        ("2026-07-14", 1000, ("month", 1), 1, [1000]),
    ]


def test_what_comes_once_is_not_said_to_come_for_ever():
    sold = offer(arrears(3100), alignment=Alignment.calendar)
    assert later(quote(purchase(sold), today=D("2026-05-14"))) == [
        ("2026-06-01", 1800, ("month", 1), 1, [1800]),
        ("2026-07-01", 3100, ("month", 1), None, [3100]),
    ]
    coupon = percent("50", Duration.repeating, periods=2)
    assert later(quote(purchase(offer(stage(1000)), coupons=(coupon,)), today=D("2026-05-14"))) == [
        ("2026-06-14", 500, ("month", 1), 1, [500]),
        ("2026-07-14", 1000, ("month", 1), None, [1000]),
    ]


def test_a_free_stage_in_days_ends_at_the_time_of_day_it_began_and_anchors_the_next():
    sold = offer(stage(0, Interval(Unit.day, 14), 1), stage(999))
    at = datetime(2026, 3, 16, 20, 15, tzinfo=UTC)  # 21:15 in Paris, before the clocks go on
    quoted = quote(purchase(sold, options=(option(),)), today=D("2026-03-16"), at=at)
    assert quoted.opened.free_until == datetime(2026, 3, 30, 19, 15, tzinfo=UTC)  # 21:15 again, after
    assert now(quoted) == [("stage", "0.00", 0), ("option", "0.00", 0)]
    assert later(quoted) == [("2026-03-30", 1199, ("month", 1), None, [999, 200])]


def test_calendar_offers_align_again_when_a_yearly_stage_follows():
    sold = offer(stage(100, times=3), stage(36500, YEAR), alignment=Alignment.calendar)
    assert later(quote(purchase(sold), today=D("2026-01-01"))) == [
        ("2026-02-01", 100, ("month", 1), 2, [100]),
        ("2026-04-01", 27500, ("year", 1), 1, [27500]),  # 275 of 365 days
        ("2027-01-01", 36500, ("year", 1), None, [36500]),
    ]


def test_months_then_years_share_one_anchor():
    sold = offer(stage(0, times=1), stage(12000, YEAR))
    assert later(quote(purchase(sold), today=D("2026-01-31"))) == [("2026-02-28", 12000, ("year", 1), None, [12000])]


def test_a_billing_day_comes_before_the_offers_alignment():
    sold = offer(stage(3100), alignment=Alignment.calendar, calendar_anchor=Anchor(day=15))
    assert later(quote(purchase(sold), today=D("2026-05-14")))[0][:2] == ("2026-05-15", 3100)
    quoted = quote(purchase(sold, billing_day=20), today=D("2026-05-14"))
    assert (quoted.due, quoted.period.end) == (620, D("2026-05-20"))  # 6 of 30 days (20 April to 19 May)


def test_a_later_start_costs_nothing_today():
    quoted = quote(purchase(offer(stage(1000)), start_on=D("2026-06-01")), today=D("2026-05-14"))
    assert (quoted.due, quoted.lines, quoted.opened.status) == (0, (), Status.scheduled)
    assert later(quoted) == [("2026-06-01", 1000, ("month", 1), None, [1000])]


def test_large_amounts_and_other_exponents_stay_exact():
    assert quote(purchase(offer(stage(10**14))), today=D("2026-05-14")).due == 10**14
    yen = offer(stage(1000), currency="JPY", alignment=Alignment.calendar)
    assert now(quote(purchase(yen), today=D("2026-05-14"))) == [("stage", "1000 × 18/31 = 581", 581)]


def faults(bought):
    with pytest.raises(Invalid) as caught:
        quote(bought, today=D("2026-05-14"))
    return [(error.field, error.code) for error in caught.value.errors]


def test_what_cannot_be_bought():
    monthly, quarterly = offer(stage(1000)), offer(stage(0, times=1), stage(2700, QUARTER))
    assert faults(purchase(monthly, quantity=0)) == [("quantity", "quantity_out_of_range")]
    assert faults(purchase(monthly, billing_day=32)) == [("billing_day", "billing_day_out_of_range")]
    assert faults(purchase(quarterly, options=(option(),))) == [("options[0]", "option_not_sold_for_interval")]
    assert faults(purchase(monthly, options=(option(quantity=0), option("b", complimentary=True)))) == [
        ("options[0].quantity", "quantity_out_of_range"),
        ("options[1].reason", "reason_required"),
    ]
    dollars = replace(euros_off(100), currency="USD")
    stranger = percent("10", applies_to=frozenset({"opt_device"}))
    assert faults(purchase(monthly, coupons=(dollars, stranger))) == [
        ("coupons[0]", "coupon_currency_mismatch"),
        ("coupons[1]", "coupon_does_not_apply"),
    ]
    assert faults(purchase(replace(monthly, currency="eur"))) == [("currency", "currency_unknown")]
    assert faults(purchase(monthly, start_on=date(9999, 1, 1))) == [("start_on", "date_out_of_range")]
    assert faults(purchase(monthly, options=(option(price=10**14, quantity=1000),)))[0][1] == "amount_too_large"


def test_no_rate_no_quote():
    with pytest.raises(TaxRateMissing):
        quote(purchase(offer(stage(1000)), tax=TaxProfile(country="FR")), today=D("2026-05-14"))


def test_each_option_has_its_own_rate():
    quoted = quote(purchase(offer(stage(1000)), options=(option(tax_code="book"),)), today=D("2026-05-14"))
    assert [(one.rate, one.gross, one.tax) for one in quoted.totals.rates] == [
        (Decimal(20), 1000, 167),
        (Decimal("5.5"), 200, 10),
    ]


def test_what_is_given_needs_no_price_for_the_interval():
    sold = offer(stage(2700, QUARTER))
    gift = option(complimentary=True, reason="welcome")
    assert now(quote(purchase(sold, options=(gift,)), today=D("2026-05-14"))) == [
        ("stage", "27.00", 2700),
        ("option", "0.00", 0),
    ]
    assert now(quote(purchase(sold, options=(option(every=QUARTER),)), today=D("2026-05-14")))[1][2] == 200
