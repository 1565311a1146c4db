"""What leaving a commitment early costs: never below nothing, never above what was left, whatever offer and day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.engine.committing import commits
from billing.engine.early_end import early_end_fee, left_to_pay
from billing.engine.leaving import notice_over
from billing.engine.schedule import walk
from invoices.calculations import formula
from invoices.drafts import LineKind
from merchants.early_end import EarlyEnd
from subscribers.periods import Alignment
from subscribers.snapshots import Commitment, SubscriptionSnapshot
from tests.unit.pictures import MONTH, YEAR, arrears, begun, euros_off, offer, percent, stage

PERCENTS = st.decimals(0, 100, places=3)
FEES = st.one_of(
    st.builds(EarlyEnd, formula=st.just("flat"), amount=st.integers(0, 500_00)),
    st.builds(EarlyEnd, formula=st.just("degressive"), amount=st.integers(0, 500_00)),
    st.builds(EarlyEnd, formula=st.just("remaining"), percent=PERCENTS),
    st.builds(
        EarlyEnd,
        formula=st.just("remaining"),
        percent=PERCENTS,
        later_from=st.integers(1, 3),
        later_percent=PERCENTS,
    ),
)


def stood(snapshot: SubscriptionSnapshot, day: date) -> SubscriptionSnapshot:
    """As it stands on a day, its periods made."""
    for step in walk(snapshot, until=day):
        snapshot = step.after
    return snapshot


@settings(max_examples=150, deadline=None)
@given(
    fee=FEES,
    intervals=st.integers(4, 24),
    prices=st.lists(st.integers(0, 60_00), min_size=1, max_size=3),
    in_arrears=st.booleans(),
    on_the_first=st.booleans(),
    yearly=st.booleans(),
    coupon=st.sampled_from([None, percent("50"), euros_off(5_00)]),
    start=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    after=st.integers(0, 900),
)
def test_never_below_nothing_nor_above_what_was_left(
    fee, intervals, prices, in_arrears, on_the_first, yearly, coupon, start, after
):
    interval = YEAR if yearly else MONTH
    priced = arrears if in_arrears else stage
    stages = [priced(price, interval, 2) for price in prices[:-1]] + [priced(prices[-1], interval)]
    sold = offer(
        *stages,
        commitment=Commitment(intervals=intervals, early_end=fee),
        alignment=Alignment.calendar if on_the_first else Alignment.anniversary,
    )
    coupons = () if coupon is None else (coupon,)
    day = start + timedelta(days=after)
    stands = stood(begun(sold, start.isoformat(), coupons=coupons), day)
    bound = commits(stands)
    found = early_end_fee(stands, day)
    if bound is None or day >= bound.until:
        assert found is None
        return
    left = sum(amount for _, amount in left_to_pay(stands, day, bound.until))
    assert left >= 0
    if found is not None:
        assert 0 < found.amount <= left == found.told["remaining"]
        inputs = {"currency": "EUR", "unit_amount": found.amount, "quantity": 1, "early_end": found.told}
        assert formula("early_end", inputs, amount=found.amount)


@given(after=st.integers(0, 400), in_arrears=st.booleans())
def test_what_is_left_is_what_the_documents_ahead_would_bill(after, in_arrears):
    """The lines of the engine's own walk, from the day on, are what is left to pay."""
    priced = arrears if in_arrears else stage
    commitment = Commitment(intervals=14, early_end=EarlyEnd(formula="flat"))
    sold = offer(priced(1_00, MONTH, 3), priced(10_00), commitment=commitment)
    day = date(2027, 1, 31) + timedelta(days=after)
    stands = stood(begun(sold, "2027-01-31", coupons=(percent("10"),)), day)
    bound = commits(stands)
    if bound is None or day >= bound.until:
        return
    ends = replace(stands, service_ends_on=bound.until, billing_ends_on=bound.until)
    ahead = sum(
        line.charged
        for step in walk(ends)
        for draft in step.drafts
        for line in draft.lines
        if line.kind is LineKind.stage
    )
    left = sum(amount for _, amount in left_to_pay(stands, day, bound.until))
    if in_arrears:  # what was had of the running period is the closing document's
        assert 0 <= ahead - left <= 10_00
    else:
        assert left == ahead


def test_an_end_known_before_billing_leaves_the_rest_of_its_month_to_pay():
    sold = offer(
        stage(31_00), commitment=Commitment(intervals=6, early_end=EarlyEnd(formula="remaining", percent=Decimal(100)))
    )
    ended = replace(begun(sold, "2027-07-01"), service_ends_on=date(2027, 8, 20), billing_ends_on=date(2027, 8, 20))
    fee = early_end_fee(stood(ended, date(2027, 8, 19)), date(2027, 8, 20))
    assert fee is not None and fee.amount == 12_00 + 4 * 31_00


@given(day=st.dates(date(2024, 1, 1), date(2032, 12, 31)), months=st.integers(1, 12))
def test_a_notice_in_months_ends_on_the_same_day_or_the_last_of_its_month(day, months):
    over = notice_over(Commitment(intervals=0, notice_months=months), day)
    assert (over.year * 12 + over.month) - (day.year * 12 + day.month) == months
    assert over.day == day.day or (over.day < day.day and (over + timedelta(days=1)).day == 1)
