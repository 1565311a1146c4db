"""The first day on which somebody who is bound may be gone, and what leaving earlier costs, as a line (domain 14)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.engine.committing import committed_until
from billing.engine.early_end import early_end_fee
from billing.engine.leaving import earliest_end
from billing.engine.lines import early_end_line, fee_line
from billing.engine.schedule import walk
from invoices.calculations import computes, is_plain, say
from invoices.drafts import LineKind
from merchants.early_end import EarlyEnd
from subscribers.periods import Alignment
from subscribers.snapshots import Commitment
from tests.unit.pictures import WEEK, arrears, begun, offer, stage

D = date.fromisoformat


def bound(*stages, intervals=12, start="2026-01-15", on=None, **more):
    terms = {name: more.pop(name) for name in ("notice_days", "notice_months", "early_end") if name in more}
    sold = offer(*(stages or (stage(31_00),)), commitment=Commitment(intervals=intervals, **terms), **more)
    snapshot = begun(sold, start)
    for step in walk(snapshot, until=D(on or start)):
        snapshot = step.after
    return snapshot


def test_without_a_commitment_at_the_end_of_what_is_paid():
    free_to_go = begun(offer(stage(31_00)), "2026-01-15")
    assert committed_until(free_to_go) is None
    assert earliest_end(free_to_go, D("2026-01-20")) == D("2026-02-15")


@pytest.mark.parametrize(("today", "end"), [("2026-01-15", "2027-01-15"), ("2026-12-20", "2027-01-15")])
def test_bound_for_twelve_months_at_their_end(today, end):
    snapshot = bound(on=today)
    assert committed_until(snapshot) == D("2027-01-15")
    assert earliest_end(snapshot, D(today)) == D(end)


def test_once_it_is_over_at_the_end_of_what_is_paid():
    assert earliest_end(bound(on="2027-03-20"), D("2027-03-20")) == D("2027-04-15")


def test_a_notice_moves_it_to_the_end_of_the_period_in_which_it_has_passed():
    noticed = bound(intervals=0, notice_days=30, on="2026-01-16")
    assert earliest_end(noticed, D("2026-01-16")) == D("2026-02-15")  # thirty days on, to the day
    assert earliest_end(noticed, D("2026-01-17")) == D("2026-03-15")
    both = bound(intervals=2, notice_days=30, on="2026-02-20")
    assert earliest_end(both, D("2026-02-20")) == D("2026-04-15")


def test_an_end_that_is_planned_already_is_not_asked():
    planned = replace(bound(), service_ends_on=D("2026-06-15"), billing_ends_on=D("2026-06-15"))
    assert earliest_end(planned, D("2026-01-20")) == D("2027-01-15")
    assert earliest_end(replace(planned, service_ends_on=None), D("2026-01-20")) == D("2027-01-15")
    assert earliest_end(replace(planned, billing_ends_on=None), D("2026-01-20")) == D("2027-01-15")


def test_the_fee_of_a_change_is_a_line_of_the_offer():
    line = fee_line(bound(title={"en": "Club", "fr": "Club"}), 15_00, on=D("2026-02-01"))
    assert (line.kind, line.amount, line.quantity, line.period) == (LineKind.one_off, 15_00, 1, None)
    assert (line.tax_code, line.catalogue_id, line.fact) == ("electronic", "off_1", "fee:sub_1:2026-02-01")
    assert line.title["en"].startswith("Club")


def test_in_the_free_stage_at_its_end_whatever_binds_later():
    trial = bound(stage(0, WEEK, 2), stage(31_00), intervals=12)
    assert committed_until(trial) is None
    assert earliest_end(trial, D("2026-01-16")) == D("2026-01-29")


def test_a_fixed_term_ends_it_before_its_commitment():
    assert earliest_end(bound(stage(31_00, times=2), intervals=12), D("2026-01-20")) == D("2026-03-15")


def test_bound_from_the_first_whole_period_and_from_the_first_paid_stage():
    calendar = bound(intervals=2, alignment=Alignment.calendar)
    assert committed_until(calendar) == D("2026-04-01")
    steps = bound(stage(10_00, times=3), stage(20_00), intervals=6, on="2026-05-20")
    assert committed_until(steps) == D("2026-07-15")
    assert earliest_end(bound(arrears(45_00), intervals=3), D("2026-01-20")) == D("2026-04-15")


def test_the_fee_is_a_line_that_says_how_it_came_about_and_until_when():
    fee = EarlyEnd(formula="remaining", percent=Decimal(25))
    snapshot = bound(early_end=fee, on="2026-10-20", title={"en": "Club", "fr": "Club"})
    owed = early_end_fee(snapshot, D("2026-11-15"))
    assert owed is not None and owed.amount == 15_50  # a quarter of two months of 31.00
    line = early_end_line(snapshot, owed.amount, owed.told, on=D("2026-11-15"))
    assert (line.kind, line.rule, line.amount, line.charged) == (LineKind.early_end, "early_end", 15_50, 15_50)
    assert (line.currency, line.tax_code, line.quantity, line.unit_price) == ("EUR", "electronic", 1, "15.50")
    assert (line.fact, line.catalogue_id, line.subscription_id) == ("early_end:sub_1", "off_1", "sub_1")
    assert (str(line.tax.rate), line.period, line.subscription_option_id) == ("20", None, None)
    assert line.title["en"].startswith("Club") and line.title["fr"].startswith("Club")
    assert line.title["en"] != line.title["fr"]
    assert (line.inputs["currency"], line.inputs["unit_amount"], line.inputs["quantity"]) == ("EUR", 15_50, 1)
    assert line.inputs["early_end"] == dict(owed.told)
    assert computes(line.inputs) and not is_plain(line.inputs)
    assert "15.50" in line.formula
    english = say(line.rule, line.inputs, amount=line.amount, language="en")
    french = say(line.rule, line.inputs, amount=line.amount, language="fr")
    assert english == "62.00 × 25% = 15.50, commitment until 14 January 2027"
    assert french == "62,00 × 25\xa0% = 15,50, engagement jusqu’au 14 janvier 2027"


@pytest.mark.parametrize(
    ("fee", "day", "amount", "told"),
    [
        ({"formula": "flat", "amount": 50_00}, "2026-03-15", 50_00, {"of": 50_00}),
        ({"formula": "flat"}, "2026-03-15", None, {}),
        (
            {"formula": "degressive", "amount": 120_00},
            "2026-03-15",
            100_00,
            {"of": 120_00, "left": 10, "intervals": 12},
        ),
        ({"formula": "degressive", "amount": 120_00}, "2026-03-16", 90_00, {"of": 120_00, "left": 9, "intervals": 12}),
        ({"formula": "degressive"}, "2026-03-15", None, {}),
        ({"formula": "flat", "amount": 1}, "2026-03-15", 1, {"of": 1}),
        ({"formula": "flat", "amount": 5_000_00}, "2026-11-20", 31_00, {"of": 5_000_00}),
        ({"formula": "flat", "amount": 50_00}, "2027-01-15", None, {}),
        (
            {"formula": "remaining", "percent": Decimal(50)},
            "2026-11-20",
            15_50,
            {"parts": [{"of": 31_00, "percent": "50"}]},
        ),
    ],
)
def test_each_formula_of_an_early_end(fee, day, amount, told):
    found = early_end_fee(bound(on=day, early_end=EarlyEnd(**fee)), D(day))
    assert (found.amount if found else None) == amount
    if found:
        assert {name: found.told[name] for name in told} == told
        assert (found.told["ends_on"], found.told["committed_until"]) == (day, "2027-01-15")


def test_nothing_is_owed_without_a_commitment_or_a_formula():
    assert early_end_fee(begun(offer(stage(31_00)), "2026-01-15"), D("2026-03-15")) is None
    assert early_end_fee(bound(on="2026-03-15"), D("2026-03-15")) is None
