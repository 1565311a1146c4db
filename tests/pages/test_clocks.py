"""Developers, test clocks: made, advanced, released and deleted at the office of a sandbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.flows import clock_work, clocks
from merchants.clock import instant
from merchants.models import TestClock as Clock
from merchants.tenancy.scope import tenant
from tests.pages.offices import NOW, Seat, colleague, office
from tests.worlds import utc

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def seat(transactional_db, monkeypatch) -> Seat:
    """An owner at the sandbox's office; workers are asked, and none runs by itself."""
    monkeypatch.setattr(clocks, "nudge", lambda merchant_id, clock_id: None)
    found = office()
    return replace(found, merchant=found.sandbox)


def page(seat, name, **arguments) -> str:
    answer = seat.client.get(seat.url(name, **arguments))
    assert answer.status_code == 200, answer.status_code
    text: str = answer.content.decode()
    assert "style=" not in text and "onclick" not in text
    return text


def post(seat, name, values=None, **arguments):
    return seat.client.post(seat.url(name, **arguments), values or {})


def planted(seat, time) -> Clock:
    with tenant(seat.merchant.id):
        return Clock.objects.create(name="a year", time=time, created_at=NOW.at)


def now(seat, clock) -> Clock:
    with tenant(seat.merchant.id):
        return Clock.objects.get(id=clock.pk)


def test_a_clock_is_made_and_led_to(seat):
    assert "No clock yet." in page(seat, "developer_clocks")
    assert seat.url("developer_clocks") in page(seat, "developers")
    answer = post(seat, "developer_clocks", {"name": "a year", "time": "2027-01-31T10:00"})
    with tenant(seat.merchant.id):
        made = Clock.objects.get()
    assert (made.name, made.time, made.status) == ("a year", utc("2027-01-31T09:00"), "ready")  # ten in Paris
    assert (answer.status_code, answer["Location"]) == (302, seat.url("developer_clock", clock=made.public_id))
    shown = page(seat, "developer_clock", clock=made.public_id)
    assert "31 January 2027" in shown and "10:00" in shown and "Nobody yet." in shown
    assert "hx-trigger" not in shown.partition('id="clock"')[2].partition(">")[0]
    assert f"/test_clocks/{made.public_id}/advance" in shown
    assert seat.url("developer_clock", clock=made.public_id) in page(seat, "developer_clocks")


def test_a_time_that_is_too_far_stands_beside_its_field(seat):
    answer = post(seat, "developer_clocks", {"time": "2080-01-31T10:00"})
    assert answer.status_code == 422
    assert "A clock begins within ten years of the present." in answer.content.decode()
    with tenant(seat.merchant.id):
        assert not Clock.objects.exists()


@pytest.mark.parametrize(
    ("asked", "to"),
    [
        ({"by": "day"}, "2027-02-01T09:00"),
        ({"by": "month"}, "2027-02-28T09:00"),
        ({"by": "year"}, "2028-01-31T09:00"),
        ({"to_on": "2027-07-01"}, "2027-07-01T08:00"),  # the same time of day, in summer
    ],
)
def test_a_clock_is_sent_on_its_way_and_the_page_follows_it(seat, asked, to):
    clock = planted(seat, utc("2027-01-31T09:00"))
    answer = post(seat, "developer_clock_advance", asked, clock=clock.public_id)
    assert (answer.status_code, answer["Location"]) == (302, seat.url("developer_clock", clock=clock.public_id))
    assert (now(seat, clock).status, now(seat, clock).target) == ("advancing", utc(to))
    moving = page(seat, "developer_clock", clock=clock.public_id)
    assert 'hx-trigger="every 1s"' in moving and "On its way to" in moving
    assert 'name="by"' not in moving  # no second wish meanwhile
    assert 'hx-trigger="every 2s"' in page(seat, "developer_clocks")

    clock_work.carry_on(merchant_id=seat.merchant.id, clock_id=clock.pk)
    assert (now(seat, clock).status, now(seat, clock).time) == ("ready", utc(to))
    assert 'hx-trigger="every 1s"' not in page(seat, "developer_clock", clock=clock.public_id)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"to_on": "2027-01-31"}, "A test clock only moves forward."),
        ({}, "Choose a date."),
        ({"by": "century"}, "Choose a date."),
        ({"to_on": "2037-12-31"}, "A test clock is advanced by ten years at most"),
    ],
)
def test_what_cannot_be_is_said_and_moves_nothing(seat, asked, said):
    clock = planted(seat, utc("2027-01-31T09:00"))
    answer = post(seat, "developer_clock_advance", asked, clock=clock.public_id)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert (now(seat, clock).status, now(seat, clock).target) == ("ready", None)


def test_why_a_clock_stopped_is_shown(seat):
    clock = planted(seat, utc("2027-01-31T09:00"))
    with tenant(seat.merchant.id):
        Clock.objects.filter(id=clock.pk).update(error="RuntimeError: the books disagree")
    assert "RuntimeError: the books disagree" in page(seat, "developer_clock", clock=clock.public_id)
    assert "Stopped short" in page(seat, "developer_clocks")


def test_release_is_offered_once_the_present_is_reached(seat):
    behind, ahead = planted(seat, instant() - timedelta(days=3)), planted(seat, instant() + timedelta(days=3))
    for clock, words in ((behind, "Advance it to the present first"), (ahead, "ahead of the present")):
        shown = page(seat, "developer_clock", clock=clock.public_id)
        assert words in shown
        assert seat.url("developer_clock_release", clock=clock.public_id) not in shown
        assert post(seat, "developer_clock_release", clock=clock.public_id).status_code == 409
    near = planted(seat, instant() - timedelta(hours=5))
    assert seat.url("developer_clock_release", clock=near.public_id) in page(
        seat, "developer_clock", clock=near.public_id
    )
    assert post(seat, "developer_clock_release", clock=near.public_id).status_code == 302
    clock_work.carry_on(merchant_id=seat.merchant.id, clock_id=near.pk)
    shown = page(seat, "developer_clock", clock=near.public_id)
    assert "lives in real time" in shown and 'name="by"' not in shown


def test_a_deleted_clock_is_not_found_again(seat):
    clock = planted(seat, utc("2027-01-31T09:00"))
    answer = post(seat, "developer_clock_delete", clock=clock.public_id)
    assert (answer.status_code, answer["Location"]) == (302, seat.url("developer_clocks"))
    assert "No clock yet." in page(seat, "developer_clocks")
    assert seat.client.get(seat.url("developer_clock", clock=clock.public_id)).status_code == 404


def test_a_live_merchant_is_told_where_clocks_are(transactional_db):
    seat = office()
    assert "Test clocks exist in the sandbox" in page(seat, "developer_clocks")
    assert seat.url("developer_clocks") not in page(seat, "developers")
    answer = post(seat, "developer_clocks", {"time": "2027-01-31T10:00"})
    assert answer.status_code == 422
    with tenant(seat.merchant.id):
        assert not Clock.objects.exists()


@pytest.mark.parametrize("role", ["support", "accountant", "counter", "read_only"])
def test_who_has_no_business_with_developers_sees_no_clocks(seat, role):
    clock = planted(seat, utc("2027-01-31T09:00"))
    other = colleague(seat, role)
    assert other.client.get(seat.url("developer_clocks")).status_code == 403
    assert other.client.post(seat.url("developer_clock_delete", clock=clock.public_id)).status_code == 403
    assert now(seat, clock).deleted_at is None
