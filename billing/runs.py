"""Due work, cut into what one call can do. One faulty row never stops the others: it is logged and tried later."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from uuid import UUID

from billing import inbox
from billing.flows import reconcile
from merchants.clock import instant
from merchants.tenancy.across import Found, across_tenants

MOST = 200
"""Rows a nudge takes at once; what is left is due at the next one."""
log = logging.getLogger(__name__)


def settle_due() -> int:
    """Ask providers about payments that are due to be looked at, and give back what is owed. Answers how many."""
    done = _each(
        across_tenants("unsettled_payments", instant(), MOST),
        lambda merchant_id, id_: reconcile.reconcile(merchant_id=merchant_id, payment_id=id_),
    )
    return done + _each(
        across_tenants("owed_refunds", instant(), MOST),
        lambda merchant_id, id_: reconcile.refund(merchant_id=merchant_id, refund_id=id_),
    )


def lapse_due() -> int:
    """End purchases whose time is over."""
    return _each(
        across_tenants("open_checkouts", instant(), MOST),
        lambda merchant_id, id_: reconcile.lapse(merchant_id=merchant_id, session_id=id_),
    )


def read_due() -> int:
    """Act on notices that wait."""
    return _each(
        across_tenants("unread_notices", instant(), MOST),
        lambda merchant_id, id_: inbox.read(merchant_id=merchant_id, notice_id=id_),
    )


def _each(found: Iterable[Found], act: Callable[[UUID, UUID], None]) -> int:
    done = 0
    for merchant_id, id_ in found:
        try:
            act(merchant_id, id_)
            done += 1
        except Exception:
            log.exception("%s of merchant %s failed and is tried again later", id_, merchant_id)
    return done
