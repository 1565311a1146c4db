"""Amounts as people type them; terms as a text that a browser hands back."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merchants.refusals import Invalid
from merchants.terms import FeatureTerm, ListedOption, OfferTerms, StageTerm
from merchants.terms_text import read_terms, write_terms
from merchants.typed import shown_amount, typed_amount, typed_quota
from merchants.wording import amount_text


@pytest.mark.parametrize(
    ("text", "currency", "language", "amount"),
    [
        ("12", "EUR", "fr", 1200),
        ("12,9", "EUR", "fr", 1290),
        (" 12.90 € ", "EUR", "fr", 1290),
        ("1\u00a0200,00\u202f€", "EUR", "fr", 120000),
        ("1.200", "EUR", "fr", 120000),
        ("1,200", "EUR", "en", 120000),
        ("$1,234,567.89", "USD", "en", 123456789),
        ("1.234.567,89", "EUR", "fr", 123456789),
        ("1'200.50", "CHF", "en", 120050),
        ("1,500", "TND", "fr", 1500),
        ("1,500", "TND", "en", 1500),
        ("500", "JPY", "en", 500),
        ("1,500", "JPY", "en", 1500),
        ("0", "EUR", "en", 0),
        ("007", "EUR", "en", 700),
        (",50", "EUR", "fr", 50),
        ("EUR 12.99", "EUR", "en", 1299),
    ],
)
def test_what_people_type(text, currency, language, amount):
    assert typed_amount(text, currency, language) == amount


@pytest.mark.parametrize(
    ("text", "currency", "language"),
    [
        ("1,200", "EUR", "fr"),
        ("1.200", "EUR", "en"),
        ("12.345", "EUR", "fr"[::-1]),
        ("1,20,0.00", "EUR", "en"),
        ("1.2,3.4", "EUR", "fr"),
        ("12,9,9", "EUR", "fr"),
        ("-1", "EUR", "fr"),
        ("\u22121", "EUR", "fr"),
        ("1e3", "EUR", "fr"),
        ("", "EUR", "fr"),
        (".", "EUR", "fr"),
        ("12 € 50 c", "EUR", "fr"),
        ("9" * 50, "EUR", "en"),
        ("0.5", "JPY", "en"),
    ],
)
def test_what_is_refused_rather_than_guessed(text, currency, language):
    with pytest.raises(Invalid):
        typed_amount(text, currency, language)


@given(st.integers(0, 10**14), st.sampled_from(["EUR", "JPY", "TND"]), st.sampled_from(["fr", "en"]))
def test_what_a_field_shows_and_what_a_page_says_is_read_as_the_same_amount(amount, currency, language):
    assert typed_amount(shown_amount(amount, currency, language), currency, language) == amount
    assert typed_amount(amount_text(amount, currency, language), currency, language) == amount


@pytest.mark.parametrize("text", ["Sans limite", "no limit", "UNLIMITED", "∞", " illimité "])
def test_without_limit_is_said_in_several_words(text):
    assert typed_quota(text) is None


@pytest.mark.parametrize("text", ["many", "-1", "1e3", "١", "9" * 16])
def test_a_quota_that_is_none_is_refused(text):
    with pytest.raises(Invalid, match="quota_malformed"):
        typed_quota(text)


TERMS = OfferTerms(
    title={"fr": "Haute fidélité"},
    currency="EUR",
    tax_behavior="inclusive",
    alignment="calendar",
    billing_day=5,
    stages=(
        StageTerm(interval="month", amount=0, recurrences=1),
        StageTerm(
            interval="month",
            amount=1299,
            features=(FeatureTerm(feature=UUID(int=1), quota=3), FeatureTerm(feature=UUID(int=2), level="hifi")),
        ),
    ),
    options=(ListedOption(option=UUID(int=3), included=True),),
)


def test_terms_come_back_as_they_went():
    assert read_terms(write_terms(TERMS)) == TERMS


def changed(**values):
    return json.dumps({**json.loads(write_terms(TERMS)), **values})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        "{}",
        "[" * 5000,
        changed(stages="x"),
        changed(stages=[{"interval": "month", "amount": "12"}]),
        changed(stages=[{"interval": "month", "amount": True}]),
        changed(stages=[{"interval": "month", "amount": 1.5}]),
        changed(options=[{"option": "no id", "included": True}]),
        changed(unknown=1),
        changed(title=[]),
        "x" * 100_001,
    ],
)
def test_what_is_no_terms_is_refused(text):
    with pytest.raises(Invalid, match="terms_malformed"):
        read_terms(text)


def test_terms_that_could_not_be_sold_are_refused_by_their_own_rules():
    with pytest.raises(Invalid, match="amount_negative"):
        read_terms(changed(stages=[{"interval": "month", "amount": -1}]))
