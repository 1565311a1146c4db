"""Prices of use: exact, never less for more where they should not be, and each boundary on its own side."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as some

from billing.engine.decide import catch_up
from billing.engine.metering import aggregate, amount_of, priced
from billing.engine.step import StepKind
from billing.engine.usage_lines import ending
from invoices.calculations import say
from merchants.metered import Aggregation, TierTerm, UsageTerm, usage_faults, usage_json, usage_terms
from merchants.typed_usage import shown_usage, typed_usage
from subscribers.snapshots import UsageSpan, Used
from tests.unit.pictures import begun, offer, percent, stage

CALLS = UUID(int=7)
quantities = some.decimals(min_value=0, max_value=10**6, places=2)
unit_prices = some.decimals(min_value=0, max_value=100, places=4).map(lambda price: f"{price:f}")


def each(price: str) -> UsageTerm:
    return UsageTerm(feature=CALLS, model="per_unit", unit_price=price)


@some.composite
def tiers(draw: some.DrawFn) -> tuple[TierTerm, ...]:
    """Tiers whose unit prices fall, as they are sold."""
    ends = sorted(draw(some.sets(some.integers(1, 5000), min_size=0, max_size=4)))
    prices = sorted((draw(some.integers(0, 5000)) for _ in range(len(ends) + 1)), reverse=True)
    texts = [f"{Decimal(price).scaleb(-4):f}" for price in prices]
    flats = [draw(some.integers(0, 1000)) for _ in texts]
    bounds = [*(str(end) for end in ends), None]
    return tuple(
        TierTerm(unit_price=text, up_to=bound, flat_amount=flat)
        for text, bound, flat in zip(texts, bounds, flats, strict=True)
    )


def exact(term: UsageTerm, quantity: Decimal) -> Fraction:
    return sum((part.exact("EUR") for part in priced(term, quantity)), Fraction(0))


@given(unit_prices, quantities, quantities)
def test_a_price_each_adds_up(price, one, other):
    term = each(price)
    assert exact(term, one) + exact(term, other) == exact(term, one + other)
    assert abs(amount_of(priced(term, one), "EUR") - exact(term, one)) <= Fraction(1, 2)


@given(tiers(), quantities, quantities)
def test_graduated_never_costs_less_for_more_and_splits_all_of_it(steps, one, other):
    term = UsageTerm(feature=CALLS, model="graduated", tiers=steps)
    less, more = sorted((one, other))
    assert exact(term, less) <= exact(term, more)
    assert sum((part.quantity for part in priced(term, more)), Decimal(0)) == more
    assert not list(usage_faults("usage", [term], "EUR"))
    assert usage_terms(usage_json([term])) == (term,)


@given(tiers(), quantities)
def test_with_falling_prices_volume_is_never_dearer_than_graduated(steps, quantity):
    bare = tuple(replace(tier, flat_amount=0) for tier in steps)
    graduated = UsageTerm(feature=CALLS, model="graduated", tiers=bare)
    volume = UsageTerm(feature=CALLS, model="volume", tiers=bare)
    assert exact(volume, quantity) <= exact(graduated, quantity)
    ends = [Decimal(tier.up_to) for tier in bare if tier.up_to]
    if ends and quantity <= ends[0]:
        assert exact(volume, quantity) == exact(graduated, quantity)
    for tier, end in zip(bare, ends, strict=False):
        (part,) = priced(volume, end)
        assert part.unit_price == tier.unit_price


@given(quantities, some.integers(1, 500))
def test_packages_hold_what_was_used_and_none_is_empty(quantity, size):
    term = UsageTerm(feature=CALLS, model="package", unit_price="5.00", package_size=str(size))
    count = sum((part.quantity for part in priced(term, quantity)), Decimal(0))
    assert count * size >= quantity > (count - 1) * size or count == quantity == 0


@given(some.lists(some.tuples(quantities, some.sampled_from("abc"))))
def test_aggregations_hold_their_relations(records):
    had = {how: aggregate(how, records) for how in Aggregation}
    assert had[Aggregation.unique] <= had[Aggregation.count] == len(records)
    assert had[Aggregation.max] <= had[Aggregation.sum] <= had[Aggregation.max] * len(records)


@given(tiers(), some.sampled_from(["graduated", "volume"]), some.sampled_from(["en", "fr"]))
def test_what_a_field_shows_is_read_again_as_it_was(steps, model, language):
    term = UsageTerm(feature=CALLS, model=model, tiers=steps)
    again = typed_usage(CALLS, model, shown_usage(term, "EUR", language), "EUR", language)
    assert exact(again, Decimal(4321)) == exact(term, Decimal(4321))
    assert [tier.up_to for tier in again.tiers] == [tier.up_to for tier in term.tiers]


def test_the_line_says_how_it_came_about_in_both_languages():
    steps = (TierTerm(unit_price="0.10", up_to="1000"), TierTerm(unit_price="0.05", flat_amount=5_00))
    term = UsageTerm(feature=CALLS, model="graduated", tiers=steps)
    picture = begun(offer(stage(10_00, usage=(term,))), "2026-01-10", coupons=(percent("10"),))
    metered = ending(picture)
    assert metered is not None
    used = Used(
        feature=str(CALLS),
        reference="calls",
        title={"en": "calls", "fr": "appels"},
        aggregation=Aggregation.sum,
        quantity=Decimal("1500.000000"),
    )
    span = UsageSpan(start=metered.period.start, until=metered.until, used=(used,))
    (step,) = catch_up(replace(picture, usage=(span,)), date(2026, 2, 10))
    line, next_period = step.drafts[0].lines
    assert (step.kind, line.title["fr"], line.charged, next_period.charged) == (
        StepKind.renew, "Hifi, appels", 117_00, 9_00,
    )  # fmt: skip
    assert line.formula == "1000 × 0.10 + 500 × 0.05 + 5.00 = 130.00, 130.00 − 13.00 = 117.00"
    said = say(line.rule, line.inputs, amount=line.amount, language="fr").replace("\N{NO-BREAK SPACE}", " ")
    assert said == "1 000 × 0,10 + 500 × 0,05 + 5,00 = 130,00, 130,00 − 13,00 = 117,00, du 10 janvier au 9 février"
    assert (line.quantity, line.unit_price, line.fact) == (1, "130.00", f"usage:{picture.id}:{CALLS}:2026-01-10")
