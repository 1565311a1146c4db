"""The toolbar of a subscriber's page: few acts stand side by side, of many the usual ones, the rest in a menu."""

from __future__ import annotations

import pytest

from subscribers.pages.acts import MOST_IN_SIGHT, Act, in_sight


def act(name: str, *, usual: bool = False) -> Act:
    return Act(words=name, url=f"/{name}", usual=usual)


@pytest.mark.parametrize("many", range(MOST_IN_SIGHT + 1))
def test_few_stand_side_by_side(many):
    acts = [act(str(n)) for n in range(many)]
    assert in_sight(acts) == (acts, [])


def test_of_many_the_usual_ones_and_none_is_lost():
    acts = [act(str(n), usual=n % 2 == 0) for n in range(14)]
    shown, menu = in_sight(acts)
    assert [one.words for one in shown] == ["0", "2", "4", "6", "8"]
    assert [one.words for one in menu] == ["1", "3", "5", "7", "9", "10", "11", "12", "13"]


def test_one_at_least_stands_there():
    acts = [act(str(n)) for n in range(9)]
    assert in_sight(acts) == (acts[:1], acts[1:])
