"""What was used, added up by the database: one query for any number of subscriptions and spans of days."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from billing.engine.usage_lines import so_far
from merchants.metered import Aggregation
from merchants.tenancy.scope import current
from subscribers.snapshots import SubscriptionSnapshot, UsageSpan, Used

Span = tuple[date, date | None]
"""From a day to before another; without the other: all there is from the first one on."""

ADDED_UP = """
SELECT w.subscription, w.start, w.until, f.id, f.reference, f.title, f.aggregation, u.quantity
FROM unnest(%(subscriptions)s::uuid[], %(starts)s::date[], %(ends)s::date[]) AS w (subscription, start, until)
CROSS JOIN LATERAL (
    SELECT r.feature_id, CASE g.aggregation
        WHEN 'sum' THEN sum(r.quantity) WHEN 'max' THEN max(r.quantity)
        WHEN 'count' THEN count(*)::numeric ELSE count(DISTINCT r.value_digest)::numeric END AS quantity
    FROM subscribers_usagerecord r JOIN merchants_feature g ON g.id = r.feature_id
    WHERE r.merchant_id = %(merchant)s AND r.subscription_id = w.subscription
        AND r.used_on >= w.start AND r.used_on < coalesce(w.until, 'infinity')
    GROUP BY r.feature_id, g.aggregation) AS u
JOIN merchants_feature f ON f.id = u.feature_id
WHERE f.merchant_id = %(merchant)s
ORDER BY f.reference"""


def running_spans(picture: SubscriptionSnapshot) -> set[Span]:
    """What may be billed of the running period next: to its end, or to the end of everything; nothing where its stage
    prices no usage."""
    period = picture.current_period
    return {(period.start, period.end), (period.start, None)} if period and picture.stage.usage else set()


def usage_in(wanted: Mapping[UUID, Collection[Span]]) -> dict[UUID, tuple[UsageSpan, ...]]:
    """What was used in spans of days, by subscription; a span without records is left out. One query, none where
    nothing is wanted. Needs the tenant's scope."""
    asked = [(id_, *span) for id_, spans in wanted.items() for span in sorted(spans, key=str)]
    if not asked:
        return {}
    columns: dict[str, Any] = {
        "subscriptions": [id_ for id_, _, _ in asked],
        "starts": [start for _, start, _ in asked],
        "ends": [until for _, _, until in asked],
    }
    had: dict[UUID, dict[Span, list[Used]]] = defaultdict(lambda: defaultdict(list))
    with connection.cursor() as cursor:
        cursor.execute(ADDED_UP, {"merchant": current(), **columns})
        for id_, start, until, feature, reference, title, aggregation, quantity in cursor.fetchall():
            had[id_][start, until].append(
                Used(
                    feature=str(feature),
                    reference=reference,
                    title=_texts(title),
                    aggregation=Aggregation(aggregation),
                    quantity=quantity,
                )
            )
    return {
        id_: tuple(UsageSpan(start=start, until=until, used=tuple(used)) for (start, until), used in spans.items())
        for id_, spans in had.items()
    }


def with_usage_before(picture: SubscriptionSnapshot, day: date) -> SubscriptionSnapshot:
    """The picture with what was used in the running period before a day: what a change on that day bills."""
    metered = so_far(picture, day)
    if metered is None:
        return picture
    id_, span = UUID(picture.id), (metered.period.start, metered.until)
    return replace(picture, usage=(*picture.usage, *usage_in({id_: {span}}).get(id_, ())))


def _texts(stored: object) -> dict[str, str]:
    """JSON as the driver gives it: read already, or a text."""
    found = json.loads(stored) if isinstance(stored, str) else stored
    assert isinstance(found, dict)
    return found
