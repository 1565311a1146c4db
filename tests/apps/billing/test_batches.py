"""The number of queries of a batch does not depend on its size (architecture, How work flows, 2)."""

from __future__ import annotations

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.flows.renew import renew
from invoices.models import Invoice
from merchants.tenancy.scope import tenant
from tests.crowds import bill, crowd, morning
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


def asked(shop, count):
    """The statements of one batch: the second period of so many, a stage that gives way to the next for all of them."""
    hifi = shop.feature("hifi")
    live = shop.option("live", 2_00)
    first, then = ("month", 1, 0, {"features": {"hifi": {}}}), ("month", None, 10_00)
    offer = shop.offer("hifi", first, then, options=[live])
    rows = crowd(shop, [offer], count, days_ago=40, options=[live], begin=False)
    bill(shop, morning(shop, 40))
    started = time.perf_counter()
    with CaptureQueriesContext(connection) as seen:
        done = renew(merchant_id=shop.id, batch=[row.pk for row in rows], now=shop.now(), actor=TESTER)
    assert hifi and not done.faults
    assert (len(done.taken), done.periods, len(done.invoices)) == (count, count, count)
    with tenant(shop.id):
        assert Invoice.objects.filter(period_end__isnull=False).count() == 2 * count
    return len(seen), time.perf_counter() - started, [query["sql"] for query in seen.captured_queries]


def test_a_batch_of_500_asks_as_often_as_one_of_ten(shop, another_shop):
    few, _, small = asked(shop, 10)
    many, seconds, large = asked(another_shop, 500)
    starts = [[sql.lstrip("( ").split()[0] for sql in each] for each in (small, large)]
    assert many == few, [pair for pair in zip(*starts, strict=False) if pair[0] != pair[1]]
    assert many <= 80
    print(f"\n{many} queries a batch; 500 in {seconds:.2f} s")
