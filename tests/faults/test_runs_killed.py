"""A worker killed at twenty random moments of one run of two hundred: the end state is that of a quiet run (F04)."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time

import pytest
from django.db import connections

from billing import runs
from invoices.models import Invoice
from merchants.tenancy.scope import tenant
from tests.crowds import bill
from tests.faults.disturbed import Crowd, table

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
FORK = multiprocessing.get_context("fork")


def renewing(shop):
    """A worker that brings periods up to date, in small batches so that it dies between them too."""
    bill(shop, shop.now(), 10)


def collecting(shop):
    """A worker that asks for the money."""
    runs.collect_of(shop.id, most=None)


def begin(act, shop):
    """A process of its own that does it."""

    def work():
        act(shop)
        connections.close_all()
        os._exit(0)

    connections.close_all()  # a child must not speak on its parent's line
    process = FORK.Process(target=work)
    process.start()
    return process


def kill_often(act, shop, pick, times, done, total):
    """Kill it at random points of its work, which `done` counts; answers how often it was still at work.

    The points are amounts of work, not moments: on a quick machine as on a loaded one it dies all over the run.
    """
    kills = 0
    for point in sorted(pick.sample(range(done(shop) + 1, total * 9 // 10), times)):
        process = begin(act, shop)
        while process.exitcode is None and done(shop) < point:
            time.sleep(0.005)
        time.sleep(pick.uniform(0, 0.05))
        if process.exitcode is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.join()
    return kills


def made(shop):
    """How many documents stand."""
    with tenant(shop.id):
        return Invoice.objects.count()


def paid(shop):
    """How many of them are paid."""
    with tenant(shop.id):
        return Invoice.objects.filter(status="paid").count()


def finish(act, shop):
    process = begin(act, shop)
    process.join(120)
    assert process.exitcode == 0


def test_killed_at_twenty_random_moments(shop, another_shop):
    crowd = Crowd.gather(shop, another_shop, days_ago=66)
    before, seed = sum(crowd.captures().values()), int(os.environ.get("SEED") or time.time())
    pick = random.Random(seed)

    in_renewal = kill_often(renewing, shop, pick, 10, made, 480)
    left_due = crowd.left()["due"]
    assert left_due, "the run was over: nothing was disturbed"
    finish(renewing, shop)
    in_collection = kill_often(collecting, shop, pick, 10, paid, made(shop))
    left_open = crowd.left()["to collect"]
    finish(collecting, shop)
    lost = crowd.settle()

    assert crowd.left() == {"due": 0, "to collect": 0, "in flight": 0, "running": 0}
    assert (in_renewal, in_collection) == (10, 10)
    counts = crowd.check()
    table(
        f"worker killed at random moments (seed {seed})",
        kills=in_renewal + in_collection,
        still_due_then=left_due,
        still_to_collect_then=left_open,
        answers_lost=lost,
        captures_before=before,
        **counts,
    )
