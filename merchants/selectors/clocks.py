"""What time it is for whom."""

from __future__ import annotations

from uuid import UUID

from merchants.clock import instant
from merchants.models import Merchant, TestClock
from merchants.now import Now


def now_for(merchant: Merchant, test_clock_id: UUID | None = None) -> Now:
    """The present as the merchant sees it, or as one of its test clocks does (that needs the tenant's scope)."""
    if test_clock_id is None:
        return Now(at=instant(), zone=merchant.timezone)
    clock = TestClock.objects.get(id=test_clock_id)
    if clock.status == TestClock.Status.RELEASED:
        return Now(at=instant(), zone=merchant.timezone)
    return Now(at=clock.time, zone=merchant.timezone, test_clock=clock.id)
