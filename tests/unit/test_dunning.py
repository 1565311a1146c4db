"""The policy of dunning: what may stand in it, when its steps fall due, and which card is charged again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from merchants.dunning import (
    STANDARD,
    Action,
    CardTried,
    DunningStep,
    check_steps,
    effect_after,
    first_step_at,
    may_retry,
    next_step_at,
    steps_of,
)
from merchants.refusals import Invalid

FAILED = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def after(taken: int, now: datetime, zone: str = "Europe/Paris") -> datetime | None:
    return next_step_at(STANDARD, taken=taken, opened_at=FAILED, zone=zone, now=now)


def test_the_standard_steps_come_3_7_and_14_days_after_the_failure():
    assert first_step_at(STANDARD, opened_at=FAILED, zone="Europe/Paris") == FAILED + timedelta(days=3)
    assert after(1, FAILED + timedelta(days=3, seconds=4)) == FAILED + timedelta(days=7)
    assert after(2, FAILED + timedelta(days=7, hours=2)) == FAILED + timedelta(days=14)
    assert after(3, FAILED + timedelta(days=14)) is None


def test_days_are_local_days_across_the_change_of_the_clocks():
    failed = datetime(2026, 3, 27, 8, 30, tzinfo=UTC)  # 09:30 in Paris; summer time begins on the 29th
    assert first_step_at(STANDARD, opened_at=failed, zone="Europe/Paris") == datetime(2026, 3, 30, 7, 30, tzinfo=UTC)
    assert first_step_at(STANDARD, opened_at=failed, zone="UTC") == datetime(2026, 3, 30, 8, 30, tzinfo=UTC)


def test_an_outage_delays_what_is_left_by_the_days_that_were_promised_between_two_steps():
    back = FAILED + timedelta(days=35)
    assert after(1, back) == back + timedelta(days=4)
    assert after(2, back + timedelta(days=4)) == back + timedelta(days=11)


def test_a_merchant_without_steps_has_the_standard_ones_and_what_is_stored_reads_back():
    assert steps_of([]) == STANDARD
    assert check_steps([step.as_plain() for step in STANDARD]) == STANDARD
    own = [{"after_days": 5, "actions": ["write", "restrict"]}, {"after_days": 30, "actions": ["suspend", "alert"]}]
    assert steps_of(own) == check_steps(own)
    assert [step.as_plain() for step in check_steps(own)] == own
    assert check_steps([]) == ()


@pytest.mark.parametrize(
    ("steps", "field", "code"),
    [
        ("daily", "dunning_steps", "dunning_steps_not_a_list"),
        (["retry"], "dunning_steps[0]", "dunning_step_malformed"),
        ([{"after_days": 3}], "dunning_steps[0]", "dunning_step_malformed"),
        ([{"after_days": 3, "actions": ["retry"], "by": "me"}], "dunning_steps[0]", "dunning_step_malformed"),
        ([{"after_days": 0, "actions": ["retry"]}], "dunning_steps[0].after_days", "dunning_days_out_of_range"),
        ([{"after_days": 181, "actions": ["retry"]}], "dunning_steps[0].after_days", "dunning_days_out_of_range"),
        ([{"after_days": True, "actions": ["retry"]}], "dunning_steps[0].after_days", "dunning_days_out_of_range"),
        ([{"after_days": "3", "actions": ["retry"]}], "dunning_steps[0].after_days", "dunning_days_out_of_range"),
        ([{"after_days": 3, "actions": []}], "dunning_steps[0].actions", "dunning_step_does_nothing"),
        ([{"after_days": 3, "actions": "retry"}], "dunning_steps[0].actions", "dunning_step_does_nothing"),
        ([{"after_days": 3, "actions": ["fine"]}], "dunning_steps[0].actions[0]", "dunning_action_unknown"),
        ([{"after_days": 3, "actions": [["retry"]]}], "dunning_steps[0].actions[0]", "dunning_action_unknown"),
        ([{"after_days": 3, "actions": ["write", "write"]}], "dunning_steps[0].actions", "dunning_action_twice"),
        (
            [{"after_days": 3, "actions": ["write"]}, {"after_days": 3, "actions": ["retry"]}],
            "dunning_steps[1].after_days",
            "dunning_steps_not_in_order",
        ),
        (
            [{"after_days": day, "actions": ["retry"]} for day in range(1, 9)],
            "dunning_steps",
            "dunning_too_many_tries",
        ),
        (
            [{"after_days": day, "actions": ["write"]} for day in range(1, 22)],
            "dunning_steps",
            "dunning_too_many_steps",
        ),
        (
            [{"after_days": 3, "actions": ["suspend"]}, {"after_days": 4, "actions": ["restrict"]}],
            "dunning_steps",
            "dunning_effect_goes_back",
        ),
    ],
)
def test_a_faulty_policy_is_refused_beside_the_fault(steps, field, code):
    with pytest.raises(Invalid) as refused:
        check_steps(steps)
    assert [(error.field, error.code) for error in refused.value.errors] == [(field, code)]
    assert refused.value.errors[0].say()


def test_seven_retries_beside_the_first_try_are_the_most():
    assert len(check_steps([{"after_days": day, "actions": ["retry"]} for day in range(1, 8)])) == 7


@pytest.mark.parametrize(
    ("card", "may"),
    [
        (CardTried(tries=0), True),
        (CardTried(tries=1, advice="retry"), True),
        (CardTried(tries=7, advice="retry"), True),
        (CardTried(tries=8, advice="retry"), False),
        (CardTried(tries=1, advice="customer"), False),
        (CardTried(tries=1, advice="stop"), False),
        (None, False),
    ],
)
def test_a_card_is_charged_again_unless_it_was_refused_for_good_or_eight_times(card, may):
    assert may_retry(card) is may


def test_the_strictest_effect_of_the_steps_taken_stands():
    steps = (
        DunningStep(after_days=1, actions=(Action.restrict, Action.write)),
        DunningStep(after_days=2, actions=(Action.write,)),
        DunningStep(after_days=3, actions=(Action.suspend,)),
    )
    assert [effect_after(steps, taken=taken) for taken in range(4)] == ["none", "restrict", "restrict", "suspend"]
