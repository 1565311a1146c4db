"""Lives on test clocks: a year in a second, each thing at its instant and in order, as in real time."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from textwrap import dedent

import pytest

from billing import runs, tasks
from billing.flows import clock_work, clocks, collect, running
from billing.flows.clocks import nudge
from billing.models import BillingRun, CheckoutSession
from invoices.models import Invoice, LedgerEntry, NumberSeries, Payment
from merchants.clock import instant
from merchants.models import Event
from merchants.models import TestClock as Clock
from merchants.now import Now
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Subscriber, Subscription
from subscribers.services import enrolment
from tests.races.barrier import together
from tests.worlds import utc

pytestmark = pytest.mark.django_db(transaction=True)
BEGINS = "2027-01-31T09:00"


@pytest.fixture(autouse=True)
def nudged(monkeypatch):
    """No worker runs by itself; the clocks that one was asked to carry on."""
    asked: list[str] = []
    monkeypatch.setattr(clocks, "nudge", lambda merchant_id, clock_id: asked.append(str(clock_id)))
    return asked


@pytest.fixture
def hifi(shop):
    return shop.offer("Onde Hifi", ("month", None, 12_99))


def clock_at(shop, text=BEGINS) -> Clock:
    with tenant(shop.id):
        return Clock.objects.create(time=utc(text), created_at=instant())


def ada_on(shop, clock, reference="ada") -> Subscriber:
    now = Now(at=clock.time, zone="Europe/Paris", test_clock=clock.pk)
    known = {"name": "Ada", "reference": reference, "email": "ada@courriel.example"}
    with tenant(shop.id):
        return enrolment.enrol(known, merchant=shop.merchant, actor=shop.actor, now=now, test_clock_id=clock.pk)


def advance(shop, clock, to) -> Clock:
    """Ask, and be the worker."""
    clocks.advance(merchant_id=shop.id, clock_id=clock.pk, to=utc(to), actor=shop.actor)
    clock_work.carry_on(merchant_id=shop.id, clock_id=clock.pk, patience=120)
    return fresh(shop, clock)


def fresh(shop, clock) -> Clock:
    with tenant(shop.id):
        return Clock.objects.get(id=clock.pk)


def statement(shop) -> str:
    """Number, date, period, sum, how it stands, and by when it was paid."""
    with tenant(shop.id):
        return "".join(
            f"{row.number}  {row.issued_on}  {row.period_start:%m-%d}..{row.period_end:%m-%d}  {row.gross / 100:6.2f}"
            f"  {row.status}  {row.paid_at:%Y-%m-%d %H:%M}\n"
            if row.paid_at
            else f"{row.number}  {row.issued_on}  {row.period_start:%m-%d}..{row.period_end:%m-%d}"
            f"  {row.gross / 100:6.2f}  {row.status}\n"
            for row in Invoice.objects.order_by("id")
        )


def told(shop, *kinds) -> list[tuple[str, str]]:
    """When, and what: the events of lives, in the order in which they were written."""
    with tenant(shop.id):
        rows = Event.objects.filter(subscriber_id__isnull=False).order_by("id")
        rows = rows.filter(kind__in=kinds) if kinds else rows
        return [(f"{row.created_at:%Y-%m-%d %H:%M}", row.kind) for row in rows]


def test_thirteen_months_of_one_life(shop, hifi):
    clock = clock_at(shop)
    shop.buy(ada_on(shop, clock), hifi)
    there = advance(shop, clock, "2028-02-29T09:00")

    assert (there.status, there.time, there.target, there.error) == ("ready", utc("2028-02-29T09:00"), None, "")
    assert there.held_by is None and there.held_until is None
    assert statement(shop) == dedent("""\
        T2027-000001  2027-01-31  01-31..02-28   12.99  paid  2027-01-31 09:00
        T2027-000002  2027-02-28  02-28..03-31   12.99  paid  2027-02-27 23:00
        T2027-000003  2027-03-31  03-31..04-30   12.99  paid  2027-03-30 22:00
        T2027-000004  2027-04-30  04-30..05-31   12.99  paid  2027-04-29 22:00
        T2027-000005  2027-05-31  05-31..06-30   12.99  paid  2027-05-30 22:00
        T2027-000006  2027-06-30  06-30..07-31   12.99  paid  2027-06-29 22:00
        T2027-000007  2027-07-31  07-31..08-31   12.99  paid  2027-07-30 22:00
        T2027-000008  2027-08-31  08-31..09-30   12.99  paid  2027-08-30 22:00
        T2027-000009  2027-09-30  09-30..10-31   12.99  paid  2027-09-29 22:00
        T2027-000010  2027-10-31  10-31..11-30   12.99  paid  2027-10-30 22:00
        T2027-000011  2027-11-30  11-30..12-31   12.99  paid  2027-11-29 23:00
        T2027-000012  2027-12-31  12-31..01-31   12.99  paid  2027-12-30 23:00
        T2028-000013  2028-01-31  01-31..02-29   12.99  paid  2028-01-30 23:00
        T2028-000014  2028-02-29  02-29..03-31   12.99  paid  2028-02-28 23:00
        """)
    with tenant(shop.id):
        row = Subscription.objects.get()
        assert (row.status, row.payment_state, row.access, row.current_period_end) == (
            "active",
            "ok",
            "full",
            date(2028, 3, 31),
        )
        assert row.next_action_at == utc("2028-03-30T22:00")
        assert (
            sorted(Payment.objects.values_list("status", "automatic"))
            == [("succeeded", False)] + [("succeeded", True)] * 13
        )
        runs = BillingRun.objects.order_by("id")
        assert {(run.kind, run.status, run.test_clock_id, run.invoices) for run in runs} == {
            ("clock", "done", clock.pk, 13)
        }
        assert len(runs) == 1  # one advance, one run
        assert (runs[0].expected, runs[0].taken, runs[0].totals) == (13, 13, {"EUR": 13 * 12_99})
        assert sum(LedgerEntry.objects.filter(account="receivable").values_list("amount", flat=True)) == 0
        assert not NumberSeries.objects.filter(test_clock=None).exists()  # real series were never touched


def test_each_renewal_is_told_billed_and_charged_in_order(shop, hifi):
    clock = clock_at(shop)
    shop.buy(ada_on(shop, clock), hifi)
    begun = len(told(shop))
    advance(shop, clock, "2027-03-31T09:00")
    assert [kind for _, kind in told(shop)[begun:]] == [
        "invoice.finalized",
        "subscription.renewed",
        "payment.succeeded",
        "invoice.paid",
    ] * 2
    assert [at for at, _ in told(shop)[begun:]] == ["2027-02-27 23:00"] * 4 + ["2027-03-30 22:00"] * 4


def test_what_is_due_at_the_target_is_done_and_what_comes_after_is_not(shop, hifi):
    clock = clock_at(shop)
    shop.buy(ada_on(shop, clock), hifi)
    advance(shop, clock, "2027-02-27T22:59")
    assert statement(shop).count("\n") == 1
    advance(shop, clock, "2027-02-27T23:00")
    assert statement(shop).count("\n") == 2
    assert "open" not in statement(shop)


def test_a_debit_takes_five_days_of_the_clock(shop, hifi):
    clock = clock_at(shop, "2027-05-03T09:00")
    session = shop.checkout(ada_on(shop, clock), hifi)
    shop.press(session, "pm_sepa_debitSucceeds")
    assert shop.look(session).status == "complete"
    advance(shop, clock, "2027-05-08T08:59")
    with tenant(shop.id):
        assert Payment.objects.get().status == "processing"
        assert Subscription.objects.get().payment_state == "processing"
    advance(shop, clock, "2027-06-08T12:00")
    assert statement(shop) == dedent("""\
        T2027-000001  2027-05-03  05-03..06-03   12.99  paid  2027-05-08 09:00
        T2027-000002  2027-06-03  06-03..07-03   12.99  paid  2027-06-07 22:00
        """)
    with tenant(shop.id):
        assert [(p.created_at, p.settled_at) for p in Payment.objects.order_by("id")] == [
            (utc("2027-05-03T09:00"), utc("2027-05-08T09:00")),
            (utc("2027-06-02T22:00"), utc("2027-06-07T22:00")),
        ]


def test_a_purchase_left_open_lapses_by_the_clock(shop, hifi):
    clock = clock_at(shop)
    session = shop.checkout(ada_on(shop, clock), hifi)
    shop.press(session, "pm_card_chargeDeclined")
    advance(shop, clock, "2027-02-01T07:59")
    with tenant(shop.id):
        assert CheckoutSession.objects.get().status == "open"
    advance(shop, clock, "2027-02-01T08:00")
    with tenant(shop.id):
        assert CheckoutSession.objects.get().status == "expired"
        row = Subscription.objects.get()
        assert (row.status, row.end_reason, row.ended_at) == ("ended", "not_paid", utc("2027-02-01T08:00"))
        assert not Invoice.objects.exists()


def test_a_page_paid_before_the_clock_moves_counts_from_then(shop, hifi):
    clock = clock_at(shop)
    session = shop.checkout(ada_on(shop, clock), hifi)
    shop.press(session)  # paid at the provider; nobody has come back
    advance(shop, clock, "2027-02-28T09:00")
    assert statement(shop) == dedent("""\
        T2027-000001  2027-01-31  01-31..02-28   12.99  paid  2027-01-31 09:00
        T2027-000002  2027-02-28  02-28..03-31   12.99  paid  2027-02-27 23:00
        """)


def test_a_card_that_fails_later_is_followed_up_by_the_clock(shop, hifi):
    clock = clock_at(shop)
    session = shop.checkout(ada_on(shop, clock), hifi)
    shop.press(session, "pm_card_declinedLater")
    assert shop.look(session).status == "complete"
    advance(shop, clock, "2027-04-15T09:00")
    followed = told(shop, "invoice.payment_failed", "dunning.started", "dunning.step_taken", "invoice.overdue")
    assert followed[0][0] == "2027-02-27 23:00"
    assert [at for at, _ in followed] == sorted(at for at, _ in followed)
    assert ("2027-02-27 23:00", "dunning.started") in followed
    assert [kind for _, kind in followed].count("dunning.step_taken") >= 3
    assert "2027-02-28  02-28..03-31   12.99  open" in statement(shop)


def test_two_subscribers_are_brought_on_in_the_order_of_their_days(shop, hifi):
    clock = clock_at(shop, "2027-05-10T09:00")
    shop.buy(ada_on(shop, clock), hifi)
    advance(shop, clock, "2027-05-20T09:00")
    shop.buy(ada_on(shop, fresh(shop, clock), "bob"), hifi)
    advance(shop, clock, "2027-07-15T09:00")
    with tenant(shop.id):
        days = list(Invoice.objects.order_by("sequence").values_list("issued_on", "payer__reference"))
    assert days == [
        (date(2027, 5, 10), "ada"),
        (date(2027, 5, 20), "bob"),
        (date(2027, 6, 10), "ada"),
        (date(2027, 6, 20), "bob"),
        (date(2027, 7, 10), "ada"),
    ]


def test_clocks_and_real_time_leave_each_other_alone(shop, hifi):
    first, second = clock_at(shop), clock_at(shop)
    shop.buy(ada_on(shop, first), hifi)
    shop.buy(ada_on(shop, second, "bob"), hifi)
    shop.buy(shop.enrol("real"), hifi)
    advance(shop, first, "2027-03-01T09:00")
    with tenant(shop.id):
        made = list(Invoice.objects.order_by("id").values_list("payer__reference", "number"))
    assert [who for who, _ in made] == ["ada", "bob", "real", "ada"]
    assert made[3][1] == "T2027-000002"  # the other clock has its own series
    assert (
        running.run_merchant(merchant_id=shop.id, now=shop.now(), kind=BillingRun.Kind.BEAT, actor=shop.actor) is None
    )


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


def test_a_released_clock_s_subscribers_live_in_real_time(shop, hifi):
    clock = clock_at(shop, f"{instant() - timedelta(days=70):%Y-%m-%dT%H:%M}")
    ada = ada_on(shop, clock)
    shop.buy(ada, hifi)
    almost = instant() - timedelta(hours=5)
    advance(shop, clock, f"{almost:%Y-%m-%dT%H:%M}")
    clocks.release(merchant_id=shop.id, clock_id=clock.pk, actor=shop.actor)
    clock_work.carry_on(merchant_id=shop.id, clock_id=clock.pk)

    done = fresh(shop, clock)
    assert done.status == "released" and instant() - done.time < timedelta(minutes=2)
    with tenant(shop.id):
        person, row = Subscriber.objects.get(), Subscription.objects.get()
        assert (person.test_clock_id, row.test_clock_id) == (None, None)
        issued = Invoice.objects.count()
        assert issued == 3 and not Invoice.objects.exclude(test_clock=clock).exists()
        written = Change.objects.filter(verb="released").order_by("subject_kind")
        assert [(each.subject_kind, each.before, each.after) for each in written] == [
            (kind, {"test_clock_id": str(clock.pk)}, {"test_clock_id": None}) for kind in ("subscriber", "subscription")
        ]
    assert row.next_action_at is not None
    assert shop.id in [each.id for each in across_tenants("merchants_to_bill", row.next_action_at, instant(), 100_000)]
    now = Now(at=row.next_action_at, zone="Europe/Paris")
    running.run_merchant(merchant_id=shop.id, now=now, kind=BillingRun.Kind.BEAT, actor=shop.actor)
    with tenant(shop.id):
        newest = Invoice.objects.latest("id")
        assert Invoice.objects.count() == 4
        assert newest.test_clock_id is None and not newest.number.startswith("T") and newest.number.endswith("-000001")


def test_debits_on_their_way_at_release_settle_in_real_time(shop, hifi):
    clock = clock_at(shop, f"{instant() - timedelta(hours=5):%Y-%m-%dT%H:%M}")
    session = shop.checkout(ada_on(shop, clock), hifi)
    shop.press(session, "pm_sepa_debitSucceeds")
    shop.look(session)
    clocks.release(merchant_id=shop.id, clock_id=clock.pk, actor=shop.actor)
    clock_work.carry_on(merchant_id=shop.id, clock_id=clock.pk)
    with tenant(shop.id):
        flying = Payment.objects.get()
    assert (fresh(shop, clock).status, flying.status) == ("released", "processing")
    assert flying.next_look_at is not None
    looked_at = [each.id for each in across_tenants("unsettled_payments", flying.next_look_at, 100_000)]
    assert flying.pk in looked_at


def test_an_invoice_left_to_collect_at_release_is_collected_in_real_time(shop, hifi, monkeypatch):
    clock = clock_at(shop, f"{instant() - timedelta(days=40):%Y-%m-%dT%H:%M}")
    shop.buy(ada_on(shop, clock), hifi)
    with monkeypatch.context() as lame:
        lame.setattr(collect, "collect", lambda **asked: None)
        advance(shop, clock, f"{instant() - timedelta(hours=5):%Y-%m-%dT%H:%M}")
        with tenant(shop.id):
            invoice = Invoice.objects.latest("id")
        assert (invoice.status, shop.id in runs.merchants_to_collect()) == ("open", False)
        clocks.release(merchant_id=shop.id, clock_id=clock.pk, actor=shop.actor)
        clock_work.carry_on(merchant_id=shop.id, clock_id=clock.pk)
    assert fresh(shop, clock).status == "released"
    assert shop.id in runs.merchants_to_collect()
    assert runs.collect_of(shop.id) == {"succeeded": 1}
    with tenant(shop.id):
        invoice.refresh_from_db()
    assert (invoice.status, invoice.test_clock_id) == ("paid", clock.pk)
    assert invoice.paid_at is not None and instant() - invoice.paid_at < timedelta(minutes=1)


def test_answers_that_are_lost_are_asked_for_by_the_clock(shop, hifi):
    clock = clock_at(shop)
    session = shop.checkout(ada_on(shop, clock), hifi)
    shop.press(session, "pm_card_answerLostAfter")
    assert shop.look(session).status == "complete"
    advance(shop, clock, "2027-03-15T09:00")
    assert statement(shop) == dedent("""\
        T2027-000001  2027-01-31  01-31..02-28   12.99  paid  2027-01-31 09:00
        T2027-000002  2027-02-28  02-28..03-31   12.99  paid  2027-02-27 23:15
        """)


def test_asks_that_are_always_lost_end_as_a_failure_and_never_keep_the_clock(shop, hifi):
    clock = clock_at(shop)
    session = shop.checkout(ada_on(shop, clock), hifi)
    shop.press(session, "pm_card_answerLostBefore")
    assert shop.look(session).status == "complete"
    there = advance(shop, clock, "2027-03-15T09:00")
    assert (there.status, there.time, there.error) == ("ready", utc("2027-03-15T09:00"), "")
    with tenant(shop.id):
        tried = list(Payment.objects.filter(automatic=True).order_by("id").values_list("created_at", flat=True))
    assert [f"{at:%m-%d %H:%M}" for at in tried[:4]] == ["02-27 23:00", "02-27 23:15", "02-27 23:50", "02-28 00:45"]
    assert 12 < len(tried) < 30  # later and later, once a day at last
