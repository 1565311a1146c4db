"""Days of tills that stand still are closed by a worker: once, in the merchant's own calendar, with month and year."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine

from invoices.models import RegisterEntry, Till
from invoices.services import till_days
from invoices.services.register_proof import prove
from merchants.clock import instant
from merchants.models import Merchant
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant
from tests.contracts.test_registers import a_day, clerk, shop
from tests.races.barrier import together

__all__ = ["clerk", "shop"]
pytestmark = pytest.mark.django_db(transaction=True)


def closings(shop):
    with tenant(shop.id):
        rows = RegisterEntry.objects.filter(kind__endswith="_closed").exclude(kind="session_closed")
        return [(one.kind, one.content["span"]) for one in rows.order_by("sequence")]


def swept(shop, at):
    """What beat does at an instant, for this merchant."""
    with time_machine.travel(at, tick=False):
        for found in across_tenants("tills_to_close", instant(), 10_000):
            if found.merchant_id == shop.id:
                till_days.close(merchant_id=found.merchant_id, till_id=found.id)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_a_till_that_stands_still_is_closed_as_time_goes_by(shop, clerk):
    with time_machine.travel(utc(2027, 12, 30, 9), tick=False):
        a_day(shop, clerk, 20_00)
    swept(shop, utc(2027, 12, 30, 22, 59))
    assert closings(shop) == [], "it is still the day in Paris"
    swept(shop, utc(2027, 12, 30, 23, 1))
    assert closings(shop) == [("day_closed", "2027-12-30")]
    swept(shop, utc(2027, 12, 31, 12))
    assert len(closings(shop)) == 1, "once"
    swept(shop, utc(2027, 12, 31, 23, 5))
    assert closings(shop) == [("day_closed", "2027-12-30"), ("month_closed", "2027-12"), ("year_closed", "2027")]
    swept(shop, utc(2028, 3, 1))
    assert len(closings(shop)) == 3
    with time_machine.travel(utc(2028, 3, 2, 9), tick=False):
        a_day(shop, clerk, 5_00)
    assert len(closings(shop)) == 3, "the next entry closes nothing anew"
    swept(shop, utc(2028, 3, 3, 9))
    assert closings(shop)[3:] == [("day_closed", "2028-03-02")]
    with tenant(shop.id):
        assert prove(Till.objects.get()).fault is None


def test_the_merchants_own_midnight_counts(shop, clerk):
    with tenant(shop.id):
        Merchant.objects.update(timezone="Pacific/Auckland")
    with time_machine.travel(utc(2027, 6, 1, 20), tick=False):
        a_day(shop, clerk)
    with tenant(shop.id):
        day = RegisterEntry.objects.first().day_on
    swept(shop, utc(2027, 6, 3, 13))
    assert closings(shop) == [("day_closed", day.isoformat())]


def test_two_workers_close_it_once(shop, clerk):
    with time_machine.travel(utc(2027, 6, 1, 9), tick=False):
        a_day(shop, clerk)
    with tenant(shop.id):
        till_id = RegisterEntry.objects.first().till_id
    with time_machine.travel(utc(2027, 6, 2, 9), tick=False):
        together(*[lambda: till_days.close(merchant_id=shop.id, till_id=till_id)] * 2)
    assert closings(shop) == [("day_closed", "2027-06-01")]
