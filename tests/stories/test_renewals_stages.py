"""Renewals of each kind of stage, told as bank statements. Every run is made twice."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.stories.statements import World

pytestmark = pytest.mark.django_db(transaction=True)
ARREARS = {"billing": "arrears"}


@pytest.fixture
def world(shop):
    return World.on(shop, "2026-01-31")


def test_days(world):
    sub = world.subscribe(world.shop.offer("pass", ("day", None, 1_00, {"interval_count": 10})))
    assert world.until("2026-03-02").statement(sub) == dedent("""\
        2026-01-31  pass         01-31..02-10            1.00
        2026-02-10  pass         02-10..02-20            1.00
        2026-02-20  pass         02-20..03-02            1.00
        2026-03-02  pass         03-02..03-12            1.00
        """)


def test_weeks(world):
    sub = world.subscribe(world.shop.offer("pass", ("week", None, 5_00, {"interval_count": 2})))
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  pass         01-31..02-14            5.00
        2026-02-14  pass         02-14..02-28            5.00
        2026-02-28  pass         02-28..03-14            5.00
        """)


def test_months_from_the_31st(world):
    sub = world.subscribe(world.shop.offer("hifi", ("month", None, 12_99)))
    assert world.until("2026-05-31").statement(sub) == dedent("""\
        2026-01-31  hifi         01-31..02-28           12.99
        2026-02-28  hifi         02-28..03-31           12.99
        2026-03-31  hifi         03-31..04-30           12.99
        2026-04-30  hifi         04-30..05-31           12.99
        2026-05-31  hifi         05-31..06-30           12.99
        """)
    assert world.captured() == [12_99] * 5


def test_years_from_the_29th_of_february(shop):
    world = World.on(shop, "2028-02-29")
    sub = world.subscribe(shop.offer("hifi", ("year", None, 99_00)), collection="manual")
    assert world.until("2032-03-01").statement(sub) == dedent("""\
        2028-02-29  hifi         02-29..02-28 2029      99.00
                    open                                99.00
        2029-02-28  hifi         02-28..02-28 2030      99.00
                    open                                99.00
        2030-02-28  hifi         02-28..02-28 2031      99.00
                    open                                99.00
        2031-02-28  hifi         02-28..02-29 2032      99.00
                    open                                99.00
        2032-02-29  hifi         02-29..02-28 2033      99.00
                    open                                99.00
        """)
    assert world.captured() == []


def test_a_free_month_then_the_price(world):
    sub = world.subscribe(world.shop.offer("hifi", ("month", 1, 0), ("month", None, 9_99)))
    assert world.now_is(sub).status == "trialing"
    assert world.until("2026-02-27").statement(sub) == "\n"
    assert world.until("2026-03-31").statement(sub) == dedent("""\
        2026-02-28  hifi         02-28..03-31            9.99
        2026-03-31  hifi         03-31..04-30            9.99
        """)
    assert world.now_is(sub).status == "active"


def test_fourteen_free_days_end_at_the_time_of_day_they_began(world):
    sub = world.subscribe(world.shop.offer("hifi", ("day", 14, 0), ("month", None, 9_99)))
    assert world.until("2026-02-14", "08:59").statement(sub) == "\n"
    assert world.until("2026-02-14", "09:00").statement(sub) == dedent("""\
        2026-02-14  hifi         02-14..03-14            9.99
        """)
    assert world.until("2026-03-14", "00:00").statement(sub) == dedent("""\
        2026-02-14  hifi         02-14..03-14            9.99
        2026-03-14  hifi         03-14..04-14            9.99
        """)


def test_a_launch_price_then_the_normal_one(world):
    sub = world.subscribe(world.shop.offer("hifi", ("month", 3, 6_99), ("month", None, 12_99)))
    assert world.until("2026-05-31").statement(sub) == dedent("""\
        2026-01-31  hifi         01-31..02-28            6.99
        2026-02-28  hifi         02-28..03-31            6.99
        2026-03-31  hifi         03-31..04-30            6.99
        2026-04-30  hifi         04-30..05-31           12.99
        2026-05-31  hifi         05-31..06-30           12.99
        """)


def test_a_fixed_term_ends_by_itself(world):
    sub = world.subscribe(world.shop.offer("season", ("month", 3, 10_00)))
    told = dedent("""\
        2026-01-31  season       01-31..02-28           10.00
        2026-02-28  season       02-28..03-31           10.00
        2026-03-31  season       03-31..04-30           10.00
        2026-04-30  ended: term_reached
        """)
    assert world.until("2026-04-30").statement(sub) == told
    assert world.until("2027-04-30").statement(sub) == told


def test_arrears(world):
    sub = world.subscribe(world.shop.offer("meter", ("month", None, 10_00, ARREARS)))
    assert world.statement(sub) == "\n"
    assert world.until("2026-03-31").statement(sub) == dedent("""\
        2026-02-28  meter        01-31..02-28           10.00
        2026-03-31  meter        02-28..03-31           10.00
        """)


def test_from_arrears_to_advance_on_one_document(world):
    sub = world.subscribe(world.shop.offer("meter", ("month", 2, 10_00, ARREARS), ("month", None, 15_00)))
    assert world.until("2026-04-30").statement(sub) == dedent("""\
        2026-02-28  meter        01-31..02-28           10.00
        2026-03-31  meter        02-28..03-31           10.00
                    meter        03-31..04-30           15.00
        2026-04-30  meter        04-30..05-31           15.00
        """)
    assert world.captured() == [10_00, 25_00, 15_00]


def test_days_weeks_months_and_years_in_one_life(world):
    """Months anchor where the weeks end, and the year keeps their day."""
    stages = ("day", 10, 0), ("week", 2, 3_00), ("month", 2, 10_00), ("year", None, 100_00)
    sub = world.subscribe(world.shop.offer("all", *stages))
    assert world.until("2027-04-24").statement(sub) == dedent("""\
        2026-02-10  all          02-10..02-17            3.00
        2026-02-17  all          02-17..02-24            3.00
        2026-02-24  all          02-24..03-24           10.00
        2026-03-24  all          03-24..04-24           10.00
        2026-04-24  all          04-24..04-24 2027     100.00
        2027-04-24  all          04-24..04-24 2028     100.00
        """)


def test_ten_free_years_of_days_are_lived_and_bill_nothing(world):
    sub = world.subscribe(world.shop.offer("gift", ("year", None, 0)))
    assert world.until("2035-12-31").statement(sub) == "\n"
    assert world.now_is(sub).period_index == 10


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2026-03-03", "2026-03-03  hifi         02-28..03-31           12.99\n"),
        (
            "2026-04-04",
            "2026-04-04  hifi         02-28..03-31           12.99\n"
            "2026-04-04  hifi         03-31..04-30           12.99\n",
        ),
    ],
)
def test_a_late_run_makes_every_missed_period_once_dated_its_own_day(world, day, told):
    sub = world.subscribe(world.shop.offer("hifi", ("month", None, 12_99)))
    first = "2026-01-31  hifi         01-31..02-28           12.99\n"
    assert world.late(day).statement(sub) == first + told
    assert world.captured() == [12_99] * (1 + told.count("\n"))


def test_a_run_a_year_late_says_what_twelve_in_time_say(shop):
    offer = shop.offer("hifi", ("month", 2, 0), ("month", 3, 6_99), ("month", None, 12_99))
    calm, late = World.on(shop, "2026-01-31"), World.on(shop, "2026-01-31")
    in_time = calm.subscribe(offer, calm.person("ada"))
    behind = late.subscribe(offer, late.person("bea"))
    told = calm.until("2027-01-31").statement(in_time)
    assert told.count("\n") == 11
    found = late.late("2027-01-31").statement(behind)
    assert [line[10:] for line in found.splitlines()] == [line[10:] for line in told.splitlines()]
    assert {line[:10] for line in found.splitlines()} == {"2027-01-31"}


@pytest.mark.parametrize(
    ("zone", "due"),
    [
        ("Pacific/Honolulu", "2026-02-28T10:00:00+00:00"),
        ("Pacific/Kiritimati", "2026-02-27T10:00:00+00:00"),
        ("Europe/Paris", "2026-02-27T23:00:00+00:00"),
    ],
)
def test_from_utc_minus_ten_to_plus_fourteen(zone, due, shops):
    world = World.on(shops(timezone=zone), "2026-01-31")
    sub = world.subscribe(world.shop.offer("hifi", ("month", None, 12_99)))
    assert world.now_is(sub).next_action_at.isoformat() == due
    assert world.until("2026-03-31").statement(sub) == dedent("""\
        2026-01-31  hifi         01-31..02-28           12.99
        2026-02-28  hifi         02-28..03-31           12.99
        2026-03-31  hifi         03-31..04-30           12.99
        """)


def test_a_midnight_that_the_clocks_jump_over(shops):
    """In Cairo 24 April 2026 begins at 01:00."""
    world = World.on(shops(timezone="Africa/Cairo"), "2026-03-24")
    sub = world.subscribe(world.shop.offer("hifi", ("month", None, 12_99)))
    assert world.now_is(sub).next_action_at.isoformat() == "2026-04-23T22:00:00+00:00"
    assert world.until("2026-04-24", "01:00").statement(sub) == dedent("""\
        2026-03-24  hifi         03-24..04-24           12.99
        2026-04-24  hifi         04-24..05-24           12.99
        """)
