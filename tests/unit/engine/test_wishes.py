"""Wishes that fall due at a period's end, through the engine's own steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from billing.engine.decide import catch_up
from billing.engine.lives import live, next_charge
from billing.engine.quoting import coming
from billing.engine.step import StepKind
from billing.engine.wishes import Catalogue, apply_wishes, paid_until
from subscribers.lifecycle import MakesGood, Status, Suspension
from subscribers.periods import Alignment, Anchor, Period
from subscribers.snapshots import Scheduled, SubscriptionSnapshot
from tests.unit.pictures import DAY, MONTH, YEAR, arrears, begun, offer, option, stage

YEARLY = offer(stage(299_00, YEAR), version_id="ofv_year", offer_id="off_year", reference="year", title={"en": "Year"})
PRO = offer(stage(60_00), version_id="ofv_pro", offer_id="off_pro", reference="pro", title={"en": "Pro"})
SOLD = {one.version_id: one for one in (YEARLY, PRO)}
MOVE = {"offer_version": "ofv_pro"}


def wish(kind: str, day: str, id: str = "sch_1", **payload: Any) -> Scheduled:
    return Scheduled(id=id, kind=kind, effective_on=date.fromisoformat(day), payload=payload)


def carried(
    snapshot: SubscriptionSnapshot, *wishes: Scheduled, until: str, catalogue: Catalogue | None = None, times: int = 1
) -> tuple[SubscriptionSnapshot, list[tuple[str, list[tuple[str, str, int]]]]]:
    """What the run makes of it: the snapshot, and each document as (day, [(title, days, amount)])."""
    known = catalogue or Catalogue(offers=SOLD)

    def apply(step: Any) -> SubscriptionSnapshot:
        after: SubscriptionSnapshot = step.after
        for _ in range(times):
            after = apply_wishes(after, step.changes, catalogue=known)
        return after

    documents, last = [], replace(snapshot, scheduled=wishes)
    for step in catch_up(last, date.fromisoformat(until), apply=apply):
        last = step.after if step.kind is not StepKind.apply else last
        for draft in step.drafts:
            lines = [(line.title["en"], str(line.period and line.period.days), line.charged) for line in draft.lines]
            documents.append((draft.on.isoformat(), lines))
    return last, documents


def test_a_new_quantity_is_billed_from_the_next_period_on():
    before = begun(offer(stage(10_00)), "2026-01-31", quantity=2)
    after, documents = carried(before, wish("set_quantity", "2026-02-28", quantity=5), until="2026-03-31")
    assert documents == [
        ("2026-02-28", [("Hifi", "31", 50_00)]),
        ("2026-03-31", [("Hifi", "30", 50_00)]),
    ]
    assert (after.quantity, after.scheduled) == (5, ())


def test_the_next_charge_counts_in_what_is_planned_where_the_catalogue_says_what_it_is():
    planned = (wish("set_quantity", "2026-02-28", quantity=5), wish("change_offer", "2026-03-31", "sch_2", **MOVE))
    before = replace(begun(offer(stage(10_00)), "2026-01-31", quantity=2), scheduled=planned)
    assert next_charge(before, catalogue=Catalogue(offers=SOLD)) == (date(2026, 2, 28), 50_00)
    assert next_charge(before) is None  # nobody says what it would be
    moving = replace(before, scheduled=(wish("change_offer", "2026-02-28", **MOVE),))
    assert next_charge(moving, catalogue=Catalogue(offers=SOLD)) == (date(2026, 2, 28), 120_00)
    with pytest.raises(KeyError):
        next_charge(moving, catalogue=Catalogue())


def test_what_was_had_in_arrears_is_billed_at_the_old_quantity():
    before = begun(offer(arrears(10_00)), "2026-01-01", quantity=2)
    _, documents = carried(before, wish("set_quantity", "2026-02-01", quantity=5), until="2026-03-01")
    assert documents == [
        ("2026-02-01", [("Hifi", "31", 20_00)]),
        ("2026-03-01", [("Hifi", "28", 50_00)]),
    ]


@pytest.mark.parametrize("times", [1, 2])
def test_from_monthly_to_yearly_the_calendar_advances_once(times):
    before = begun(offer(stage(29_00)), "2026-01-15")
    after, documents = carried(
        before, wish("change_offer", "2026-02-15", offer_version="ofv_year"), until="2027-02-15", times=times
    )
    assert documents == [
        ("2026-02-15", [("Year", "365", 299_00)]),
        ("2027-02-15", [("Year", "365", 299_00)]),
    ]
    assert after.current_period == Period(date(2027, 2, 15), date(2028, 2, 15))
    assert (after.period_index, after.anchor, after.closed_through) == (2, Anchor(day=15), None)


def test_from_yearly_to_monthly_the_new_periods_begin_where_the_year_ends():
    before = begun(YEARLY, "2026-01-15")
    after, documents = carried(before, wish("change_offer", "2027-01-15", offer_version="ofv_pro"), until="2027-02-15")
    assert documents == [("2027-01-15", [("Pro", "31", 60_00)]), ("2027-02-15", [("Pro", "28", 60_00)])]
    assert (after.offer.version_id, after.period_index) == ("ofv_pro", 2)


def test_a_thirty_first_survives_a_change_in_february():
    before = begun(offer(stage(29_00)), "2026-01-31")
    after, documents = carried(before, wish("change_offer", "2026-02-28", offer_version="ofv_pro"), until="2026-03-31")
    assert documents == [("2026-02-28", [("Pro", "31", 60_00)]), ("2026-03-31", [("Pro", "30", 60_00)])]
    assert after.anchor == Anchor(day=31)


def test_another_unit_counts_its_periods_from_that_day():
    before = begun(offer(stage(29_00)), "2026-01-31")
    after, _ = carried(before, wish("change_offer", "2026-02-28", offer_version="ofv_year"), until="2026-02-28")
    assert after.anchor == Anchor(day=28)
    assert after.current_period == Period(date(2026, 2, 28), date(2027, 2, 28))


def test_an_offer_on_the_calendar_begins_with_a_short_period():
    aligned = replace(PRO, alignment=Alignment.calendar, calendar_anchor=Anchor(day=1))
    before = begun(offer(stage(29_00)), "2026-01-15")
    after, documents = carried(
        before,
        wish("change_offer", "2026-02-15", offer_version="ofv_pro"),
        until="2026-03-01",
        catalogue=Catalogue(offers={"ofv_pro": aligned}),
    )
    assert documents == [("2026-02-15", [("Pro", "14", 30_00)]), ("2026-03-01", [("Pro", "31", 60_00)])]
    assert (after.period_index, after.alignment) == (1, Alignment.calendar)


@pytest.mark.parametrize("times", [1, 2])
def test_arrears_are_billed_once_and_the_new_offer_in_advance_the_same_day(times):
    before = begun(offer(arrears(10_00)), "2026-01-01")
    _, documents = carried(
        before, wish("change_offer", "2026-02-01", offer_version="ofv_year"), until="2026-12-31", times=times
    )
    assert documents == [("2026-02-01", [("Hifi", "31", 10_00)]), ("2026-02-01", [("Year", "365", 299_00)])]


def test_from_advance_to_arrears_nothing_is_billed_twice():
    later = offer(arrears(40_00, YEAR), version_id="ofv_late", title={"en": "Late"})
    before = begun(offer(stage(29_00)), "2026-01-15")
    _, documents = carried(
        before,
        wish("change_offer", "2026-02-15", offer_version="ofv_late"),
        until="2027-02-15",
        catalogue=Catalogue(offers={"ofv_late": later}),
    )
    assert documents == [("2027-02-15", [("Late", "365", 40_00)])]


@pytest.mark.parametrize(
    ("first", "then", "quantity"),
    [("sch_1", "sch_2", 3), ("sch_2", "sch_1", 7)],
)
def test_of_two_wishes_that_name_a_quantity_the_later_one_counts(first, then, quantity):
    before = begun(offer(stage(29_00)), "2026-01-15")
    _, documents = carried(
        before,
        wish("set_quantity", "2026-02-15", first, quantity=7),
        wish("change_offer", "2026-02-15", then, offer_version="ofv_pro", quantity=3),
        until="2026-02-15",
    )
    assert documents == [("2026-02-15", [("Pro", "28", quantity * 60_00)])]


def test_an_option_that_goes_is_had_to_the_last_day_and_not_billed_again():
    before = begun(offer(stage(10_00)), "2026-01-01", options=(option("device", 2_00), option("extra", 1_00)))
    _, documents = carried(before, wish("remove_option", "2026-02-01", options=["sop_device"]), until="2026-02-01")
    assert documents == [("2026-02-01", [("Hifi", "28", 10_00), ("Extra", "28", 1_00)])]


def test_an_option_that_comes_is_billed_from_that_day_on():
    pattern = replace(option("device", 2_00), id="")
    before = begun(offer(stage(10_00)), "2026-01-01")
    after, documents = carried(
        before,
        wish("add_option", "2026-02-01", options=[{"id": "sop_new", "version": "opv_1", "quantity": 2}]),
        until="2026-03-01",
        catalogue=Catalogue(options={"opv_1": pattern}),
        times=2,
    )
    assert documents == [
        ("2026-02-01", [("Hifi", "28", 10_00), ("Device", "28", 4_00)]),
        ("2026-03-01", [("Hifi", "31", 10_00), ("Device", "31", 4_00)]),
    ]
    assert [(one.id, one.quantity, one.starts_on) for one in after.options] == [("sop_new", 2, date(2026, 2, 1))]


def test_options_that_the_new_offer_includes_or_cannot_price_end_and_are_named():
    held = (
        option("included", 2_00, prices={MONTH.key: 2_00, YEAR.key: 20_00}),
        option("monthly_only", 1_00),
        option("both", 3_00, prices={MONTH.key: 3_00, YEAR.key: 30_00}),
        option("gift", 4_00, complimentary=True, reason="Sorry"),
    )
    sold = replace(YEARLY, included=frozenset({"opt_included"}))
    before = replace(
        begun(offer(stage(10_00)), "2026-01-01", options=held),
        scheduled=(wish("change_offer", "2026-02-01", offer_version="ofv_year"),),
    )
    known = Catalogue(offers={"ofv_year": sold})
    steps = list(
        catch_up(before, date(2026, 2, 1), apply=lambda step: apply_wishes(step.after, step.changes, catalogue=known))
    )
    assert [step.kind for step in steps] == [StepKind.apply, StepKind.renew]
    assert steps[1].ended_options == ("sop_included", "sop_monthly_only")
    assert steps[1].drafted is not None
    assert [(line.title["en"], line.charged) for line in steps[1].drafted.lines] == [
        ("Year", 299_00),
        ("Both", 30_00),
        ("Gift", 0),
    ]


def test_options_that_a_change_of_offer_names_are_all_that_is_left():
    held = (option("kept", 2_00), option("dropped", 1_00))
    before = begun(offer(stage(10_00)), "2026-01-01", options=held)
    named = [{"id": "sop_kept", "version": "opv_k", "quantity": 3}]
    _, documents = carried(
        before, wish("change_offer", "2026-02-01", offer_version="ofv_pro", options=named), until="2026-02-01"
    )
    assert documents == [("2026-02-01", [("Pro", "28", 60_00), ("Kept", "28", 6_00)])]


def test_who_is_in_a_free_stage_keeps_it():
    trial = offer(stage(0, DAY, 14), stage(10_00))
    before = begun(trial, "2026-01-01")
    assert (before.status, paid_until(before)) == (Status.trialing, date(2026, 1, 15))
    after, documents = carried(before, wish("change_offer", "2026-01-05", offer_version="ofv_pro"), until="2026-02-15")
    assert documents == [("2026-01-15", [("Pro", "31", 60_00)]), ("2026-02-15", [("Pro", "28", 60_00)])]
    assert after.status is Status.active


def test_the_new_offer_is_entered_at_its_first_paid_stage():
    tried = offer(stage(0, MONTH, 1), stage(5_00, MONTH, 1), stage(9_00), version_id="ofv_tried", title={"en": "T"})
    before = begun(offer(stage(10_00)), "2026-01-01")
    _, documents = carried(
        before,
        wish("change_offer", "2026-02-01", offer_version="ofv_tried"),
        until="2026-03-01",
        catalogue=Catalogue(offers={"ofv_tried": tried}),
    )
    assert [lines[0][2] for _, lines in documents] == [5_00, 9_00]


def test_an_end_on_the_same_day_comes_before_any_wish():
    before = replace(
        begun(offer(stage(10_00)), "2026-01-01"), service_ends_on=date(2026, 2, 1), billing_ends_on=date(2026, 2, 1)
    )
    after, documents = carried(before, wish("set_quantity", "2026-02-01", quantity=5), until="2026-03-01")
    assert (after.status, after.quantity, after.scheduled, documents) == (Status.ended, 1, (), [])


def test_a_quantity_that_is_none_is_refused():
    before = begun(offer(stage(10_00)), "2026-01-01")
    with pytest.raises(ValueError, match="a quantity of 0"):
        apply_wishes(before, [wish("set_quantity", "2026-02-01", quantity=0)], catalogue=Catalogue())


def test_the_charges_ahead_count_in_what_is_planned():
    before = replace(
        begun(offer(stage(10_00)), "2026-01-31", quantity=2),
        scheduled=(wish("change_offer", "2026-02-28", offer_version="ofv_year", quantity=1),),
    )
    assert coming(before) == ()
    assert [
        (one.from_on.isoformat(), one.gross, one.times) for one in coming(before, catalogue=Catalogue(offers=SOLD))
    ] == [("2026-02-28", 299_00, None)]


def test_a_wish_waits_while_billing_stands_still_and_counts_from_the_end_of_the_period_after():
    before = begun(offer(stage(10_00)), "2026-01-31", quantity=2)
    pause = Suspension(
        from_on=date(2026, 2, 10), until_on=date(2026, 4, 10), stops_billing=True, begun=True, makes_good=MakesGood.none
    )
    suspended = replace(before, suspension=pause, status=Status.suspended)
    for kind, payload in (("change_offer", MOVE), ("set_quantity", {"quantity": 5})):
        waiting = replace(suspended, scheduled=(wish(kind, "2026-02-28", **payload),))
        taken = live(waiting, date(2026, 5, 1), catalogue=Catalogue(offers=SOLD))
        after = taken[-1].after
        assert after.scheduled == ()
        assert (after.offer.reference, after.quantity) in (("pro", 2), ("hifi", 5))
