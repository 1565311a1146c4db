"""The best of random grants: on beats off, the higher level wins, the larger quota wins, quotas add only where the
grant says so; each answer names what it came from and until when (domain 17)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from subscribers.periods import Period
from subscribers.quotas import lone_period
from subscribers.rights import LiveGrant, Right, Source, SourceKind, rights
from subscribers.snapshots import FeatureKind, GrantSnapshot

TODAY = date(2026, 5, 14)
LEVELS = ("standard", "high", "hifi")
days = st.integers(-5, 5).map(lambda n: TODAY + timedelta(days=n))


@st.composite
def grants(draw, kind: FeatureKind) -> LiveGrant:
    source = draw(st.sampled_from(SourceKind))
    rank = draw(st.integers(0, 2)) if kind is FeatureKind.level else None
    counts = kind is FeatureKind.quota
    alone = source is SourceKind.override
    subscription = None if alone else f"s{draw(st.integers(1, 3))}"
    begun = TODAY - timedelta(days=draw(st.integers(0, 40)))
    return LiveGrant(
        grant=GrantSnapshot(
            feature="f",
            kind=kind,
            on=draw(st.booleans()),
            quota=draw(st.none() | st.integers(0, 9)) if counts else None,
            adds=draw(st.booleans()) if counts else False,
            level=LEVELS[rank] if rank is not None else None,
            rank=rank,
        ),
        source=Source(kind=source, id=str(draw(st.integers(0, 99))), title={}, subscription=subscription),
        from_on=draw(st.none() | days),
        until_on=draw(st.none() | days),
        period=lone_period(begun, TODAY) if counts else None,
    )


some = st.sampled_from(FeatureKind).flatmap(lambda kind: st.lists(grants(kind), max_size=7))


def answer(given_: Sequence[LiveGrant], day: date = TODAY) -> Right | None:
    return rights(given_, today=day).get("f")


def worth(right: Right | None) -> tuple[bool, float]:
    """How good an answer is: on, then how much."""
    if right is None or not right.on:
        return (False, 0)
    return (True, float("inf") if right.unlimited else right.rank or right.quota or 0)


def plainly(given_: Sequence[LiveGrant]) -> tuple[bool, float]:
    """The rule of the domain in its own words, by another way."""
    on = [g.grant for g in given_ if g.lives(TODAY) and g.grant.on]
    if not on:
        return (False, 0)
    if on[0].kind is FeatureKind.switch:
        return (True, 0)
    if on[0].kind is FeatureKind.level:
        return (True, max(g.rank for g in on if g.rank is not None))
    if any(g.quota is None for g in on):
        return (True, float("inf"))
    quota = max([g.quota or 0 for g in on if not g.adds], default=0) + sum(g.quota or 0 for g in on if g.adds)
    return (quota > 0, quota)


@given(some)
def test_the_answer_is_what_the_rule_says(given_):
    assert worth(answer(given_)) == plainly(given_)


@given(some, st.randoms())
def test_the_order_in_which_they_came_changes_nothing(given_, random):
    shuffled = random.sample(given_, len(given_))
    one, other = answer(given_), answer(shuffled)
    assert worth(one) == worth(other)
    if one is not None and other is not None:
        assert (one.level, one.until) == (other.level, other.until)
        assert sorted(map(repr, one.sources)) == sorted(map(repr, other.sources))


@given(st.sampled_from(FeatureKind).flatmap(lambda kind: st.tuples(st.lists(grants(kind), max_size=6), grants(kind))))
def test_one_grant_more_takes_nothing_away(both):
    given_, more = both
    assert worth(answer([*given_, more])) >= worth(answer(given_))


@given(some)
def test_an_answer_comes_from_its_sources_and_from_nothing_else(given_):
    right = answer(given_)
    if right is None:
        assert not any(g.lives(TODAY) for g in given_)
        return
    assert right.sources and all(g in given_ and g.lives(TODAY) for g in right.sources)
    assert worth(answer(right.sources)) == worth(right)
    if right.on:
        assert all(g.grant.on for g in right.sources)


@given(some)
def test_the_answer_holds_until_the_day_it_names(given_):
    """Nothing that stands today makes it less before; and on that day one of its sources is gone."""
    right = answer(given_)
    if right is None or not right.on:
        return
    begun = [g for g in given_ if g.lives(TODAY)]
    for n in range(8):
        day = TODAY + timedelta(days=n)
        if right.until is None or day < right.until:
            assert worth(answer(begun, day)) >= worth(right)
    if right.until is not None:
        assert any(not g.lives(right.until) for g in right.sources)


@given(st.lists(grants(FeatureKind.quota), max_size=7))
def test_a_quota_has_one_period_and_it_contains_today(given_):
    right = answer(given_)
    if right is None or not right.on:
        return
    counted_by = right.counted_by
    assert counted_by is not None and isinstance(right.period, Period) and TODAY in right.period
    on = [g for g in given_ if g.lives(TODAY) and g.grant.on]
    assert counted_by in on
    if counted_by.source.subscription is None:
        assert all(g.source.subscription is None for g in on), "a subscription's calendar comes first"
