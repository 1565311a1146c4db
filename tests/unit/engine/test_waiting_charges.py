"""Charges that wait: on the next document, once, whatever that document is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from billing.engine.decide import catch_up
from billing.engine.opening import begin
from billing.engine.quoting import coming
from billing.engine.step import StepKind
from invoices.calculations import say
from invoices.drafts import LineKind
from subscribers.lifecycle import Status
from subscribers.snapshots import ChargeSnapshot, SubscriptionSnapshot
from tests.unit.pictures import DAY, arrears, begun, offer, option, percent, stage


def charge(id: str = "cha_1", amount: int = 5_00, **more: Any) -> ChargeSnapshot:
    settings: dict[str, Any] = {
        "title": {"en": "Delivery", "fr": "Livraison"},
        "unit_price": "5.00",
        "tax_code": "electronic",
    }
    return ChargeSnapshot(**{**settings, "id": id, "amount": amount, **more})


def documents(snapshot: SubscriptionSnapshot, until: str) -> list[tuple[str, list[tuple[str, int]]]]:
    return [
        (draft.on.isoformat(), [(line.title["en"], line.charged) for line in draft.lines])
        for step in catch_up(snapshot, date.fromisoformat(until))
        for draft in step.drafts
    ]


def test_it_is_billed_with_the_next_period_and_never_again():
    waiting = replace(begun(offer(stage(10_00)), "2026-01-31"), charges=(charge(),))
    assert documents(waiting, "2026-02-27") == []
    assert documents(waiting, "2026-03-31") == [
        ("2026-02-28", [("Hifi", 10_00), ("Delivery", 5_00)]),
        ("2026-03-31", [("Hifi", 10_00)]),
    ]


def test_the_step_says_which_charges_it_used_and_the_line_what_it_bills():
    waiting = replace(begun(offer(stage(10_00)), "2026-01-31"), charges=(charge(), charge("cha_2", 0)))
    (step,) = catch_up(waiting, date(2026, 2, 28))
    assert step.after.charges == ()
    assert step.drafted is not None
    line = step.drafted.lines[1]
    assert (line.fact, line.kind, line.rule, line.catalogue_id) == ("charge:cha_1", LineKind.charge, "once", None)
    assert (line.quantity, line.unit_price, line.amount, line.tax.rate) == (1, "5.00", 5_00, Decimal(20))
    assert [one.fact for one in step.drafted.lines[1:]] == ["charge:cha_1", "charge:cha_2"]


def test_a_price_of_less_than_a_cent_is_said_in_both_languages():
    small = charge(amount=416, quantity=Decimal("333.000000"), unit_price="0.0125")
    waiting = replace(begun(offer(stage(10_00)), "2026-01-31"), charges=(small,))
    (step,) = catch_up(waiting, date(2026, 2, 28))
    assert step.drafted is not None
    line = step.drafted.lines[1]
    assert (line.quantity, line.formula) == (333, "333 × 0.0125 = 4.16")
    assert say(line.rule, line.inputs, amount=line.amount, language="fr") == "333 × 0,0125 = 4,16"


def test_a_part_of_something_is_said_in_both_languages():
    hours = charge(amount=67_50, quantity=Decimal("1.500000"), unit_price="45.00")
    waiting = replace(begun(offer(stage(10_00)), "2026-01-31"), charges=(hours,))
    (step,) = catch_up(waiting, date(2026, 2, 28))
    assert step.drafted is not None
    line = step.drafted.lines[1]
    assert (line.quantity, line.formula) == (Decimal("1.5"), "1.5 × 45.00 = 67.50")
    assert say(line.rule, line.inputs, amount=line.amount, language="fr") == "1,5 × 45,00 = 67,50"


def test_with_an_offer_in_arrears_it_is_billed_when_the_period_closes():
    waiting = replace(begun(offer(arrears(10_00)), "2026-01-01"), charges=(charge(),))
    assert documents(waiting, "2026-02-01") == [("2026-02-01", [("Hifi", 10_00), ("Delivery", 5_00)])]


def test_in_a_free_stage_it_makes_a_document_at_the_next_boundary_alone():
    waiting = replace(begun(offer(stage(0, DAY, 14), stage(10_00)), "2026-01-01"), charges=(charge(),))
    assert documents(waiting, "2026-01-15") == [
        ("2026-01-02", [("Hifi", 0), ("Delivery", 5_00)]),
        ("2026-01-15", [("Hifi", 10_00)]),
    ]


def test_at_the_end_it_is_billed_on_a_closing_document():
    ending = date(2026, 2, 28)
    waiting = replace(
        begun(offer(stage(10_00)), "2026-01-31", options=(option(),)),
        charges=(charge(),),
        service_ends_on=ending,
        billing_ends_on=ending,
    )
    assert documents(waiting, "2026-03-31") == [("2026-02-28", [("Delivery", 5_00)])]
    (step,) = catch_up(waiting, ending)
    assert (step.kind, step.after.status, step.after.charges) == (StepKind.end, Status.ended, ())


def test_one_that_ends_before_it_began_is_billed_what_waits_and_nothing_else():
    early = replace(
        begun(offer(stage(10_00), setup_amount=3_00), "2026-01-31"),
        status=Status.scheduled,
        start_on=date(2026, 6, 1),
        service_ends_on=date(2026, 3, 1),
        charges=(charge(),),
    )
    assert documents(early, "2026-03-01") == [("2026-03-01", [("Delivery", 5_00)])]


def test_a_start_bills_it_with_the_first_period():
    scheduled = replace(begun(offer(stage(10_00)), "2026-01-31"), status=Status.scheduled, charges=(charge(),))
    opened = begin(scheduled)
    assert opened.after.charges == ()
    assert opened.invoice is not None
    assert [line.charged for line in opened.invoice.lines] == [10_00, 5_00]


def test_a_coupon_that_names_nothing_covers_it_too():
    waiting = replace(begun(offer(stage(10_00)), "2026-01-31", coupons=(percent("10"),)), charges=(charge(),))
    assert documents(waiting, "2026-02-28") == [("2026-02-28", [("Hifi", 9_00), ("Delivery", 4_50)])]


def test_what_is_to_come_says_it_once():
    waiting = replace(begun(offer(stage(10_00)), "2026-01-31"), charges=(charge(),))
    assert [(later.from_on.isoformat(), later.gross, later.times) for later in coming(waiting)] == [
        ("2026-02-28", 15_00, 1),
        ("2026-03-31", 10_00, None),
    ]
