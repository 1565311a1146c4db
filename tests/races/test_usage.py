"""Usage told at the same moment, and while its period closes: each record counts once, or is refused."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from billing.flows.usage import Reported, record_usage
from billing.selectors.metering import usage_in
from invoices.models import InvoiceLine
from merchants.models import TestClock
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription, UsageRecord
from tests.races.barrier import together
from tests.stories.statements import World, _utc
from tests.stories.test_usage import PER_CALL, metered, priced
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told(shop):
    """A world with a subscription, and batches of it."""
    calls = metered(shop)
    world = World.on(shop, "2026-01-10")
    sub = world.subscribe(shop.offer("api", ("month", None, 20_00, priced((calls, PER_CALL)))))

    def batch(count, quantity="10"):
        at = _utc("2026-01-10", "12:00", "Europe/Paris")
        of = {"subscription": sub.pk, "feature": calls.pk, "at": at, "quantity": Decimal(quantity)}
        return [Reported(key=f"call {place}", **of) for place in range(count)]

    return world, sub, batch


def test_a_batch_sent_four_times_at_once_counts_once(shop, told):
    _world, sub, batch = told
    with tenant(shop.id):
        TestClock.objects.update(time=_utc("2026-01-11", "12:00", "Europe/Paris"))
    orders = [batch(200), batch(200)[::-1], batch(200), batch(200)[::-1]]
    send = [
        lambda records=records: record_usage(merchant_id=shop.id, records=records, actor=TESTER) for records in orders
    ]
    outcomes = Counter(one.outcome for answer in together(*send) for one in answer)
    assert outcomes == {"accepted": 200, "duplicate": 600}
    with tenant(shop.id):
        assert UsageRecord.objects.count() == 200
        ((span,),) = usage_in({sub.pk: {(sub.start_on, None)}}).values()
        assert [used.quantity for used in span.used] == [Decimal(2000)]


def test_what_is_told_while_the_period_closes_is_billed_or_refused(shop, told):
    world, _sub, batch = told
    with tenant(shop.id):
        TestClock.objects.update(time=_utc("2026-02-10", "12:00", "Europe/Paris"))
    parts = [batch(200)[place::4] for place in range(4)]
    send = [
        lambda records=records: record_usage(merchant_id=shop.id, records=records, actor=TESTER) for records in parts
    ]
    _, *answers = together(world.run, *send)
    accepted = sum(one.outcome == "accepted" for answer in answers for one in answer)
    refused = {one.error.code for answer in answers for one in answer if one.error}
    assert refused <= {"period_billed"}
    with tenant(shop.id):
        assert Subscription.objects.get().current_period_start.isoformat() == "2026-02-10"
        billed = [line.quantity for line in InvoiceLine.objects.filter(kind="usage")]
        assert UsageRecord.objects.count() == accepted and sum(billed) == accepted * 10
