"""Runs beside each other, beside purchases and cancellations: each period once, whoever comes first.

Each race has a negative control: the same two acts done the naive way collide, which proves that the race is real.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import timedelta

import pytest

from billing import runs
from billing.engine.lives import live
from billing.engine.wishes import paid_until
from billing.flows import cancel, collect
from billing.models import BillingRun
from billing.selectors.due import due
from billing.selectors.snapshots import snapshots
from invoices.models import Invoice, InvoiceLine, Payment
from merchants.models import Event, Merchant
from merchants.refusals import Conflict
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Subscriber, Subscription
from tests.crowds import bill, crowd, take
from tests.races.barrier import together
from tests.worlds import TESTER

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def hifi(shop):
    return shop.offer("hifi", ("month", None, 10_00))


def billed(shop):
    """How often each period of each subscription stands on a document."""
    with tenant(shop.id):
        rows = InvoiceLine.objects.filter(kind="stage").values_list("subscription_id", "period_start")
        return Counter(rows)


def gapless(shop):
    with tenant(shop.id):
        numbers = list(Invoice.objects.order_by("sequence").values_list("sequence", flat=True))
    return numbers == list(range(1, len(numbers) + 1))


def drafted(shop):
    """The control: what someone would write who reads what is due and locks nothing."""
    with tenant(shop.id):
        merchant = Merchant.objects.get(id=shop.id)
        rows = list(Subscription.objects.filter(due(shop.now())).order_by("id"))
        pictures = snapshots(rows, merchant)
        taken = [one for row in rows for one in live(pictures[row.pk], shop.now().today, at=shop.now().at)]
        return [line.fact for one in taken for draft in one.drafts for line in draft.lines]


@pytest.mark.parametrize("beats", [2, 5])
def test_beats_at_once_bill_each_period_once(shop, beats):
    crowd(shop, [hifi(shop)], 40, days_ago=34)
    found = together(*[lambda: runs.bill(shop.id)] * beats)
    assert all(one is None or isinstance(one, BillingRun) for one in found), found
    runs.bill(shop.id)  # what one of them held while the other looked comes with the next nudge

    assert set(billed(shop).values()) == {1}
    assert len(billed(shop)) == 80
    assert gapless(shop)
    with tenant(shop.id):
        assert not Subscription.objects.filter(due(shop.now())).exists()
        assert BillingRun.objects.filter(status="running").count() == 0
        made = BillingRun.objects.filter(kind="beat")
        assert sum(run.taken for run in made) == sum(run.invoices for run in made) == 40
        assert Change.objects.filter(verb="renewed").count() == 40
        assert Event.objects.filter(kind="subscription.renewed").count() == 40


def test_two_who_lock_nothing_would_bill_the_same(shop):
    crowd(shop, [hifi(shop)], 8, days_ago=34)
    both_have_read = threading.Barrier(2)

    def naive():
        facts = drafted(shop)
        both_have_read.wait(20)
        return facts

    one, other = together(naive, naive)
    assert one == other
    assert len(one) == 8


def test_run_against_run_in_small_batches(shop):
    """A run by hand joins the one that beat began: one run, its counters those of both."""
    crowd(shop, [hifi(shop)], 40, days_ago=66)
    now = shop.now()
    together(*[lambda: bill(shop, now, 3), lambda: runs.bill(shop.id), lambda: bill(shop, now, 7)])
    bill(shop, now)
    assert set(billed(shop).values()) == {1}
    assert len(billed(shop)) == 120
    assert gapless(shop)
    with tenant(shop.id):
        later = BillingRun.objects.filter(started_at__gt=now.at - timedelta(days=1))
        assert sum(run.invoices for run in later) == 80
        assert sum(run.totals.get("EUR", 0) for run in later) == 80 * 10_00


def test_collecting_twice_at_once_charges_each_invoice_once(shop):
    crowd(shop, [hifi(shop)], 24, days_ago=34)
    bill(shop, shop.now())
    with tenant(shop.id):
        ids = list(Invoice.objects.filter(status="open").values_list("id", flat=True))
    act = {"merchant_id": shop.id, "invoice_ids": ids, "now": shop.now(), "actor": TESTER, "at_once": 2}
    found = together(*[lambda: collect.collect(**act)] * 3)
    assert sum(len(one.payments) for one in found) == 24
    with tenant(shop.id):
        per_invoice = Counter(Payment.objects.filter(status="succeeded").values_list("invoice_id", flat=True))
        assert set(per_invoice.values()) == {1} and len(per_invoice) == 48
        assert not Invoice.objects.exclude(status="paid").exists()


def test_two_who_claim_nothing_would_charge_the_same(shop):
    crowd(shop, [hifi(shop)], 4, days_ago=34)
    bill(shop, shop.now())
    both_have_read = threading.Barrier(2)

    def naive():
        with tenant(shop.id):
            wanted = list(Invoice.objects.filter(collect_at__isnull=False).order_by("id").values_list("id", flat=True))
        both_have_read.wait(20)
        return wanted

    one, other = together(naive, naive)
    assert one == other and len(one) == 4


def test_run_against_purchases_of_the_same_payers(shop):
    rows = crowd(shop, [hifi(shop)], 12, days_ago=34)
    news = shop.offer("news", ("month", None, 5_00))
    with tenant(shop.id):
        people = list(Subscriber.objects.select_related("payer").filter(id__in=[row.payer_id for row in rows]))
    sessions = [shop.checkout(person, news) for person in people]
    for session in sessions:
        shop.press(session)

    acts = [lambda one=session: shop.look(one) for session in sessions]
    found = together(lambda: bill(shop, shop.now(), 4), lambda: runs.bill(shop.id), *acts)
    assert [one.status for one in found[2:]] == ["complete"] * 12, found
    bill(shop, shop.now())
    take(shop, shop.now())

    assert set(billed(shop).values()) == {1}
    assert len(billed(shop)) == 36
    assert gapless(shop)
    with tenant(shop.id):
        assert Invoice.objects.filter(status="paid").count() == 36
        for person in people:
            places = Event.objects.filter(subscriber_id=person.pk).order_by("subscriber_sequence")
            assert [event.subscriber_sequence for event in places] == list(range(1, len(places) + 1))


def test_two_who_count_without_a_lock_give_the_same_place_in_a_life(shop):
    (row,) = crowd(shop, [hifi(shop)], 1, days_ago=34)
    both_have_read = threading.Barrier(2)

    def naive():
        with tenant(shop.id):
            last = Event.objects.filter(subscriber_id=row.payer_id).order_by("-subscriber_sequence").first()
            both_have_read.wait(20)
            return last.subscriber_sequence + 1

    one, other = together(naive, naive)
    assert one == other


def test_run_against_cancel(shop):
    """Either the end came first, and the next period was never billed; or the period, and it is the one that ends."""
    rows = crowd(shop, [hifi(shop)], 24, days_ago=34)
    boundary = rows[0].start_on  # all began on one day

    def leave(n, row):
        time.sleep(n * 0.2)  # some before the run has them, some after
        return cancel.cancel_at_period_end(merchant_id=shop.id, subscription_id=row.pk, actor=TESTER)

    acts = [lambda n=n, row=row: leave(n, row) for n, row in enumerate(rows)]
    found = together(lambda: bill(shop, shop.now(), 2), *acts)
    assert all(isinstance(one, Subscription | Conflict) for one in found[1:]), found
    bill(shop, shop.now())

    times = billed(shop)
    with tenant(shop.id):
        after = {row.pk: row for row in Subscription.objects.all()}
    endings = Counter()
    for row in rows:
        now, periods = after[row.pk], [start for (sub, start) in times if sub == row.pk]
        assert now.service_ends_on == now.billing_ends_on
        assert now.service_ends_on is not None
        if now.status == "ended":
            assert periods == [boundary] and now.service_ends_on == now.current_period_end
        else:
            assert len(periods) == 2 and now.service_ends_on == now.current_period_end > shop.now().today
        endings[now.status] += 1
    assert set(times.values()) == {1}
    print(f"\ncancel first: {endings['ended']}, run first: {endings['active']}")


def test_who_reads_before_the_run_and_writes_after_it_would_end_the_wrong_period(shop):
    (row,) = crowd(shop, [hifi(shop)], 1, days_ago=34)
    has_read, has_run = threading.Event(), threading.Event()

    def naive():
        with tenant(shop.id):
            known = Subscription.objects.get(id=row.pk)
            picture = snapshots([known], shop.merchant)[known.pk]
        has_read.set()
        has_run.wait(20)
        return paid_until(picture)

    def run():
        has_read.wait(20)
        bill(shop, shop.now())
        has_run.set()

    ends_on, _ = together(naive, run)
    with tenant(shop.id):
        now = Subscription.objects.get(id=row.pk)
    assert ends_on == now.current_period_start  # a day that is paid already: it would lose the month it just paid


def test_a_late_morning_is_not_a_second_run(shop):
    """Beats of one day: the second finds nothing, and begins no run."""
    crowd(shop, [hifi(shop)], 3, days_ago=34)
    assert runs.bill(shop.id).taken == 3
    assert together(*[lambda: runs.bill(shop.id)] * 3) == [None] * 3
    with tenant(shop.id):
        assert BillingRun.objects.filter(kind="beat").count() == 1
