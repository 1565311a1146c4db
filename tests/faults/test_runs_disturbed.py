"""Real workers and beat bill those who were left alone for 3 or 35 days, while Valkey is emptied or PostgreSQL goes
away: the end state is that of a quiet run (F03, F17, F18, F20)."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from datetime import timedelta

import psycopg2
import pytest
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F

from alerts.models import Message
from billing.models import BillingRun, DunningCase
from invoices.models import Invoice, Payment
from merchants.clock import instant
from merchants.tenancy.scope import tenant
from tests.crowds import crowd
from tests.faults.disturbed import Crowd, table
from tests.faults.processes import until, workers
from tests.faults.test_valkey_emptied import valkey

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
DONE = {"due": 0, "to collect": 0, "in flight": 0, "running": 0}
MONEY = "money,default"


@pytest.mark.parametrize(("away", "begun"), [(3, 34), (35, 66)])
def test_beat_was_away(shop, another_shop, shops, away, begun):
    """Every missed period once, each invoice asked for once. Who cannot pay is tried once for each invoice, and once
    for the step that dunning missed: not once for every step, nor a letter for each."""
    some = Crowd.gather(shop, another_shop, days_ago=begun, count=40)
    poor = shops()
    crowd(poor, [poor.offer("hifi", ("month", None, 10_00))], 3, days_ago=begun, token="pm_card_declinedLater")
    with tenant(poor.id):  # an outcome is recorded in the present: these were recorded that long ago
        ago = timedelta(days=begun)
        DunningCase.objects.update(opened_at=F("opened_at") - ago, next_step_at=F("next_step_at") - ago)
        cases = list(DunningCase.objects.values_list("taken", "tries"))
        first = set(Invoice.objects.values_list("id", flat=True))
    assert cases == [(0, 1)] * 3

    def left():
        with tenant(poor.id):
            late = DunningCase.objects.filter(next_step_at__lte=instant()).count()
        return {**some.left(), "steps": late, "poor": Crowd(poor, [], []).left()}

    started = time.monotonic()
    with workers(queues=f"{MONEY},alerts", EMAIL_URL="memory:"):
        until(left, {**DONE, "steps": 0, "poor": DONE}, seconds=150)
    seconds = round(time.monotonic() - started)

    counts = some.check()
    missed = begun // 31
    with tenant(shop.id):
        assert not DunningCase.objects.exists()
        runs = list(BillingRun.objects.filter(kind="beat").values_list("taken", "parked"))
        tries = Counter(Payment.objects.filter(automatic=True).values_list("invoice_id", flat=True))
    assert set(tries.values()) == {1}
    assert sum(parked for _, parked in runs) == 0
    with tenant(poor.id):
        assert Invoice.objects.filter(status="open").count() == 3 + 3 * missed
        asked = Counter(Payment.objects.values_list("invoice_id", flat=True))
        assert {asked[id_] for id_ in first} == {2}
        assert {count for id_, count in asked.items() if id_ not in first} == {1}
        assert [case.taken for case in DunningCase.objects.filter(invoice__in=first)] == [1] * 3
        letters = Counter(
            Message.objects.exclude(invoice=None).values_list("invoice_id", "kind", "created_at__date").distinct()
        )
        assert set(letters.values()) <= {1}
    table(f"beat away for {away} days", runs=len(runs), seconds=seconds, **counts, letters=sum(letters.values()))


def test_valkey_emptied_in_mid_run(shop, another_shop):
    crowd_ = Crowd.gather(shop, another_shop, days_ago=66)
    broker, emptied = valkey(), 0
    started = time.monotonic()
    with workers(queues=MONEY, EMAIL_URL="memory:") as processes:

        def left():
            nonlocal emptied
            broker.flushall()
            emptied += 1
            assert all(process.poll() is None for process in processes)
            time.sleep(0.5 + emptied % 4)  # a nudge must have the time to be taken now and then
            if emptied % 5 == 0:
                crowd_.let_time_pass()
            return crowd_.left()

        until(left, DONE, seconds=170)
    table("Valkey emptied", times=emptied, seconds=round(time.monotonic() - started), **crowd_.check())


def cut():
    """PostgreSQL is gone, as after an immediate restart: every connection is cut where it stands. With
    RESTART_POSTGRES a server process is killed outright, at which PostgreSQL throws all out and recovers from its log:
    only for a server that no other test uses."""
    role = connection.settings_dict
    link = psycopg2.connect(
        host=role["HOST"], port=role["PORT"], user=role["USER"], password=role["PASSWORD"], dbname=role["NAME"]
    )
    link.autocommit = True
    with link.cursor() as cursor:
        if os.environ.get("RESTART_POSTGRES"):
            cursor.execute("SELECT pg_backend_pid()")
            os.kill(cursor.fetchone()[0], signal.SIGKILL)
            return
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )
    link.close()


def test_postgresql_gone_in_mid_run(shop, another_shop):
    crowd_ = Crowd.gather(shop, another_shop, days_ago=66)
    cuts, states = 0, []
    started = time.monotonic()
    with workers(queues=MONEY, EMAIL_URL="memory:") as processes:

        def left():
            nonlocal cuts
            try:
                found = crowd_.left()
                states.append(found["due"] + found["to collect"])
                if found != DONE and cuts < 10 and states[-1] != states[0]:
                    cut()
                    cuts += 1
                    connection.close()
                elif cuts:
                    crowd_.let_time_pass()
                assert all(process.poll() is None for process in processes)
            except (OperationalError, InterfaceError, psycopg2.OperationalError):
                connection.close()
                return {}
            return found

        until(left, DONE, seconds=170)
    assert cuts >= 3, f"it was done after {cuts} cuts"
    how = "PostgreSQL killed and recovered" if os.environ.get("RESTART_POSTGRES") else "PostgreSQL's connections cut"
    table(how, times=cuts, seconds=round(time.monotonic() - started), **crowd_.check())
