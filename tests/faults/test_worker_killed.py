"""Killed between the provider's capture and our commit: one capture, one payment, invoice paid. Real processes, the
real SDK, the double's own list of captures as the oracle."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psycopg2
import pytest
from django.db import connection

from billing import runs
from billing.flows import pay
from billing.models import CheckoutSession
from invoices.models import Invoice, LedgerEntry, Payment
from merchants.models import Event, ProviderAccount
from merchants.secrets import encrypt
from merchants.tenancy.scope import tenant
from tests.contracts.double_at_work import DoubleAtWork
from tools.stripe_double.server import Double

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
KEY = "sk_test_worker_killed"


@pytest.fixture
def double(settings):
    with Double() as running:
        settings.STRIPE_API_BASE = running.url
        yield DoubleAtWork(running)


@pytest.fixture
def stripe_shop(shop, double):
    with tenant(shop.id):
        ProviderAccount.objects.update(is_default=False)
        shop.account = ProviderAccount.objects.create(kind="stripe", secret=encrypt(KEY), created_at=shop.now().at)
    return shop


@pytest.fixture
def paid_there(stripe_shop, double):
    """A purchase that was paid on the provider's page; we have not heard of it yet."""
    shop = stripe_shop
    session = shop.checkout(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)))
    pay.start(merchant_id=shop.id, session_id=session.pk)
    status, said = double.console(f"checkout/{shop.payment(session).provider_session}/pay", {"method": "pm_card_visa"})
    assert status == 200, said
    assert [row["amount"] for row in double.captures(KEY)] == [12_99]
    return session


def worker(shop, session, double):
    """A process that asks the provider and records the answer."""
    owner = connection.settings_dict
    database = f"postgresql://{owner['USER']}:{owner['PASSWORD']}@{owner['HOST']}:{owner['PORT']}/{owner['NAME']}"
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "STRIPE_API_BASE": double.url,
        "DJANGO_SETTINGS_MODULE": "billing.settings",
    }
    command = [sys.executable, "-m", "tests.faults.interrupted", str(shop.id), str(shop.payment(session).pk)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def hold(shop, owner):
    """Lock the payer's row, as another transaction may: whoever records an outcome must wait here."""
    link = psycopg2.connect(
        host=owner["HOST"], port=owner["PORT"], user=owner["USER"], password=owner["PASSWORD"], dbname=owner["NAME"]
    )
    with link.cursor() as cursor:
        cursor.execute("SELECT set_config('app.merchant_id', %s, false)", [str(shop.id)])
        cursor.execute("SELECT 1 FROM subscribers_subscriber FOR UPDATE")
    return link


def waiting_for_the_row():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return cursor.fetchone()[0]


def test_killed_between_capture_and_commit(stripe_shop, paid_there, double):
    shop, session = stripe_shop, paid_there
    held = hold(shop, connection.settings_dict)
    process = worker(shop, session, double)
    until = time.monotonic() + 60
    while not waiting_for_the_row():
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.1)
    process.kill()  # it has the provider's answer, and has written nothing
    process.wait(20)
    held.close()
    with tenant(shop.id):
        assert not Invoice.objects.exists()
        assert Payment.objects.get().status == "pending"
        Payment.objects.update(next_look_at=shop.now().at)

    assert runs.settle_due() >= 1  # what beat nudges
    runs.settle_due()

    assert [row["amount"] for row in double.captures(KEY)] == [12_99]
    with tenant(shop.id):
        payment, invoice = Payment.objects.get(), Invoice.objects.get()
        assert (payment.status, payment.captured) == ("succeeded", 12_99)
        assert (invoice.status, invoice.amount_paid, invoice.sequence) == ("paid", 12_99, 1)
        assert CheckoutSession.objects.get().status == "complete"
        assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 0
        assert Event.objects.filter(kind="invoice.paid").count() == 1


def test_two_workers_record_the_same_payment_at_once(stripe_shop, paid_there, double):
    processes = [worker(stripe_shop, paid_there, double) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    with tenant(stripe_shop.id):
        assert (Invoice.objects.count(), Payment.objects.count()) == (1, 1)
        assert Event.objects.filter(kind="payment.succeeded").count() == 1
        assert Invoice.objects.get().status == "paid"
    assert len(double.captures(KEY)) == 1
