"""Who carries a clock on: workers that die, that fault, that take turns, and two at once."""

from __future__ import annotations

import logging
from datetime import timedelta
from textwrap import dedent

import pytest

from billing import tasks
from billing.flows import clock_work, clocks, collect
from billing.flows.clocks import nudge
from billing.models import BillingRun
from invoices.models import Invoice, Payment
from merchants.clock import instant
from merchants.models import TestClock as Clock
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant
from tests.races.barrier import together
from tests.stories.on_clocks import ada_on, advance, clock_at, fresh, statement
from tests.worlds import utc

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nudged")]


def test_a_worker_that_dies_is_followed_by_another_that_goes_on(shop, hifi, monkeypatch):
    clock = clock_at(shop)
    shop.buy(ada_on(shop, clock), hifi)
    clocks.advance(merchant_id=shop.id, clock_id=clock.pk, to=utc("2027-06-15T09:00"), actor=shop.actor)
    real, calls = collect.collect, []

    def dies(**asked):
        calls.append(asked["now"].at)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(**asked)

    monkeypatch.setattr(collect, "collect", dies)
    with pytest.raises(KeyboardInterrupt):
        clock_work.carry_on(merchant_id=shop.id, clock_id=clock.pk)
    died = fresh(shop, clock)
    assert (died.status, died.time, died.held_by is not None) == ("advancing", utc("2027-03-30T22:00"), True)
    assert "T2027-000003  2027-03-31  03-31..04-30   12.99  open" in statement(shop)

    clock_work.carry_on(merchant_id=shop.id, clock_id=clock.pk)
    assert fresh(shop, clock).time == died.time  # the dead worker's hold still stands
    with tenant(shop.id):
        Clock.objects.filter(id=clock.pk).update(held_until=instant() - timedelta(seconds=1))
    assert [found.id for found in across_tenants("advancing_clocks", 1000) if found.id == clock.pk] == [clock.pk]
    clock_work.carry_on(merchant_id=shop.id, clock_id=clock.pk)
    assert fresh(shop, clock).status == "ready"
    assert statement(shop) == dedent("""\
        T2027-000001  2027-01-31  01-31..02-28   12.99  paid  2027-01-31 09:00
        T2027-000002  2027-02-28  02-28..03-31   12.99  paid  2027-02-27 23:00
        T2027-000003  2027-03-31  03-31..04-30   12.99  paid  2027-03-30 22:00
        T2027-000004  2027-04-30  04-30..05-31   12.99  paid  2027-04-29 22:00
        T2027-000005  2027-05-31  05-31..06-30   12.99  paid  2027-05-30 22:00
        """)
    with tenant(shop.id):
        assert Payment.objects.count() == 5


def test_a_worker_that_died_between_claim_and_charge_costs_a_quarter_of_an_hour(shop, hifi, monkeypatch):
    clock = clock_at(shop)
    shop.buy(ada_on(shop, clock), hifi)
    clocks.advance(merchant_id=shop.id, clock_id=clock.pk, to=utc("2027-03-15T09:00"), actor=shop.actor)

    def dies(*asked):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(collect, "_charge", dies)
        with pytest.raises(KeyboardInterrupt):
            clock_work.carry_on(merchant_id=shop.id, clock_id=clock.pk)
    with tenant(shop.id):
        assert Payment.objects.latest("id").status == "pending"
        Payment.objects.filter(status="pending").update(asked_at=instant() - timedelta(minutes=2))
        Clock.objects.filter(id=clock.pk).update(held_until=instant() - timedelta(seconds=1))
    clock_work.carry_on(merchant_id=shop.id, clock_id=clock.pk)
    assert statement(shop) == dedent("""\
        T2027-000001  2027-01-31  01-31..02-28   12.99  paid  2027-01-31 09:00
        T2027-000002  2027-02-28  02-28..03-31   12.99  paid  2027-02-27 23:15
        """)
    with tenant(shop.id):
        assert list(Payment.objects.order_by("id").values_list("status", "captured")) == [
            ("succeeded", 12_99),
            ("failed", 0),
            ("succeeded", 12_99),
        ]


def test_what_goes_wrong_stops_the_clock_where_it_stands_and_is_said(shop, hifi, monkeypatch, caplog):
    clock = clock_at(shop)
    shop.buy(ada_on(shop, clock), hifi)

    def breaks(**asked):
        raise ValueError("the bank has burnt down\nand more")

    with monkeypatch.context() as broken, caplog.at_level(logging.CRITICAL, "billing.flows.clock_work"):
        broken.setattr(collect, "collect", breaks)
        stopped = advance(shop, clock, "2027-06-15T09:00")
    assert (stopped.status, stopped.time, stopped.target) == ("ready", utc("2027-02-27T23:00"), None)
    assert stopped.error == "ValueError: the bank has burnt down"
    again = advance(shop, clock, "2027-03-15T09:00")
    assert (again.status, again.error) == ("ready", "")
    assert statement(shop).count("paid") == 2


def test_a_worker_lets_others_have_their_turn(shop, hifi, nudged):
    clock = clock_at(shop)
    shop.buy(ada_on(shop, clock), hifi)
    clocks.advance(merchant_id=shop.id, clock_id=clock.pk, to=utc("2027-06-15T09:00"), actor=shop.actor)
    turns = 1
    while clock_work.carry_on(merchant_id=shop.id, clock_id=clock.pk, patience=0):
        turns += 1
        assert turns < 50
    assert turns == 9  # four renewals, four charges, and the arrival
    assert nudged == [str(clock.pk)] * 9  # the wish, and after each turn but the last
    assert statement(shop).count("paid") == 5


def test_the_worker_that_is_nudged_carries_the_clock_on(shop, hifi, monkeypatch):
    clock = clock_at(shop)
    shop.buy(ada_on(shop, clock), hifi)
    clocks.advance(merchant_id=shop.id, clock_id=clock.pk, to=utc("2027-02-28T09:00"), actor=shop.actor)
    sent = []
    monkeypatch.setattr(clocks.current_app, "send_task", lambda name, **options: sent.append((name, options)))
    nudge(shop.id, clock.pk)
    [(name, options)] = sent
    assert (name, options["queue"]) == (tasks.carry_clock_on.name, "money")
    monkeypatch.setattr(tasks.carry_clock_on, "apply_async", lambda args, **_: tasks.carry_clock_on(*args))
    tasks.carry_clocks_on()  # beat: the first nudge was lost
    assert fresh(shop, clock).status == "ready"
    assert statement(shop).count("paid") == 2
    tasks.carry_clock_on(*options["args"])  # it comes late, and changes nothing
    assert statement(shop).count("paid") == 2


def test_two_workers_at_once_do_it_once(shop, hifi):
    clock = clock_at(shop)
    for number in range(3):
        shop.buy(ada_on(shop, clock, f"ada{number}"), hifi)
    clocks.advance(merchant_id=shop.id, clock_id=clock.pk, to=utc("2027-05-15T09:00"), actor=shop.actor)
    found = together(*[lambda: clock_work.carry_on(merchant_id=shop.id, clock_id=clock.pk)] * 3)
    assert found == [False] * 3
    assert fresh(shop, clock).status == "ready"
    with tenant(shop.id):
        assert Invoice.objects.count() == Payment.objects.filter(status="succeeded").count() == 3 * 4
        assert list(BillingRun.objects.values_list("status", "invoices")) == [("done", 9)]
        numbers = list(Invoice.objects.order_by("sequence").values_list("sequence", flat=True))
    assert numbers == list(range(1, 13))


def test_even_two_workers_that_both_think_they_hold_it_bill_and_charge_once(shop, hifi, monkeypatch):
    """The negative control of the hold: without it the flows' own locks keep everything single."""
    clock = clock_at(shop)
    for number in range(3):
        shop.buy(ada_on(shop, clock, f"ada{number}"), hifi)
    clocks.advance(merchant_id=shop.id, clock_id=clock.pk, to=utc("2027-05-15T09:00"), actor=shop.actor)
    hands = []

    def hold(clock, held):
        hands.append(held.hand)

    def mine(held):
        found = Clock.objects.select_for_update(no_key=True).get(id=held.clock_id)
        if found.status != "advancing":
            raise clock_work.Lost
        return found

    monkeypatch.setattr(clock_work, "_hold", hold)
    monkeypatch.setattr(clock_work, "_mine", mine)
    together(*[lambda: clock_work.carry_on(merchant_id=shop.id, clock_id=clock.pk)] * 2)
    assert len(set(hands)) == 2  # the race was on
    with tenant(shop.id):
        assert fresh(shop, clock).error == ""
        assert Invoice.objects.count() == 3 * 4
        assert Payment.objects.filter(status="succeeded").count() == 3 * 4
