"""Lives on test clocks: a year in a second, each thing at its instant and in order, as in real time."""

from __future__ import annotations

from datetime import date
from textwrap import dedent

import pytest

from billing.flows import running
from billing.models import BillingRun, CheckoutSession
from invoices.models import Invoice, LedgerEntry, NumberSeries, Payment
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.stories.on_clocks import ada_on, advance, clock_at, fresh, statement, told
from tests.worlds import utc

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nudged")]


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
