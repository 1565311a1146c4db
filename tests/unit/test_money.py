"""Amounts: exponents, strict reading, rounding, splitting (domain preface and 5; reliability §1.8.9, §4.1)."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merchants.money import (
    AMOUNT_LIMIT,
    EXPONENTS,
    apportion,
    check_amount,
    check_currency,
    check_quantity,
    decimal_text,
    exponent,
    largest_remainder,
    parse_amount,
    parse_unit_price,
    price_times,
    round_half_away,
)
from merchants.refusals import Invalid

ZERO = ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"]
THREE = ["BHD", "JOD", "KWD", "OMR", "TND"]


def code_of(call, *args, **named):
    with pytest.raises(Invalid) as caught:
        call(*args, **named)
    assert caught.value.status == 422
    assert len(caught.value.errors) == 1
    return caught.value.code


def test_exponents_of_the_lists():
    assert {exponent(code) for code in ZERO} == {0}
    assert {exponent(code) for code in THREE} == {3}
    assert [exponent(code) for code in ("EUR", "USD", "GBP", "CHF", "HUF", "TWD", "ISK")] == [2, 2, 2, 2, 2, 2, 0]
    assert set(EXPONENTS.values()) == {0, 2, 3}


@pytest.mark.parametrize("code", ["eur", "EUR ", " EUR", "XXX", "₿", "", "EURO", "ＥＵＲ", None, 978, b"EUR"])
def test_unknown_currencies_are_refused(code):
    assert code_of(check_currency, code) == "currency_unknown"


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("0", "EUR", 0),
        ("0.00", "EUR", 0),
        ("29.9", "EUR", 2990),
        ("29.90", "EUR", 2990),
        ("0.01", "EUR", 1),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("1.2", "TND", 1200),
        ("9999999999999.99", "EUR", 999_999_999_999_999),
    ],
)
def test_decimal_strings_become_minor_units(text, currency, minor):
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("-1", "EUR", "amount_negative"),
        ("-0", "EUR", "amount_negative"),
        ("0.001", "EUR", "too_many_decimals"),
        ("1e309", "EUR", "decimal_malformed"),
        ("1e2", "EUR", "decimal_malformed"),
        ("NaN", "EUR", "decimal_malformed"),
        ("Infinity", "EUR", "decimal_malformed"),
        ("1,000", "EUR", "decimal_malformed"),
        ("1 000", "EUR", "decimal_malformed"),
        ("1_000", "EUR", "decimal_malformed"),
        ("１２", "EUR", "decimal_malformed"),
        ("٣", "EUR", "decimal_malformed"),
        ("0x10", "EUR", "decimal_malformed"),
        ("+5", "EUR", "decimal_malformed"),
        ("", "EUR", "decimal_malformed"),
        (".5", "EUR", "decimal_malformed"),
        ("5.", "EUR", "decimal_malformed"),
        ("007", "EUR", "decimal_malformed"),
        ("5\n", "EUR", "decimal_malformed"),
        ("1" * 41, "EUR", "decimal_malformed"),
        ("10000000000000", "EUR", "amount_too_large"),
        ("1000000000000000000000000000000", "EUR", "amount_too_large"),
        ("10.5", "JPY", "too_many_decimals"),
        ("1.2345", "KWD", "too_many_decimals"),
        ("1", "XXX", "currency_unknown"),
        (12.5, "EUR", "decimal_malformed"),
        (12, "EUR", "decimal_malformed"),
        (None, "EUR", "decimal_malformed"),
    ],
)
def test_what_is_no_amount_is_refused(text, currency, code):
    assert code_of(parse_amount, text, currency) == code


def test_signed_amounts_where_asked():
    assert parse_amount("-29.90", "EUR", signed=True) == -2990
    assert code_of(parse_amount, "-0", "EUR", signed=True) == "amount_negative"
    assert code_of(parse_amount, "-0.00", "EUR", signed=True) == "amount_negative"


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (-1, "amount_negative"),
        (AMOUNT_LIMIT, "amount_too_large"),
        (2**53 + 1, "amount_too_large"),
        (2**63, "amount_too_large"),
        (10**30, "amount_too_large"),
        (-(10**30), "amount_too_large"),
        (True, "amount_not_whole"),
        (1.0, "amount_not_whole"),
        (float("nan"), "amount_not_whole"),
        ("1", "amount_not_whole"),
        (None, "amount_not_whole"),
    ],
)
def test_amounts_out_of_bounds(amount, code):
    assert code_of(check_amount, amount) == code


def test_amounts_within_bounds():
    assert [check_amount(amount) for amount in (0, 2**31, AMOUNT_LIMIT - 1)] == [0, 2**31, AMOUNT_LIMIT - 1]
    assert check_amount(-AMOUNT_LIMIT + 1, signed=True) == -AMOUNT_LIMIT + 1


@pytest.mark.parametrize("quantity", [0, -5, 2**31, 1.5, True, "1", None])
def test_quantities_out_of_range(quantity):
    assert code_of(check_quantity, quantity) == "quantity_out_of_range"


def test_unit_prices_are_rounded_once_on_the_line():
    assert price_times(parse_unit_price("0.004", "EUR"), 1, "EUR") == 0
    assert price_times(parse_unit_price("0.005", "EUR"), 1, "EUR") == 1
    assert price_times(parse_unit_price("0.004", "EUR"), 1000, "EUR") == 400
    assert price_times(parse_unit_price("0.333333", "JPY"), 3, "JPY") == 1
    assert code_of(parse_unit_price, "0.1234567", "EUR") == "too_many_decimals"
    assert code_of(parse_unit_price, "10000000000000", "EUR") == "amount_too_large"


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("1/2", 1), ("-1/2", -1), ("3/2", 2), ("-3/2", -2), ("5/2", 3), ("49/100", 0), ("-49/100", 0), ("7", 7)],
)
def test_half_goes_away_from_zero(value, rounded):
    assert round_half_away(Fraction(value)) == rounded


def test_largest_remainder_in_numbers():
    assert largest_remainder(100, [1, 1, 1]) == [34, 33, 33]
    assert largest_remainder(-100, [1, 1, 1]) == [-34, -33, -33]
    assert largest_remainder(5, [0, 0, 3]) == [0, 0, 5]
    assert largest_remainder(0, [0, 0]) == [0, 0]
    assert largest_remainder(0, []) == []
    assert largest_remainder(10, [Fraction(1, 3), Fraction(2, 3)]) == [3, 7]
    with pytest.raises(ValueError, match="nothing to split"):
        largest_remainder(1, [0, 0])
    with pytest.raises(ValueError, match="do not sum"):
        apportion(10, [1, 2], 1)


@given(st.fractions())
def test_rounding_is_symmetric_and_near(value):
    assert round_half_away(-value) == -round_half_away(value)
    assert abs(round_half_away(value) - value) <= Fraction(1, 2)


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=12))
def test_shares_sum_and_stay_within_one_of_exact(total, weights):
    if sum(weights) == 0:
        weights[0] = 1
    shares = largest_remainder(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(total * weight, sum(weights))) < 1
        assert share == 0 if weight == 0 else share * total >= 0


@given(st.integers(-(10**14), 10**14), st.sampled_from(["EUR", "JPY", "TND"]))
def test_decimal_text_is_read_back(amount, currency):
    assert parse_amount(decimal_text(amount, currency), currency, signed=True) == amount
