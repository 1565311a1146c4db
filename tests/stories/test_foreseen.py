"""What is told before it comes: each fact once, on its day, and nothing that is not so."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import runs
from billing.flows import asks, cancel, foresee, schedule
from billing.models import Foreseen
from merchants.clock import instant
from merchants.models import Event, TestClock
from merchants.now import Now, local_midnight
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import PaymentMethod, Subscription
from subscribers.services import enrolment

pytestmark = pytest.mark.django_db(transaction=True)
ZONE = "Europe/Paris"


def on(day: str, clock_id=None) -> Now:
    """Nine o'clock in Paris on a date."""
    at = local_midnight(date.fromisoformat(day), ZONE) + timedelta(hours=9)
    return Now(at=at, zone=ZONE, test_clock=clock_id)


@pytest.fixture
def clock(shop):
    with tenant(shop.id):
        return TestClock.objects.create(time=datetime(2026, 1, 1, 9, tzinfo=UTC), created_at=instant())


def enrol(shop, clock, reference="ada"):
    with tenant(shop.id):
        act = {"merchant": shop.merchant, "actor": shop.actor, "now": shop.now()}
        known = {"name": "Ada", "email": f"{reference}@courriel.example", "reference": reference}
        return enrolment.enrol(known, test_clock_id=clock.pk, **act)


def card(shop, subscriber, month, year):
    """Let the card that was used to pay be one of that month."""
    with tenant(shop.id):
        row = PaymentMethod.objects.get(subscriber=subscriber, is_default=True)
        dates = {"exp_month": month, "exp_year": year}
        history.update(row, dates, actor=shop.actor, now=shop.now(), verb="updated")
        return row


def told(shop, *kinds):
    """The foreseen events, in order: (kind, days left)."""
    wanted = kinds or (
        "payment_method.expiring",
        "payment_method.expired",
        "subscription.trial_ending",
        "subscription.ending",
    )
    with tenant(shop.id):
        rows = Event.objects.filter(kind__in=wanted).order_by("id")
        return [(row.kind, row.data["days_left"]) for row in rows]


def look(shop, clock, *days):
    return [foresee.foresee(merchant_id=shop.id, now=on(day, clock.pk)) for day in days]


def test_a_card_is_told_four_times_and_once_more_when_it_has_expired(shop, clock):
    ada = enrol(shop, clock)
    shop.buy(ada, shop.offer("hifi", ("month", None, 12_99)))
    row = card(shop, ada, 3, 2026)

    days = [(date(2026, 2, 20) + timedelta(days=n)).isoformat() for n in range(60)]
    counts = look(shop, clock, *days)
    again = look(shop, clock, *days)

    assert {day: n for day, n in zip(days, counts, strict=True) if n} == {
        "2026-03-01": 1,
        "2026-03-16": 1,
        "2026-03-24": 1,
        "2026-03-30": 1,
        "2026-04-01": 1,
    }
    assert sum(again) == 0
    assert told(shop) == [
        ("payment_method.expiring", 30),
        ("payment_method.expiring", 15),
        ("payment_method.expiring", 7),
        ("payment_method.expiring", 1),
        ("payment_method.expired", -1),
    ]
    with tenant(shop.id):
        event = Event.objects.filter(kind="payment_method.expiring").earliest("id")
        assert (event.object_id, event.subscriber_id) == (row.pk, ada.pk)
        assert event.data["last_day"] == "2026-03-31"
        assert event.data["object"]["last4"] == "4242"
        assert event.subscriber_sequence is not None
        assert event.created_at == on("2026-03-01").at


def test_after_an_outage_only_the_nearest_threshold_is_told(shop, clock):
    ada = enrol(shop, clock)
    shop.buy(ada, shop.offer("hifi", ("month", None, 12_99)))
    card(shop, ada, 3, 2026)

    assert look(shop, clock, "2026-02-20", "2026-03-28", "2026-03-29", "2026-05-09") == [0, 1, 0, 1]
    assert told(shop) == [("payment_method.expiring", 3), ("payment_method.expired", -39)]


def test_a_card_that_will_not_be_charged_is_nobody_s_worry(shop, clock):
    offer = shop.offer("hifi", ("month", None, 12_99))
    ada, bea, cleo = (enrol(shop, clock, name) for name in ("ada", "bea", "cleo"))
    for person in (ada, bea, cleo):
        shop.buy(person, offer)
        card(shop, person, 3, 2026)
    with tenant(shop.id):
        ids = {row.subscriber_id: row for row in Subscription.objects.all()}
    cancel.cancel_at_period_end(merchant_id=shop.id, subscription_id=ids[ada.pk].pk, actor=shop.actor)
    with tenant(shop.id):
        history.update(ids[bea.pk], {"collection": "manual"}, actor=shop.actor, now=shop.now(), verb="updated")

    look(shop, clock, "2026-03-01")

    with tenant(shop.id):
        whose = list(Event.objects.filter(kind="payment_method.expiring").values_list("subscriber_id", flat=True))
    assert whose == [cleo.pk]


def test_a_new_card_is_told_of_its_own_days_only(shop, clock):
    ada = enrol(shop, clock)
    shop.buy(ada, shop.offer("hifi", ("month", None, 12_99)))
    card(shop, ada, 3, 2026)
    look(shop, clock, "2026-03-01")
    card(shop, ada, 3, 2029)

    assert look(shop, clock, "2026-03-16", "2026-04-01", "2029-03-01") == [0, 0, 1]
    with tenant(shop.id):
        facts = sorted(Foreseen.objects.values_list("fact", flat=True))
    assert [fact.partition(":")[2].partition(":")[2] for fact in facts] == ["2026-03:30", "2029-03:30"]


def test_the_end_of_a_free_stage_is_told_with_the_first_charge(shop, clock):
    ada = enrol(shop, clock)
    bought = shop.buy(ada, shop.offer("hifi", ("month", 1, 0), ("month", None, 12_99)))
    with tenant(shop.id):
        row = Subscription.objects.get(id=bought.subscription_id)
        assert row.current_period_end == date(2026, 2, 1)

    assert look(shop, clock, "2026-01-28", "2026-01-29", "2026-01-30", "2026-02-01") == [0, 1, 0, 0]
    assert told(shop) == [("subscription.trial_ending", 3)]
    with tenant(shop.id):
        event = Event.objects.get(kind="subscription.trial_ending")
    assert event.data["ends_on"] == "2026-02-01"
    assert event.data["first_charge"] == {"on": "2026-02-01", "amount": 12_99, "currency": "EUR"}
    assert event.data["object"]["status"] == "trialing"


def test_what_is_planned_for_the_end_of_a_free_stage_is_counted_in(shop, clock):
    ada = enrol(shop, clock)
    bought = shop.buy(ada, shop.offer("hifi", ("month", 1, 0), ("month", None, 12_99)))
    three = asks.SetQuantity(quantity=3)
    schedule.schedule(merchant_id=shop.id, subscription_id=bought.subscription_id, ask=three, actor=shop.actor)

    assert look(shop, clock, "2026-01-29") == [1]
    with tenant(shop.id):
        event = Event.objects.get(kind="subscription.trial_ending")
    assert event.data["first_charge"] == {"on": "2026-02-01", "amount": 38_97, "currency": "EUR"}


def test_a_cancelled_free_stage_ends_and_charges_nothing(shop, clock):
    ada = enrol(shop, clock)
    bought = shop.buy(ada, shop.offer("hifi", ("month", 1, 0), ("month", None, 12_99)))
    cancel.cancel_at_period_end(merchant_id=shop.id, subscription_id=bought.subscription_id, actor=shop.actor)

    look(shop, clock, *[f"2026-01-{day:02}" for day in range(20, 32)])

    assert told(shop) == [("subscription.ending", 7)]


@pytest.mark.parametrize(
    "stages",
    [
        [("month", None, 0)],  # free for ever
        [("month", 1, 0), ("month", None, 0)],  # free, and then free
        [("month", 1, 5_00), ("month", None, 9_00)],  # a launch price is no trial
    ],
)
def test_no_charge_to_come_is_told_where_none_begins(shop, clock, stages):
    shop.buy(enrol(shop, clock), shop.offer("hifi", *stages))

    look(shop, clock, *[f"2026-01-{day:02}" for day in range(2, 32)])

    assert told(shop) == []


@pytest.mark.wrong_books  # a renewal that no run made
def test_a_fixed_term_s_end_is_told_a_week_before(shop, clock):
    shop.buy(enrol(shop, clock), shop.offer("pass", ("day", 30, 29_00)))
    with tenant(shop.id):
        row = Subscription.objects.get()
        # The run has brought it into its 24th day.
        period = {"current_period_start": date(2026, 1, 24), "current_period_end": date(2026, 1, 25)}
        history.update(row, {**period, "period_index": 24}, actor=shop.actor, now=shop.now(), verb="renewed")

    assert look(shop, clock, "2026-01-23", "2026-01-24", "2026-01-25") == [0, 1, 0]
    with tenant(shop.id):
        event = Event.objects.get(kind="subscription.ending")
    assert (event.data["ends_on"], event.data["why"], event.data["days_left"]) == ("2026-01-31", "term_reached", 7)


def test_an_end_that_was_confirmed_this_very_week_is_not_told_twice(shop, clock):
    bought = shop.buy(enrol(shop, clock), shop.offer("pass", ("week", None, 5_00)))
    cancel.cancel_at_period_end(merchant_id=shop.id, subscription_id=bought.subscription_id, actor=shop.actor)

    assert look(shop, clock, *[f"2026-01-{day:02}" for day in range(1, 10)]) == [0] * 9


def test_the_clock_s_subscribers_are_the_clock_s_alone(shop, clock):
    offer = shop.offer("hifi", ("month", None, 12_99))
    ada, real = enrol(shop, clock), shop.enrol("real")
    for person in (ada, real):
        shop.buy(person, offer)
        card(shop, person, 3, 2026)

    assert foresee.foresee(merchant_id=shop.id, now=on("2026-03-01")) == 1
    with tenant(shop.id):
        assert list(Event.objects.filter(kind="payment_method.expiring").values_list("subscriber_id", flat=True)) == [
            real.pk
        ]
    assert look(shop, clock, "2026-03-01") == [1]


def test_the_number_of_statements_does_not_depend_on_how_many(shop, clock):
    offer = shop.offer("hifi", ("month", 1, 0), ("month", None, 12_99))

    def statements(day, people):
        for name in people:
            person = enrol(shop, clock, name)
            shop.buy(person, offer)
            card(shop, person, 2, 2026)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            n = foresee.foresee(merchant_id=shop.id, now=on(day, clock.pk))
        return n, len(seen)

    few, of_few = statements("2026-01-29", ["a"])
    many, of_many = statements("2026-01-29", ["b", "c", "d", "e"])
    assert (few, many) == (2, 8)
    assert of_few == of_many


def test_next_at_names_each_midnight_on_which_something_is_told(shop, clock):
    ada = enrol(shop, clock)
    shop.buy(ada, shop.offer("hifi", ("month", 1, 0), ("month", None, 12_99)))
    card(shop, ada, 3, 2026)
    at, until, seen = on("2026-01-01").at, on("2026-06-01").at, []
    while True:
        with tenant(shop.id):
            following = foresee.next_at(clock_id=clock.pk, after=at, until=until)
        if following is None:
            break
        now = Now(at=following, zone=ZONE, test_clock=clock.pk)
        assert following == local_midnight(now.today, ZONE)
        seen.append((now.today.isoformat(), foresee.foresee(merchant_id=shop.id, now=now)))
        at = following

    assert seen == [
        ("2026-01-29", 1),  # the free month ends
        ("2026-03-01", 1),
        ("2026-03-16", 1),
        ("2026-03-24", 1),
        ("2026-03-30", 1),
        ("2026-04-01", 1),
    ]


def test_next_at_sees_tomorrow_what_came_into_sight_today(shop, clock):
    ada = enrol(shop, clock)
    shop.buy(ada, shop.offer("hifi", ("month", None, 12_99)))
    card(shop, ada, 1, 2026)  # 30 days are left on the first of January; the clock stands at ten o'clock
    with tenant(shop.id):
        at = datetime(2026, 1, 5, 9, tzinfo=UTC)
        assert foresee.next_at(clock_id=clock.pk, after=at, until=at) is None
        assert foresee.next_at(clock_id=clock.pk, after=at, until=at + timedelta(days=9)) == local_midnight(
            date(2026, 1, 6), ZONE
        )


@pytest.mark.everybody
def test_real_time_is_gone_through_once_in_each_local_day(shop, another_shop, monkeypatch):
    offer = shop.offer("hifi", ("month", None, 12_99))
    ada = shop.enrol("ada")
    shop.buy(ada, offer)
    today = shop.now().today
    card(shop, ada, today.month, today.year)
    calls = []
    whole = foresee.foresee

    def counted(**named):
        calls.append(named["merchant_id"])
        return whole(**named)

    monkeypatch.setattr(foresee, "foresee", counted)
    mine = {shop.id, another_shop.id}

    runs.foresee_due()
    assert {one for one in calls if one in mine} == mine
    assert len(told(shop, "payment_method.expiring")) == 1
    assert told(another_shop) == []
    calls.clear()
    runs.foresee_due()
    assert not mine & set(calls)

    tomorrow = instant() + timedelta(days=1)
    monkeypatch.setattr("merchants.selectors.clocks.instant", lambda: tomorrow)
    runs.foresee_due()
    assert {one for one in calls if one in mine} == mine
