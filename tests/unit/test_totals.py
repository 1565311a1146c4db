"""Tax once per rate, discounts before it, nothing lost (domain 6, 7; I5, I6, I12)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.engine.discounts import discounted
from invoices.drafts import DraftInvoice, DraftLine, LineKind, merged, unit_net
from invoices.totals import totals
from merchants.money import round_half_away
from subscribers.snapshots import Duration, TaxBehavior
from subscribers.taxes import TaxRate
from tests.unit.pictures import euros_off, percent

INCLUSIVE, EXCLUSIVE = TaxBehavior.inclusive, TaxBehavior.exclusive


def line(amount, rate="20", *, sold="off_1", quantity=1, currency="EUR", category="S"):
    inputs = {"currency": currency, "unit_amount": amount, "quantity": 1}
    return DraftLine(
        kind=LineKind.charge,
        title={"en": "x"},
        amount=amount,
        currency=currency,
        tax_code="electronic",
        tax=TaxRate(rate=Decimal(rate), category=category),
        rule="once",
        inputs=inputs,
        formula="",
        quantity=quantity,
        catalogue_id=sold,
    )


def test_the_invoice_of_the_mock_up():
    summed = totals([line(987)], INCLUSIVE)
    assert (summed.net, summed.tax, summed.gross) == (822, 165, 987)
    assert [(one.rate, one.net, one.tax, one.gross) for one in summed.rates] == [(Decimal(20), 822, 165, 987)]


def test_inclusive_lines_share_the_net_by_largest_remainder():
    # 3 × 0.10 at 20 %: VAT round(30 / 6) = 5, net 25 = 9 + 8 + 8; line by line it would have been 3 × 8 = 24.
    summed = totals([line(10), line(10), line(10)], INCLUSIVE)
    assert (summed.net, summed.tax, summed.gross) == (25, 5, 30)
    assert summed.line_nets == (9, 8, 8)


def test_exclusive_tax_is_rounded_on_the_sum_not_per_line():
    # 3 × 0.12 at 20 %: 0.072 each would be 0.07 × 3 = 0.21; on the sum 0.36 it is 0.07.
    summed = totals([line(12), line(12), line(12)], EXCLUSIVE)
    assert (summed.net, summed.tax, summed.gross) == (36, 7, 43)
    assert summed.line_nets == (12, 12, 12)


def test_rates_and_categories_stand_apart():
    summed = totals([line(1000), line(500, "5.5"), line(300, "0", category="AE"), line(200, "20.0")], EXCLUSIVE)
    assert [(str(one.rate), one.category, one.net, one.tax) for one in summed.rates] == [
        ("20", "S", 1200, 240),
        ("5.5", "S", 500, 28),  # 27.5, half away from zero
        ("0", "AE", 300, 0),
    ]
    assert (summed.net, summed.tax, summed.gross) == (2000, 268, 2268)
    assert totals([], INCLUSIVE).gross == 0


@pytest.mark.parametrize(
    ("net", "quantity", "currency", "text"),
    [
        (2492, 1, "EUR", "24.92"),
        (1000, 3, "EUR", "3.333333"),
        (2000, 3, "EUR", "6.666667"),
        (500, 4, "JPY", "125"),
        (1, 8, "JPY", "0.125"),
        (1234, 1, "TND", "1.234"),
        (0, 5, "EUR", "0.00"),
    ],
)
def test_unit_nets_have_up_to_six_decimals(net, quantity, currency, text):
    assert str(unit_net(net, quantity, currency)) == text


def take(lines, *coupons, paid=True, share=Fraction(1)):
    left, after = discounted(lines, coupons, paid_period=paid, share=share)
    return [one.charged for one in left], [coupon.periods_used for coupon in after], left


def test_coupons_in_the_order_attached_each_on_what_the_former_left():
    half, five = percent("50"), euros_off(500)
    assert take([line(1500), line(500)], half, five)[0] == [375, 125]  # 2000 → 1000 → 500
    assert take([line(1500), line(500)], five, half)[0] == [562, 188]  # 2000 → 1500 → 750: 562.5 + 187.5
    told = take([line(1500), line(500)], half, five)[2][0]
    assert told.discount == 1125
    assert told.formula == "15.00 − 7.50 − 3.75 = 3.75"
    assert told.inputs["discounts"] == [
        {"coupon": "cpn_50", "code": "P50", "percent": "50", "amount": 750},
        {"coupon": "cpn_e500", "code": "E500", "percent": None, "amount": 375},
    ]


def test_a_percentage_is_rounded_once_and_ties_go_to_the_earlier_line():
    # 10 % of 3 × 0.05 = 0.015 → 0.02: one cent each to the first two.
    assert take([line(5), line(5), line(5)], percent("10"))[0] == [4, 4, 5]
    assert take([line(1000)], percent("33.333"))[0] == [667]
    assert take([line(999)], percent("100"))[0] == [0]


def test_an_amount_is_at_most_what_it_covers_and_prorated_with_its_period():
    assert take([line(300), line(100)], euros_off(500))[0] == [0, 0]
    assert take([line(2990)], euros_off(500), share=Fraction(18, 31))[0] == [2700]  # 290.32 → 290
    assert take([line(2990)], euros_off(500, Duration.once), share=Fraction(18, 31))[0] == [2490]


def test_coupons_cover_what_they_name():
    lines = [line(1000, sold="off_1"), line(200, sold="opt_1")]
    assert take(lines, percent("50", applies_to=frozenset({"opt_1"})))[0] == [1000, 100]
    assert take(lines, percent("50", applies_to=frozenset({"opt_9"})))[0] == [1000, 200]


def test_counted_coupons_wait_for_a_paid_period_and_stop_when_spent():
    once, three, ever = percent("50", Duration.once), percent("20", Duration.repeating, periods=3), percent("10")
    assert take([line(1000)], once, three, ever, paid=False)[:2] == ([900], [0, 0, 0])
    assert take([line(1000)], once, three, ever)[:2] == ([360], [1, 1, 0])
    spent = percent("50", Duration.once, periods_used=1)
    assert take([line(1000)], spent)[:2] == ([1000], [1])


def test_one_currency_and_nothing_below_zero():
    with pytest.raises(ValueError, match="one currency"):
        DraftInvoice(payer="c", currency="EUR", tax_behavior=INCLUSIVE, on=None, lines=(line(1, currency="USD"),))
    with pytest.raises(ValueError, match="below zero"):
        line(-1)


def test_two_drafts_on_one_document():
    draft = DraftInvoice(
        payer="c",
        subscription="s",
        currency="EUR",
        tax_behavior=INCLUSIVE,
        on=None,
        lines=(line(1),),
        coupons_counted=("a",),
    )
    other = DraftInvoice(
        payer="c",
        subscription="t",
        currency="EUR",
        tax_behavior=INCLUSIVE,
        on=None,
        lines=(line(0),),
        coupons_counted=("a", "b"),
    )
    both = merged(draft, other)
    assert ([one.amount for one in both.lines], both.subscription) == ([1, 0], None)
    assert both.coupons_counted == ("a", "a", "b")
    assert (draft.makes_invoice, other.makes_invoice, both.makes_invoice) == (True, False, True)
    stranger = DraftInvoice(payer="d", currency="EUR", tax_behavior=INCLUSIVE, on=None, lines=())
    with pytest.raises(ValueError, match="one payer"):
        merged(draft, stranger)


# Properties ----------------------------------------------------------------------------------------------------------

AMOUNTS = st.lists(st.integers(0, 10**7), min_size=1, max_size=10)
RATES = st.sampled_from(["0", "2.1", "5.5", "10", "19.6", "20", "25.5"])
COUPONS = st.lists(
    st.one_of(
        st.decimals("0.001", "100", places=3).map(lambda off: percent(str(off))),
        st.integers(1, 10**6).map(euros_off),
    ),
    max_size=4,
)


@given(st.lists(st.tuples(st.integers(0, 10**8), RATES), min_size=1, max_size=12), st.sampled_from(TaxBehavior))
def test_totals_add_up(drawn, behavior):
    lines = [line(amount, rate) for amount, rate in drawn]
    summed = totals(lines, behavior)
    assert summed.net + summed.tax == summed.gross
    assert sum(summed.line_nets) == summed.net
    assert all(isinstance(amount, int) for amount in (summed.net, summed.tax, summed.gross, *summed.line_nets))
    for one in summed.rates:
        assert one.net + one.tax == one.gross
        amounts = [amount for amount, rate in drawn if Decimal(rate) == one.rate]
        if behavior is EXCLUSIVE:
            assert one.net == sum(amounts)
            assert one.tax == round_half_away(one.net * Fraction(one.rate) / 100)
        else:
            assert one.gross == sum(amounts)
            assert one.tax == round_half_away(one.gross * Fraction(one.rate) / (100 + Fraction(one.rate)))
    for net, (amount, rate) in zip(summed.line_nets, drawn, strict=True):
        exact = amount if behavior is EXCLUSIVE else Fraction(amount * 100) / (100 + Fraction(rate))
        assert abs(net - exact) <= 1
        assert 0 <= net <= amount
    if behavior is INCLUSIVE:
        assert summed.gross == sum(amount for amount, _ in drawn)


@given(AMOUNTS, COUPONS, st.fractions(0, 1))
def test_discount_shares_sum_to_the_coupon_and_no_line_goes_below_zero(amounts, coupons, share):
    coupons = [replace(coupon, id=f"cpn_{at}") for at, coupon in enumerate(coupons)]
    left, _ = discounted([line(amount) for amount in amounts], coupons, paid_period=True, share=share)
    remaining = sum(amounts)
    for coupon in coupons:
        taken = sum(part.amount for one in left for part in one.discounts if part.coupon_id == coupon.id)
        if coupon.percent_off is not None:
            assert taken == round_half_away(remaining * Fraction(coupon.percent_off) / 100)
        else:
            assert taken == min(remaining, round_half_away(coupon.amount_off * share))
        remaining -= taken
    assert sum(one.charged for one in left) == remaining >= 0
    assert all(0 <= one.charged <= one.amount for one in left)
