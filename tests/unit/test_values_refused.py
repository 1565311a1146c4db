"""The bounds of periods, anchors, intervals and verdicts: the last value that is taken, the first that is not, and what
a refusal names."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from invoices.totals import totals
from merchants.refusals import Conflict, Invalid
from subscribers.lifecycle import (
    PAYMENT_MOVES,
    Access,
    DunningEffect,
    PaymentState,
    Status,
    Suspension,
    access,
    check_payment_move,
)
from subscribers.periods import (
    MOST,
    Alignment,
    Anchor,
    Interval,
    Part,
    Period,
    Unit,
    anchor_for,
    check_day,
    first_boundary,
    proration,
)
from subscribers.snapshots import TaxBehavior
from subscribers.taxes import TaxRate
from tests.unit.test_totals import line

D = date.fromisoformat
JUNE = Period(D("2026-06-01"), D("2026-07-01"))


@pytest.mark.parametrize(("unit", "most"), [("day", 3660), ("week", 520), ("month", 120), ("year", 10)])
def test_an_interval_is_one_to_about_ten_years(unit, most):
    assert MOST[Unit(unit)] == most
    for count in (1, most):
        assert Interval(Unit(unit), count).count == count
    for count in (0, most + 1, -1):
        with pytest.raises(ValueError, match=f"an interval of {count} {unit}"):
            Interval(Unit(unit), count)


def test_a_day_is_from_1970_to_2199():
    for day in (D("1970-01-01"), D("2199-12-31")):
        assert check_day(day, field="start_on") is day
    for day in (D("1969-12-31"), D("2200-01-01"), "2026-01-01", None):
        with pytest.raises(Invalid) as refused:
            check_day(day, field="start_on")
        assert (refused.value.errors[0].field, refused.value.code) == ("start_on", "date_out_of_range")


@pytest.mark.parametrize(
    "parts",
    [
        *({}, {"day": 1, "weekday": 1}, {"month": 2}, {"weekday": 1, "month": 2}, {"day": 0}, {"day": 32}),
        *({"day": 1, "month": 0}, {"day": 1, "month": 13}, {"weekday": -1}, {"weekday": 7}),
    ],
)
def test_an_anchor_is_a_day_a_day_and_month_or_a_weekday(parts):
    with pytest.raises(ValueError, match=r"anchor|day|month"):
        Anchor(**parts)


def test_the_ends_of_what_an_anchor_takes():
    taken = [Anchor(day=1), Anchor(day=31), Anchor(day=1, month=1), Anchor(day=29, month=12), Anchor(weekday=0)]
    assert [(one.day, one.month, one.weekday) for one in [*taken, Anchor(weekday=6)]] == [
        (1, None, None),
        (31, None, None),
        (1, 1, None),
        (29, 12, None),
        (None, None, 0),
        (None, None, 6),
    ]


def test_an_anchor_is_read_off_the_start():
    start = D("2026-03-31")  # a Tuesday
    assert Anchor.of(start, Interval(Unit.week)) == Anchor(weekday=1)
    assert Anchor.of(start, Interval(Unit.month)) == Anchor(day=31)
    assert Anchor.of(start, Interval(Unit.year)) == Anchor(day=31, month=3)
    assert Anchor.of(start, Interval(Unit.day)) is None


def test_a_subscription_with_its_own_billing_day_says_which():
    month = Interval(Unit.month)
    with pytest.raises(ValueError, match="says which"):
        anchor_for(month, D("2026-03-31"), alignment=Alignment.billing_day, calendar_anchor=None, billing_day=None)
    with pytest.raises(ValueError, match="a day for an anchor"):
        first_boundary(None, month, D("2026-03-31"), alignment=Alignment.anniversary)
    with pytest.raises(ValueError, match="a day for an anchor"):
        first_boundary(Anchor(weekday=1), month, D("2026-03-31"), alignment=Alignment.anniversary)


def test_a_part_lies_within_its_whole_and_a_period_ends_before_its_end():
    assert D("2026-06-01") in JUNE and D("2026-06-30") in JUNE
    assert D("2026-07-01") not in JUNE and D("2026-05-31") not in JUNE
    for period in (Period(D("2026-05-31"), D("2026-06-02")), Period(D("2026-06-30"), D("2026-07-02"))):
        with pytest.raises(ValueError, match="a part lies within its whole period"):
            Part(period, JUNE)
    whole = Part(JUNE, JUNE)
    assert whole.within(None, None) == whole
    assert whole.within(D("2026-06-11"), None) == Part(Period(D("2026-06-11"), D("2026-07-01")), JUNE)
    assert whole.within(None, D("2026-06-11")) == Part(Period(D("2026-06-01"), D("2026-06-11")), JUNE)
    assert whole.within(D("2026-07-01"), None) is None


def test_a_share_is_of_days_of_a_whole_that_has_some():
    assert [int(proration(700, *part)) for part in ((0, 1), (1, 1), (2, 7))] == [0, 700, 200]
    for days, whole in ((-1, 30), (31, 30), (0, 0), (0, -1)):
        with pytest.raises(ValueError, match="day"):
            proration(700, days, whole)


def test_a_payment_state_that_may_not_follow_names_both(monkeypatch):
    for before, allowed in PAYMENT_MOVES.items():
        assert {check_payment_move(before, after) for after in PaymentState} == {*allowed, before}
    monkeypatch.setitem(PAYMENT_MOVES, PaymentState.ok, frozenset())
    assert check_payment_move(PaymentState.ok, PaymentState.ok) is PaymentState.ok
    with pytest.raises(Conflict) as refused:
        check_payment_move(PaymentState.ok, PaymentState.overdue)
    assert (refused.value.code, refused.value.params) == (
        "payment_state_conflict",
        {"before": "ok", "after": "overdue"},
    )
    assert refused.value.say() == "A payment state that is ok cannot become overdue."


@pytest.mark.parametrize(
    ("more", "verdict", "why", "until"),
    [
        ({"dunning": DunningEffect.restrict}, Access.restricted, "unpaid", "2026-06-20"),
        ({"payment_state": PaymentState.retrying}, Access.grace, "unpaid", "2026-06-20"),
        ({"payment_state": PaymentState.overdue}, Access.grace, "unpaid", "2026-06-20"),
        ({"payment_state": PaymentState.processing}, Access.full, "cancelled", "2026-06-20"),
        ({"suspension": Suspension(from_on=D("2026-06-15"))}, Access.full, "cancelled", "2026-06-15"),
        ({"suspension": Suspension(from_on=D("2026-06-25"))}, Access.full, "cancelled", "2026-06-20"),
        ({"suspension": Suspension(from_on=D("2026-06-10"))}, Access.none, "suspended", None),
        (
            {"suspension": Suspension(from_on=D("2026-06-01"), until_on=D("2026-06-10"))},
            Access.full,
            "cancelled",
            "2026-06-20",
        ),
    ],
)
def test_a_verdict_says_until_when_it_holds(more, verdict, why, until):
    told = access(status=Status.active, today=D("2026-06-10"), service_ends_on=D("2026-06-20"), **more)
    assert (told.access, told.why, told.until) == (verdict, why, until and D(until))


def _taxed(*mentions):
    return [replace(line(1_00), tax=TaxRate(rate=Decimal(0), category="E", mention=mention)) for mention in mentions]


def test_what_is_said_at_a_rate_is_said_once_in_the_order_of_its_lines():
    told = totals(_taxed({"en": "a", "fr": "à"}, {}, {"en": "b"}, {"en": "a", "fr": "à"}), TaxBehavior.exclusive).rates
    assert [rate.mention for rate in told] == [{"en": "a ; b", "fr": "à"}]
    assert totals(_taxed({"en": "a"}, {"en": "a"}), TaxBehavior.exclusive).rates[0].mention == {"en": "a"}
    assert totals(_taxed({}, {"en": "a"}), TaxBehavior.exclusive).rates[0].mention == {"en": "a"}
    assert totals(_taxed({}, {}), TaxBehavior.exclusive).rates[0].mention == {}
    assert totals((), TaxBehavior.exclusive).line_nets == ()
