"""Two thousand lives on the pure engine, and a few that hypothesis shortens where they fail."""

from __future__ import annotations

import os
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.engine.change_terms import How
from billing.engine.moving import on_trial
from subscribers.lifecycle import LIVE
from subscribers.snapshots import Billing, Scheduled
from tests.lives.numbers import MOST_EVENTS, drawn
from tests.lives.one_life import SOLD
from tests.lives.pure import check, play

NUMBERS = st.integers(0, 999)
EVENTS = st.tuples(NUMBERS, NUMBERS, NUMBERS)
MANY = int(os.environ.get("LIVES", "2000"))
SEED = int(os.environ.get("LIVES_SEED", "20261123"))


@settings(max_examples=20)
@given(EVENTS, st.dates(date(2024, 1, 1), date(2029, 12, 31)), st.lists(EVENTS, max_size=MOST_EVENTS))
def test_any_life_adds_up(first, day, events):
    play(first, day, events)


def test_many_lives_add_up():
    acts = refused = 0
    for number in range(MANY):
        first, day, events = drawn(SEED, number)
        try:
            life = play(first, day, events)
        except Exception as error:
            raise AssertionError(f"life {number} of seed {SEED}: {error!r}") from error
        acts, refused = acts + life.acts, refused + life.refused
    assert acts > MANY * 15
    assert refused < acts / 10


def test_there_and_back_is_neutral():
    """I3: to another offer and back on one day, whatever was lived before: the same money, the same dates."""
    made = 0
    for number in range(MANY // 4):
        (which, many, _), day, events = drawn(SEED + 1, number)
        life = play((which, many, number % 8 * 8), day, [event for event in events if event[0] % 13 not in (6, 7, 11)])
        before = life.snapshot
        paid = sum(line.drafted.charged - line.credited for line in life.lines)
        if before.status not in LIVE or before.ends_on is not None or before.stage.billing is Billing.arrears:
            continue
        if life.stood_on == life.today or on_trial(before) or before.current_period is None:
            continue
        there, back = (list(SOLD)[number % len(SOLD)], before.offer.version_id)
        if there == back or life.today not in before.current_period:
            continue
        for at, to in enumerate((there, back)):
            wish = Scheduled(
                id=f"sch_{at}", kind="change_offer", effective_on=life.today, payload={"offer_version": to}
            )
            life.change(wish, How(on=life.today))
            check(life)
        after = life.snapshot
        assert sum(line.drafted.charged - line.credited for line in life.lines) == paid, number
        for name in ("offer", "anchor", "cycle_from", "stage_position", "period_index", "current_period"):
            if name != "current_period" or SOLD[there].stages[0].billing is not Billing.arrears:
                assert getattr(after, name) == getattr(before, name), (number, name)
        made += 1
    assert made > MANY / 40
