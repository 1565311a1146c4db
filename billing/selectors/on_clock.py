"""What falls due on a test clock: the next of each kind of work, in the order in which one instant does them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection

from merchants.tenancy.scope import current

MOST = 200
"""Rows of one kind that are looked at together; what is left is due still."""

ASKED_AFTER = timedelta(minutes=15)
"""By the clock: when a payment is asked about that was made and not heard of."""


class Work(StrEnum):
    """What can fall due. One instant does them in this order: money that arrived counts before more is asked for."""

    settle = "settle"
    give_back = "give_back"
    lapse = "lapse"
    renew = "renew"
    collect = "collect"
    dun = "dun"
    foresee = "foresee"


ORDER = tuple(Work)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One thing that is due: what, when, and which row it is about."""

    work: Work
    at: datetime
    id: UUID


NEXT = """
(SELECT 'settle' AS work, CASE WHEN p.status = 'processing' THEN (s.content ->> 'settles_at')::timestamptz
        ELSE p.created_at + %(asked_after)s END AS at, p.id
    FROM invoices_payment p LEFT JOIN billing_simulatedpage s ON s.merchant_id = p.merchant_id AND s.ref = p.id::text
    WHERE p.merchant_id = %(merchant)s AND p.test_clock_id = %(clock)s AND NOT (p.status = 'pending' AND p.hosted)
    AND p.status IN ('pending', 'processing', 'unknown')
    AND (p.status <> 'processing' OR s.content ->> 'settles_at' IS NOT NULL) AND p.id <> ALL (%(done)s::uuid[])
    ORDER BY 2, 3 LIMIT %(most)s)
UNION ALL
(SELECT 'give_back', r.created_at, r.id FROM invoices_refund r
    JOIN invoices_payment p ON p.merchant_id = r.merchant_id AND p.id = r.payment_id
    WHERE r.merchant_id = %(merchant)s AND r.status IN ('pending', 'unknown') AND p.test_clock_id = %(clock)s
    AND r.id <> ALL (%(done)s::uuid[]) ORDER BY 2, 3 LIMIT %(most)s)
UNION ALL
(SELECT 'lapse', c.expires_at, c.id FROM billing_checkoutsession c
    JOIN subscribers_subscription s ON s.merchant_id = c.merchant_id AND s.id = c.subscription_id
    WHERE s.merchant_id = %(merchant)s AND s.test_clock_id = %(clock)s AND c.status = 'open'
    AND c.id <> ALL (%(done)s::uuid[]) ORDER BY 2, 3 LIMIT %(most)s)
UNION ALL
(SELECT 'renew', s.next_action_at, s.id FROM subscribers_subscription s
    WHERE s.merchant_id = %(merchant)s AND s.test_clock_id = %(clock)s AND s.next_action_at IS NOT NULL
    AND s.parked_at IS NULL ORDER BY 2, 3 LIMIT %(most)s)
UNION ALL
(SELECT 'collect', i.collect_at, i.id FROM invoices_invoice i
    WHERE i.merchant_id = %(merchant)s AND i.test_clock_id = %(clock)s AND i.collect_at IS NOT NULL
    AND i.status = 'open' AND i.id <> ALL (%(done)s::uuid[]) ORDER BY 2, 3 LIMIT %(most)s)
UNION ALL
(SELECT 'dun', d.next_step_at, d.id FROM billing_dunningcase d
    WHERE d.merchant_id = %(merchant)s AND d.test_clock_id = %(clock)s AND d.next_step_at IS NOT NULL
    AND d.ended_at IS NULL AND d.id <> ALL (%(done)s::uuid[]) ORDER BY 2, 3 LIMIT %(most)s)
"""
"""Each part by its own index. Payments: debits when the simulated bank answers; those whose answer was lost, or whose
asker was, a while after they were made. A page that a person has open, and a bank's question, wait for the person."""


def next_due(clock_id: UUID, *, done: Collection[UUID] = ()) -> list[Due]:
    """The next MOST of each kind of that clock, soonest first, without the rows in `done` (subscriptions are always
    told: they must be brought up to date before the clock goes on). One query, in the tenant's scope."""
    values: dict[str, Any] = {
        "merchant": str(current()),
        "clock": str(clock_id),
        "done": list(done),
        "most": MOST,
        "asked_after": ASKED_AFTER,
    }
    with connection.cursor() as cursor:
        cursor.execute(NEXT, values)
        found = [Due(work=Work(work), at=at, id=id_) for work, at, id_ in cursor.fetchall()]
    return sorted(found, key=lambda due: (due.at, ORDER.index(due.work), due.id))
