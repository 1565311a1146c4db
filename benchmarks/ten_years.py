"""How long a test clock takes to live ten years with one monthly subscriber, and with more.

    python -m tools.devstack exec -- python -m benchmarks.ten_years [--subscribers 1 --subscribers 20] [--years 10]
        [--profile]

Everything real time would do is done: each month's renewal, document, charge at the simulated provider, posting,
history and events. Seconds are of the wall; CPU is of this process and of all of the machine's time it had to share, so
give it a machine that does nothing else. The aim is under 20 s for one subscriber over ten years.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import django

BEGINS = datetime(2027, 1, 31, 9, tzinfo=UTC)


@contextmanager
def own_database() -> Iterator[None]:
    """A migrated database of its own, dropped afterwards."""
    from django.db import connections
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    from tests.template import template_database

    setup_test_environment(debug=False)
    connections["owner"].settings_dict["TEST"]["TEMPLATE"] = template_database()
    made = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        connections.close_all()
        teardown_databases(made, verbosity=0)


def live(subscribers: int, years: int, *, profile: bool) -> str:
    """One clock from BEGINS on; a line of figures."""
    from django.db import connection

    from billing.flows import clock_work, clocks
    from invoices.models import Invoice
    from merchants.clock import instant
    from merchants.models import TestClock
    from merchants.now import Now
    from merchants.tenancy.scope import tenant
    from subscribers.services import enrolment
    from tests.worlds import Shop

    shop = Shop.open(f"Onde {subscribers}")
    offer = shop.offer("standard", ("month", None, 12_99))
    with tenant(shop.id):
        clock = TestClock.objects.create(time=BEGINS, created_at=instant())
    now = Now(at=BEGINS, zone=shop.merchant.timezone, test_clock=clock.pk)
    for number in range(subscribers):
        with tenant(shop.id):
            known = {"name": f"Ada {number}", "reference": f"ada{number}"}
            row = enrolment.enrol(known, merchant=shop.merchant, actor=shop.actor, now=now, test_clock_id=clock.pk)
        shop.buy(row, offer)
    clocks.nudge = lambda merchant_id, clock_id: None  # no worker: this process does it all
    to = BEGINS.replace(year=BEGINS.year + years)
    clocks.advance(merchant_id=shop.id, clock_id=clock.pk, to=to, actor=shop.actor)

    queries = 0

    def counted(execute, sql, params, many, context):  # type: ignore[no-untyped-def] # the shape is Django's
        nonlocal queries
        queries += 1
        return execute(sql, params, many, context)

    profiler = cProfile.Profile()
    wall, cpu = time.perf_counter(), time.process_time()
    if profile:
        profiler.enable()
    with connection.execute_wrapper(counted):
        clock_work.carry_on(merchant_id=shop.id, clock_id=clock.pk, patience=86_400)
    profiler.disable()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if profile:
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)
    with tenant(shop.id):
        clock.refresh_from_db()
        made = Invoice.objects.count()
        paid = Invoice.objects.filter(status="paid").count()
    assert (clock.status, clock.time, clock.error) == ("ready", to, ""), (clock.status, clock.time, clock.error)
    assert made == paid == subscribers * (years * 12 + 1), (made, paid)
    months = years * 12
    return (
        f"{subscribers:5d} subscribers, {years:2d} years: {wall:7.1f} s, {cpu:6.1f} s CPU of Python;"
        f" {queries / months:5.0f} queries a month, {made:,d} invoices, all paid"
    )


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, action="append")
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    django.setup()
    with own_database():
        for subscribers in asked.subscribers or [1]:
            print(live(subscribers, asked.years, profile=asked.profile), flush=True)


if __name__ == "__main__":
    main()
