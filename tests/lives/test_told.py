"""Lives told line by line are what they were. After a rule was changed on purpose: `TELL=1 ./test
tests/lives/test_told.py`, and read the difference before it is committed."""

from __future__ import annotations

import os

from tests.lives.told import TOLD, tell

LIVES = 32


def test_what_was_billed_given_back_and_left_is_what_it_was():
    told = tell(LIVES)
    if os.environ.get("TELL"):
        TOLD.write_text(told, encoding="utf-8")
    known = TOLD.read_text(encoding="utf-8").splitlines()
    for at, (line, before) in enumerate(zip(told.splitlines(), known, strict=False), 1):
        assert line == before, f"line {at} of {TOLD.name}"
    assert len(told.splitlines()) == len(known)
