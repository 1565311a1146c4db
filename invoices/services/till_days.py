"""Closing the days, months and years of tills that are over: by beat, for a till may stand still for weeks."""

from __future__ import annotations

import logging
from uuid import UUID

from invoices.models import RegisterEntry
from invoices.services import register
from merchants.clock import instant
from merchants.models import Merchant
from merchants.selectors.clocks import now_for
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant

MOST = 500
"""Tills that a nudge takes at once; what is left is due at the next one."""
log = logging.getLogger(__name__)


def close_due() -> int:
    """Close whatever is over at any till. One that fails is logged and tried later. Answers how many entries."""
    made = 0
    for merchant_id, till_id in across_tenants("tills_to_close", instant(), MOST):
        try:
            made += len(close(merchant_id=merchant_id, till_id=till_id))
        except Exception:
            log.exception("till %s of merchant %s was not closed and is tried again later", till_id, merchant_id)
    return made


def close(*, merchant_id: UUID, till_id: UUID) -> list[RegisterEntry]:
    """Close the last day of one till with its month and year, where they are over; nothing where that was done. An open
    session stays open: its cash is counted when it is closed."""
    with tenant(merchant_id):
        now = now_for(Merchant.objects.get(id=merchant_id))
        return register.close_periods(register.lock(till_id), now)
