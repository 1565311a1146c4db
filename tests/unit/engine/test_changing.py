"""Changes that count now, through the engine: what is given up, what is billed, which dates stand (domain 12, 13)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from billing.engine.change_terms import How, Stood
from billing.engine.changing import Changed, change_now
from billing.engine.lives import live
from billing.engine.moving import Anchoring
from billing.engine.transitions import Direction, Proration, When, direction, unruled
from billing.engine.wishes import Catalogue
from merchants.refusals import Invalid
from subscribers.lifecycle import Status
from subscribers.periods import Period
from subscribers.snapshots import Duration, Scheduled, SubscriptionSnapshot
from tests.unit.pictures import DAY, MONTH, WEEK, YEAR, arrears, begun, euros_off, offer, option, percent, stage


def sold(name: str, *stages: dict[str, Any], **more: Any) -> Any:
    return offer(*stages, version_id=f"ofv_{name}", offer_id=f"off_{name}", reference=name, title={"en": name}, **more)


BASIC = sold("basic", stage(30_00))
PRO = sold("pro", stage(60_00))
YEARLY = sold("year", stage(365_00, YEAR))
FREE = sold("free", stage(0))
TRIAL = sold("trial", stage(0, DAY, 14), stage(60_00))
WEEKLY = sold("week", stage(7_00, WEEK))
LATER = sold("later", arrears(45_00))
EXTRA = option("extra", 2_00)
SOLD = {one.version_id: one for one in (BASIC, PRO, YEARLY, FREE, TRIAL, WEEKLY, LATER)}
CATALOGUE = Catalogue(offers=SOLD, options={"opv_extra": replace(EXTRA, version_id="opv_extra")})


def day(text: str) -> date:
    return date.fromisoformat(text)


def change(
    snapshot: SubscriptionSnapshot,
    on: str,
    kind: str = "change_offer",
    how: dict[str, Any] | None = None,
    **payload: Any,
) -> Changed:
    wish = Scheduled(id="sch_1", kind=kind, effective_on=day(on), payload=payload)
    return change_now(snapshot, wish, how=How(on=day(on), **(how or {})), catalogue=CATALOGUE)


def move(snapshot: SubscriptionSnapshot, on: str, to: str, **how: Any) -> Changed:
    return change(snapshot, on, how=how, offer_version=f"ofv_{to}")


def billed(changed: Changed) -> list[tuple[str, str, int]]:
    """Each line as (title, days, charged)."""
    draft = changed.step.drafted
    lines = draft.lines if draft else ()
    return [(line.title["en"], f"{line.period.start:%m-%d}..{line.period.end:%m-%d}", line.charged) if line.period
            else (line.title["en"], "", line.charged) for line in lines]  # fmt: skip


def stands(changed: Changed) -> tuple[str, str, str]:
    """Offer, running period, next boundary's day kept."""
    after = changed.step.after
    period = after.current_period
    return after.offer.reference, f"{period.start}..{period.end}" if period else "", after.status.value


def test_up_in_mid_period_bills_the_rest_and_keeps_the_renewal_day():
    changed = move(begun(BASIC, "2026-01-31"), "2026-02-14", "pro")
    assert billed(changed) == [("pro", "02-14..02-28", 30_00)]  # 60.00 × 14/28
    assert changed.gives_up == {"stage"}
    after = changed.step.after
    assert stands(changed) == ("pro", "2026-01-31..2026-02-28", "active")
    assert after.anchor is not None and after.anchor.day == 31
    assert (after.cycle_from, after.period_index) == (day("2026-02-28"), 0)


def test_another_interval_begins_a_new_period_that_day_or_keeps_the_old_day():
    before = begun(BASIC, "2026-01-31")
    restarted = move(before, "2026-02-14", "year")
    assert billed(restarted) == [("year", "02-14..02-14", 365_00)]
    assert restarted.step.after.current_period == Period(day("2026-02-14"), day("2027-02-14"))
    kept = move(before, "2026-02-14", "year", anchoring=Anchoring.keep)
    assert billed(kept) == [("year", "02-14..02-28", 14_00)]  # 365.00 × 14/365
    assert kept.step.after.cycle_from == day("2026-02-28")
    with pytest.raises(Invalid) as refused:
        move(begun(WEEKLY, "2026-01-31"), "2026-02-02", "pro", anchoring=Anchoring.keep)
    assert refused.value.code == "anchor_cannot_be_kept"


def test_a_yearly_one_that_becomes_monthly_keeps_its_31st():
    before = begun(YEARLY, "2026-01-31")
    kept = move(before, "2026-03-10", "basic", anchoring=Anchoring.keep)
    assert billed(kept) == [("basic", "03-10..03-31", 20_32)]  # 30.00 × 21/31: of 28 February to 31 March


def test_there_and_back_on_the_same_day_is_neutral():
    first = begun(BASIC, "2026-01-31")
    there = move(first, "2026-02-14", "year").step.after
    stood = Stood(snapshot=first, credited={"stage": 15_00})
    back = move(there, "2026-02-14", "basic", stood=stood)
    assert billed(back) == [("basic", "02-14..02-28", 15_00)]
    assert back.gives_up == {"stage"}
    after = back.step.after
    assert (after.anchor, after.cycle_from, after.period_index) == (first.anchor, first.cycle_from, 1)
    assert stands(back) == ("basic", "2026-01-31..2026-02-28", "active")


def test_on_the_renewal_day_the_whole_period_is_given_up_and_taken():
    before = begun(BASIC, "2026-01-31")
    changed = move(before, "2026-01-31", "pro", facts=frozenset({"stage:sub_1:2026-01-31"}))
    assert billed(changed) == [("pro", "01-31..02-28", 60_00)]
    assert changed.step.drafted is not None
    assert changed.step.drafted.lines[0].fact == "stage:sub_1:2026-01-31:2"
    assert (changed.step.after.cycle_from, changed.step.after.period_index) == (day("2026-01-31"), 1)


@pytest.mark.parametrize(
    ("proration", "lines", "gone", "period"),
    [
        (Proration.none, [], set(), "2026-01-31..2026-02-28"),
        (Proration.full, [("pro", "01-31..02-28", 60_00)], {"stage"}, "2026-01-31..2026-02-28"),
    ],
)
def test_a_policy_may_wait_for_the_next_period_or_charge_the_whole_one(proration, lines, gone, period):
    changed = move(begun(BASIC, "2026-01-31"), "2026-02-14", "pro", proration=proration)
    assert (billed(changed), set(changed.gives_up), stands(changed)[1]) == (lines, gone, period)


def test_to_free_and_from_free():
    down = move(begun(BASIC, "2026-01-31"), "2026-02-14", "free")
    assert (billed(down), {*down.gives_up}) == ([("free", "02-14..02-28", 0)], {"stage"})
    assert not down.step.drafts
    assert stands(down)[2] == "active"
    up = move(begun(FREE, "2026-01-31"), "2026-02-14", "pro")
    assert (billed(up), stands(up)[2]) == ([("pro", "02-14..02-28", 30_00)], "active")


def test_who_is_in_a_free_stage_keeps_it_by_the_new_offers_length():
    first = begun(sold("first", stage(0, DAY, 30), stage(30_00)), "2026-01-01")
    on = lambda text: live(first, day(text))[-1].after  # noqa: E731
    kept = move(on("2026-01-10"), "2026-01-10", "trial")
    assert (billed(kept), stands(kept)) == (
        [("trial", "01-10..01-11", 0)],
        ("trial", "2026-01-10..2026-01-11", "trialing"),
    )
    assert kept.step.after.period_index == 10
    over = move(on("2026-01-20"), "2026-01-20", "trial")
    assert billed(over) == [("trial", "01-20..02-20", 60_00)]
    assert over.step.after.status is Status.active
    none = move(on("2026-01-20"), "2026-01-20", "pro")
    assert billed(none) == [("pro", "01-20..02-20", 60_00)]


def test_in_arrears_the_days_that_were_had_are_billed_now():
    out = move(begun(LATER, "2026-01-31"), "2026-02-14", "pro")
    assert billed(out) == [("later", "01-31..02-14", 22_50), ("pro", "02-14..02-28", 30_00)]
    into = move(begun(BASIC, "2026-01-31"), "2026-02-14", "later")
    assert (billed(into), {*into.gives_up}) == ([], {"stage"})


def test_a_quantity_gives_up_and_takes_up_the_rest():
    changed = change(begun(BASIC, "2026-01-31", quantity=3), "2026-02-14", "set_quantity", quantity=5)
    assert billed(changed) == [("basic", "02-14..02-28", 75_00)]
    assert changed.gives_up == {"stage"}


def test_an_option_added_and_dropped_now():
    bare = begun(BASIC, "2026-01-31")
    named = [{"id": "sop_new", "version": "opv_extra", "quantity": 1}]
    added = change(bare, "2026-02-14", "add_option", options=named)
    assert billed(added) == [("Extra", "02-14..02-28", 1_00)]
    assert added.gives_up == frozenset()
    assert added.step.after.current_period == bare.current_period
    held = begun(BASIC, "2026-01-31", options=(EXTRA,))
    dropped = change(held, "2026-02-14", "remove_option", options=[EXTRA.id])
    assert (billed(dropped), {*dropped.gives_up}, dropped.step.ended_options) == ([], {EXTRA.id}, (EXTRA.id,))


def test_kept_options_stay_billed_where_the_period_goes_on_and_are_billed_anew_where_it_does_not():
    yearly = replace(EXTRA, prices={MONTH.key: 2_00, YEAR.key: 20_00})
    held = begun(BASIC, "2026-01-31", options=(yearly,))
    assert billed(move(held, "2026-02-14", "pro")) == [("pro", "02-14..02-28", 30_00)]
    anew = move(held, "2026-02-14", "year")
    assert billed(anew) == [("year", "02-14..02-14", 365_00), ("Extra", "02-14..02-14", 20_00)]
    assert anew.gives_up == {"stage", EXTRA.id}
    unpriced = move(begun(BASIC, "2026-01-31", options=(EXTRA,)), "2026-02-14", "year")
    assert unpriced.step.ended_options == (EXTRA.id,)
    assert billed(unpriced) == [("year", "02-14..02-14", 365_00)]


def test_a_coupon_of_the_running_period_comes_off_its_rest_once_and_is_not_used_up_twice():
    half = percent("50", Duration.once)
    before = begun(BASIC, "2026-01-31")
    changed = move(before, "2026-02-14", "pro", carried=(replace(half, periods_used=1),))
    assert billed(changed) == [("pro", "02-14..02-28", 15_00)]
    assert changed.step.drafted is not None and changed.step.drafted.coupons_counted == ()
    five = euros_off(5_00, Duration.once)
    changed = move(before, "2026-02-14", "pro", carried=(replace(five, periods_used=1),))
    assert billed(changed) == [("pro", "02-14..02-28", 27_50)]  # 5.00 × 14/28 off


def test_a_period_that_begins_with_the_change_counts_for_a_coupon():
    three = percent("10", Duration.repeating, periods=3)
    before = begun(BASIC, "2026-01-31", coupons=(three,))
    assert before.coupons[0].periods_used == 1
    changed = move(before, "2026-02-14", "year")
    assert billed(changed) == [("year", "02-14..02-14", 328_50)]
    assert changed.step.after.coupons[0].periods_used == 2


def test_a_fee_stands_on_the_document_of_the_change():
    changed = move(begun(BASIC, "2026-01-31"), "2026-02-14", "pro", fee=5_00)
    assert billed(changed) == [("pro", "02-14..02-28", 30_00), ("pro, change of offer", "", 5_00)]


def test_a_wish_for_the_old_end_moves_with_the_period():
    wish = Scheduled(id="sch_0", kind="set_quantity", effective_on=day("2026-02-28"), payload={"quantity": 2})
    waiting = replace(begun(BASIC, "2026-01-31"), scheduled=(wish,))
    assert move(waiting, "2026-02-14", "pro").step.after.scheduled == (wish,)
    (moved,) = move(waiting, "2026-02-14", "year").step.after.scheduled
    assert moved.effective_on == day("2027-02-14")


def test_up_is_at_once_and_down_waits():
    assert (direction(BASIC, PRO), unruled(BASIC, PRO).when) == (Direction.up, When.now)
    assert (direction(PRO, BASIC), unruled(PRO, BASIC).when) == (Direction.down, When.period_end)
    assert direction(YEARLY, BASIC) is Direction.down
    assert direction(WEEKLY, sold("y", stage(364_00, YEAR))) is Direction.down
