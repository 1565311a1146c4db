"""`manage.py run_billing`, and which merchants are nudged."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from billing import runs
from billing.models import BillingRun
from invoices.models import Invoice, Payment
from merchants.clock import instant
from merchants.ids import new_id, show
from merchants.models import TaxRate
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def later(monkeypatch):
    """Called with days: so much later for everybody's business time."""

    def go(days=40):
        monkeypatch.setattr("merchants.selectors.clocks.instant", lambda: instant() + timedelta(days=days))
        monkeypatch.setattr("billing.runs.instant", lambda: instant() + timedelta(days=days))

    return go


def say(shop, *arguments):
    out = StringIO()
    call_command("run_billing", "--merchant", shop.merchant.public_id, *arguments, stdout=out)
    return out.getvalue()


def test_it_bills_and_asks_for_the_money(shop, later):
    hifi = shop.offer("hifi", ("month", None, 12_99))
    for name in "ab":
        shop.buy(shop.enrol(name), hifi)
    later()
    told = say(shop)
    assert f"{shop.merchant.name} ({shop.merchant.public_id}): 2 subscriptions due" in told
    assert "2 of 2: 2 invoices, EUR 25.98" in told
    assert "2 subscriptions, 2 periods: 2 invoices, EUR 25.98" in told
    assert "asked for: 2 succeeded" in told
    with tenant(shop.id):
        assert set(Invoice.objects.values_list("status", flat=True)) == {"paid"}
        assert BillingRun.objects.get().kind == "manual"
        assert Payment.objects.filter(automatic=True, status="succeeded", amount=12_99).count() == 2
    assert say(shop) == "0 merchants with something due: made 0 invoices\n"


def test_without_collecting_nobody_is_asked(shop, later):
    shop.buy(shop.enrol("a"), shop.offer("hifi", ("month", None, 12_99)))
    later()
    assert "asked for" not in say(shop, "--no-collect")
    with tenant(shop.id):
        assert (Payment.objects.count(), Invoice.objects.filter(status="open").count()) == (1, 1)


def test_an_earlier_day_bills_only_what_was_due_by_then_with_todays_date(shop, later):
    session = shop.buy(shop.enrol("a"), shop.offer("hifi", ("month", None, 12_99)))
    then = shop.now().today + timedelta(days=40)
    later(100)
    assert "1 subscriptions, 1 periods: 1 invoice, EUR 12.99" in say(shop, "--date", then.isoformat(), "--no-collect")
    with tenant(shop.id):
        row, invoice = Subscription.objects.get(id=session.subscription_id), Invoice.objects.latest("id")
        assert invoice.issued_on == shop.now().today + timedelta(days=100)
        assert (invoice.period_start, invoice.period_end) == (row.current_period_start, row.current_period_end)
        assert BillingRun.objects.get().status == "done"
    assert "1 subscriptions, 2 periods: 2 invoices, EUR 25.98" in say(shop, "--no-collect")


def test_a_dry_run_foresees_and_writes_nothing(shop):
    shop.buy(shop.enrol("a"), shop.offer("hifi", ("month", None, 12_99)))
    day = (shop.now().today + timedelta(days=70)).isoformat()
    told = say(shop, "--date", day, "--dry-run")
    assert "1 subscriptions, 2 periods: 2 invoices, EUR 25.98" in told
    assert told.endswith("1 merchant with something due: would make 2 invoices, EUR 25.98\n")
    with tenant(shop.id):
        assert (Invoice.objects.count(), BillingRun.objects.count()) == (1, 0)
    with pytest.raises(CommandError, match="is still to come: what will be billed by then is said with --dry-run"):
        say(shop, "--date", day)
    with pytest.raises(CommandError, match="soon is no date"):
        say(shop, "--date", "soon")
    with pytest.raises(CommandError, match="is no merchant's id"):
        call_command("run_billing", "--merchant", "x")
    with pytest.raises(CommandError, match="there is no merchant"):
        call_command("run_billing", "--merchant", show("mer", new_id()))


def test_what_is_parked_is_named_and_the_command_fails(shop, later):
    session = shop.buy(shop.enrol("a"), shop.offer("book", ("month", None, 7_00), tax_code="books"))
    with tenant(shop.id):
        TaxRate.objects.filter(tax_code="books").delete()
    later()
    out = StringIO()
    for arguments, verb in ((["--dry-run"], "would be parked"), ([], "were parked")):
        with pytest.raises(CommandError, match=verb) as failed:
            call_command("run_billing", "--merchant", shop.merchant.public_id, *arguments, stdout=out)
        assert failed.value.returncode == 1
    assert f"would park 1, first {session.subscription.public_id}: There is no tax rate" in out.getvalue()
    assert f"parked {session.subscription.public_id}: There is no tax rate" in out.getvalue()
    assert "[tax_rate_missing]" in out.getvalue()


def test_a_merchant_with_work_is_named_once_and_not_while_a_worker_is_at_it(shop, another_shop, later, owner_sql):
    hifi = shop.offer("hifi", ("month", None, 12_99))
    for name in "abc":
        shop.buy(shop.enrol(name), hifi)
    assert shop.id not in runs.merchants_to_bill()
    later()
    named = runs.merchants_to_bill()
    assert (named.count(shop.id), named.count(another_shop.id)) == (1, 0)
    at = instant() + timedelta(days=40)
    with tenant(shop.id):
        run = BillingRun.objects.create(kind="beat", due_at=at, started_at=at, beaten_at=at, expected=3)
    assert shop.id not in runs.merchants_to_bill()
    with tenant(shop.id):
        BillingRun.objects.filter(id=run.pk).update(beaten_at=at - timedelta(minutes=5))
    assert runs.merchants_to_bill().count(shop.id) == 1

    done = runs.bill(shop.id)

    assert done is not None and (done.pk, done.status, done.taken) == (run.pk, "done", 3)
    assert shop.id not in runs.merchants_to_bill()


def test_collecting_takes_a_merchants_share_and_leaves_the_rest_for_the_next_nudge(shop, later):
    hifi = shop.offer("hifi", ("month", None, 12_99))
    for name in "abc":
        shop.buy(shop.enrol(name), hifi)
    assert shop.id not in runs.merchants_to_collect()
    later()
    runs.bill(shop.id)
    assert runs.merchants_to_collect().count(shop.id) == 1
    assert runs.collect_of(shop.id, most=2) == {"succeeded": 2}
    assert runs.merchants_to_collect().count(shop.id) == 1
    assert runs.collect_of(shop.id, most=2) == {"succeeded": 1}
    assert shop.id not in runs.merchants_to_collect() and runs.collect_of(shop.id) == {}
    with tenant(shop.id):
        assert Payment.objects.filter(automatic=True).count() == 3
