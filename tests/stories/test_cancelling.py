"""When a cancelled subscription ends: with what is paid, or with what is free (domain 14)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from billing.flows import cancel
from merchants.clock import instant
from merchants.models import TestClock
from merchants.tenancy.scope import tenant
from subscribers.services import enrolment

pytestmark = pytest.mark.django_db(transaction=True)
PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("stages", "ends_on"),
    [
        ([("month", 2, 0), ("month", None, 9_99)], date(2026, 3, 31)),  # two free months: both are had
        ([("day", 14, 0), ("month", None, 9_99)], date(2026, 2, 14)),
        ([("week", 1, 0), ("month", None, 9_99)], date(2026, 2, 7)),
        ([("month", 1, 1_00), ("month", None, 9_99)], date(2026, 2, 28)),  # a launch price is paid month by month
        ([("month", None, 9_99)], date(2026, 2, 28)),
        ([("month", None, 0)], date(2026, 2, 28)),  # free for ever has no end of its own
    ],
)
def test_it_ends_with_the_free_stage_or_with_the_paid_period(shop, stages, ends_on):
    offer = shop.offer("Onde", *stages)
    with tenant(shop.id):
        begun = datetime(2026, 1, 31, 15, tzinfo=PARIS)
        clock = TestClock.objects.create(time=begun, created_at=instant())
        act = {"merchant": shop.merchant, "actor": shop.actor, "now": shop.now()}
        ada = enrolment.enrol({"name": "Ada", "reference": "ada"}, test_clock_id=clock.pk, **act)
    bought = shop.buy(ada, offer)
    done = cancel.cancel_at_period_end(merchant_id=shop.id, subscription_id=bought.subscription_id, actor=shop.actor)

    assert (done.service_ends_on, done.billing_ends_on) == (ends_on, ends_on)
    assert done.access_until == datetime.combine(ends_on, datetime.min.time(), PARIS)
    assert ends_on - timedelta(days=1) > begun.date()
