"""Two thousand lives on the pure engine, and a few that hypothesis shortens where they fail."""

from __future__ import annotations

import os
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lives.numbers import MOST_EVENTS, drawn
from tests.lives.pure import play

NUMBERS = st.integers(0, 999)
EVENTS = st.tuples(NUMBERS, NUMBERS, NUMBERS)
MANY = int(os.environ.get("LIVES", "2000"))
SEED = int(os.environ.get("LIVES_SEED", "20261123"))


@settings(max_examples=60)
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
