"""The fold of changes: what was true at an instant, and what we knew of it at another (domain 23)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from merchants.ids import new_id
from merchants.now import Now
from merchants.tenancy.scope import tenant
from subscribers import history, shapes
from subscribers.models import Change, Subscriber, Subscription
from subscribers.selectors import history_answers, past
from subscribers.services import enrolment
from tests.worlds import forget, utc

START = utc("2026-01-01T00:00")


@dataclass(frozen=True)
class Told:
    """A change as the fold reads it. Days are counted from START."""

    effective: float
    after: dict[str, Any]
    recorded: float
    verb: str = "updated"
    before: dict[str, Any] = field(default_factory=lambda: {"x": None})
    id: UUID = field(default_factory=new_id)

    @property
    def effective_at(self) -> datetime:
        return START + timedelta(days=self.effective)

    @property
    def recorded_at(self) -> datetime:
        return START + timedelta(days=self.recorded)


def created(day: float, **after: Any) -> Told:
    return Told(effective=day, recorded=day, after=after, verb="created", before={})


def known(changes: list[Told], *, as_of: float, known_at: float = 10_000) -> dict[str, Any] | None:
    return past.fold([one for one in changes if one.effective <= as_of and one.recorded <= known_at])


def test_a_late_back_dated_change_is_seen_from_its_known_at_only():
    suspended = Told(effective=5, recorded=20, after={"status": "suspended"})
    life = [created(1, status="active", site="Lyon"), suspended]
    assert known(life, as_of=10, known_at=19) == {"status": "active", "site": "Lyon"}
    assert known(life, as_of=10, known_at=20) == {"status": "suspended", "site": "Lyon"}
    assert known(life, as_of=4, known_at=20) == {"status": "active", "site": "Lyon"}
    assert known(life, as_of=0.5, known_at=20) is None


def test_what_took_effect_later_stands_over_what_was_written_later():
    life = [
        created(1, city="A"),
        Told(effective=9, recorded=9, after={"city": "B"}),
        Told(effective=4, recorded=12, after={"city": "C"}),
    ]
    assert [known(life, as_of=day)["city"] for day in (3, 4, 8, 9, 50)] == ["A", "C", "C", "B", "B"]
    assert [known(life, as_of=day, known_at=11)["city"] for day in (3, 4, 8, 9)] == ["A", "A", "A", "B"]


def test_two_changes_of_one_effect_count_in_the_order_written():
    same = [Told(effective=3, recorded=day, after={"n": day}) for day in (5, 4, 6)]
    assert known([created(1, n=0), *same], as_of=3) == {"n": 6}
    first, second = Told(effective=3, recorded=3, after={"n": 1}), Told(effective=3, recorded=3, after={"n": 2})
    assert known([second, created(1, n=0), first], as_of=3) == {"n": 2}, (
        "at the same instant, in the order of their ids"
    )


def test_what_is_announced_is_not_true_yet():
    life = [created(1, ends_at=None), Told(effective=30, recorded=2, after={"ends_at": "day 30"})]
    assert known(life, as_of=29)["ends_at"] is None
    assert known(life, as_of=30)["ends_at"] == "day 30"


def test_a_patch_that_counts_before_the_creation_makes_nobody():
    life = [created(5, city="A", locale="fr"), Told(effective=2, recorded=6, after={"locale": "en"})]
    assert known(life, as_of=3) is None
    assert known(life, as_of=5) == {"city": "A", "locale": "fr"}


def test_what_was_deleted_is_gone_and_may_come_back():
    gone = Told(effective=3, recorded=3, after={}, verb="deleted")
    life = [created(1, a=1), gone, created(7, a=2)]
    assert [known(life, as_of=day) for day in (2, 3, 7)] == [{"a": 1}, None, {"a": 2}]


VALUES = {
    "name": st.sampled_from(["Ada", "Zoë", "Åse", ""]),
    "city": st.sampled_from(["Lyon", "Paris", ""]),
    "locale": st.sampled_from(["fr", "en"]),
    "country": st.sampled_from(["FR", "BE", ""]),
    "birth_on": st.sampled_from([None, date(1990, 2, 28), date(2000, 2, 29)]),
    "metadata": st.sampled_from([{}, {"a": "1"}, {"b": "é"}]),
    "payer_id": st.none(),
}
UPDATES = st.lists(
    st.tuples(st.integers(0, 3), st.fixed_dictionaries({}, optional=VALUES), st.integers(0, 40)), max_size=14
)


WISHES = st.fixed_dictionaries({}, optional={name: st.integers(0, 3) for name in "abc"})


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(updates=st.lists(st.tuples(st.integers(0, 2), WISHES), max_size=20))
def test_the_fold_is_what_the_row_was_at_each_instant(updates):
    """Pure: patches written as they happen, some at one instant; the row is kept beside them."""
    row: dict[str, int] = {"a": 0, "b": 0, "c": 0}
    changes, seen, day = [created(0, **row)], {0: dict(row)}, 0
    for wait, wish in updates:
        day += wait
        patch = {name: value for name, value in wish.items() if row[name] != value}
        if patch:
            changes.append(Told(effective=day, recorded=day, after=patch, before={n: row[n] for n in patch}))
        row |= patch
        seen[day] = dict(row)
    state: dict[str, int] = {}
    for moment in range(day + 2):
        state = seen.get(moment, state)
        assert known(list(reversed(changes)), as_of=moment) == state
        assert known(changes, as_of=10_000, known_at=moment) == state


@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(updates=UPDATES)
def test_a_subscribers_past_is_what_the_row_was(shop, updates):
    """Through the product: services write, rows are read back as they stood."""
    columns = [f.attname for f in Subscriber._meta.local_concrete_fields if f.attname not in history.UNTOLD]
    with tenant(shop.id):
        at = START
        now = Now(at=at, zone="Europe/Paris")
        row = enrolment.enrol({"name": "Ada"}, merchant=shop.merchant, actor=shop.actor, now=now)

        def standing() -> dict[str, Any]:
            stored = Subscriber.objects.get(pk=row.pk)
            return {column: getattr(stored, column) for column in columns}

        seen = {at: standing()}
        for wait, values, _ in updates:
            at += timedelta(hours=wait)
            enrolment.revise(row, values, actor=shop.actor, now=Now(at=at, zone="Europe/Paris"))
            seen[at] = standing()
        for moment, stood in seen.items():
            for asked in ({"as_of": moment}, {"as_of": at, "known_at": moment}):
                then = past.row_at(row, **asked)
                assert then is not None
                assert {column: getattr(then, column) for column in columns} == stood
        assert past.row_at(row, as_of=START - timedelta(seconds=1)) is None


@pytest.mark.django_db(transaction=True)
def test_an_erased_value_says_so_in_any_past_and_the_rest_stands(shop):
    with tenant(shop.id):
        row = enrolment.enrol(
            {"name": "Ada", "birth_on": date(1990, 2, 28), "city": "Lyon"},
            merchant=shop.merchant,
            actor=shop.actor,
            now=Now(at=START, zone="Europe/Paris"),
        )
        later = Now(at=START + timedelta(days=2), zone="Europe/Paris")
        enrolment.revise(row, {"name": "Eve"}, actor=shop.actor, now=later)
    with tenant(shop.id):
        forget(row, "name", "birth_on")
        then = past.row_at(row, as_of=START + timedelta(days=1))
        assert then is not None
        shown = shapes.subscriber(then)
        state = past.state_of(row.pk, as_of=START + timedelta(days=1))
    assert (shown["name"], shown["birth_on"], shown["address"]["city"]) == ("erased", "erased", "Lyon")
    assert state is not None and state.columns["name"] == "erased"
    assert "Ada" not in json.dumps(dict(state.columns))


@pytest.mark.django_db(transaction=True)
def test_a_whole_life_as_it_was(shop):
    shop.feature("quality", "level", ["standard", "hifi"])
    option = shop.option("device", 2_00)
    offer = shop.offer("hifi", ("month", None, 12_99), options=[option], features={"quality": {"level": "hifi"}})
    lucie = shop.enrol("lucie")
    between = datetime.now(UTC)
    session = shop.buy(lucie, offer, options=[option])
    with tenant(shop.id):
        before, now = past.life_at(lucie.pk, as_of=between), past.life_at(lucie.pk, as_of=shop.now().at)
        stored = Subscription.objects.get(pk=session.subscription_id)
        (then,) = [past.revived(Subscription, state) for state in now if state.kind == "subscription"]
        told = [f.attname for f in Subscription._meta.local_concrete_fields if f.attname not in history.UNTOLD]
        assert {name: getattr(then, name) for name in told} == {name: getattr(stored, name) for name in told}
        assert then.created_at == stored.created_at and then.next_action_at is None
        shown, present = shapes.subscription(then), shapes.subscription(stored)
        assert {key: value for key, value in shown.items() if value != present[key]} == {
            "next_action_at": None,
            "latest_invoice": None,
        }
    assert [state.kind for state in before] == ["subscriber"]
    assert sorted(state.kind for state in now) == ["grant", "option", "payment_method", "subscriber", "subscription"]


@pytest.mark.django_db(transaction=True)
def test_a_past_is_read_in_two_queries_however_long(shop, django_assert_num_queries):
    with tenant(shop.id):
        at = START
        now = Now(at=at, zone="Europe/Paris")
        row = enrolment.enrol({"name": "Ada"}, merchant=shop.merchant, actor=shop.actor, now=now)
        for n in range(60):
            at += timedelta(hours=1)
            enrolment.revise(row, {"city": f"V{n}"}, actor=shop.actor, now=Now(at=at, zone="Europe/Paris"))
        with django_assert_num_queries(2):
            assert past.row_at(row, as_of=at).city == "V59"
        with django_assert_num_queries(2):
            assert len(past.life_at(row.pk, as_of=at)) == 1
        assert Change.objects.count() == 61


def test_every_kind_of_subject_has_its_model():
    assert {model: kind for kind, model in history_answers.SUBJECTS.items()} == history.KINDS
