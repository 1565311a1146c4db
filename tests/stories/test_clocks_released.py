"""Clocks released to real time, and answers that are lost on their way there."""

from __future__ import annotations

from datetime import timedelta
from textwrap import dedent

import pytest

from billing import runs
from billing.flows import clock_work, clocks, collect, running
from billing.models import BillingRun
from invoices.models import Invoice, Payment
from merchants.clock import instant
from merchants.now import Now
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Subscriber, Subscription
from tests.stories.on_clocks import ada_on, advance, clock_at, fresh, statement
from tests.worlds import utc

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nudged")]


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
