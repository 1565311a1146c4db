"""Lives told line by line are what they were. After a rule was changed on purpose: `TELL=1 ./test
tests/lives/test_told.py`, and read the difference before it is committed."""

from __future__ import annotations

import os
from pathlib import Path

from tests.lives.told import ACTS, MOMENTS, TOLD, tell, tell_acts, tell_moments

LIVES = 32


def held(told: str, file: Path) -> None:
    if os.environ.get("TELL"):
        file.write_text(told, encoding="utf-8")
    known = file.read_text(encoding="utf-8").splitlines()
    for at, (line, before) in enumerate(zip(told.splitlines(), known, strict=False), 1):
        assert line == before, f"line {at} of {file.name}"
    assert len(told.splitlines()) == len(known)


def test_what_was_billed_given_back_and_left_is_what_it_was():
    held(tell(LIVES), TOLD)


def test_each_way_in_which_a_step_can_go_is_what_it_was():
    held(tell_moments(), MOMENTS)


def test_each_act_within_a_period_is_what_it_was():
    held(tell_acts(), ACTS)
