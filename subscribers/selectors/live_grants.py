"""A subscriber's live grants with all that a right is made of, in one statement by index: the hot path of every door.

Written by hand, for the models' compiler costs three times what the database does for it. Titles, the stage's rhythm
and the counter are scalar sub-queries, so that the planner joins three tables and no more.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from merchants.models import Feature, OfferVersion, OptionVersion
from merchants.now import Now
from merchants.tenancy.bulk import lean
from merchants.tenancy.scope import current
from subscribers.models import Grant, Subscription, SubscriptionOption
from subscribers.selectors.quotas import Counted, Rhythm, counted

_ASKED = {
    *("id", "status", "payment_state", "dunning", "start_on", "service_ends_on", "cycle_from", "offer_version_id"),
    *("anchor_kind", "anchor_day", "anchor_month"),
    *("suspended_from", "suspended_until", "suspension_begun", "suspension_stops_billing", "suspension_makes_good"),
    "suspension_gift",
}
SUBSCRIPTION = tuple(field.attname for field in Subscription._meta.concrete_fields if field.attname in _ASKED)
"""What is read of a subscription; what else somebody asks of it is fetched then, never guessed."""
GRANT = ("id", "feature_id", "subscription_id", "subscription_option_id", "source", "quota", "adds", "level")
WHEN = ("starts_at", "ends_at")
FEATURE = ("reference", "kind")
READ = f"""SELECT {", ".join(f"g.{name}" for name in (*GRANT, *WHEN))}, {", ".join(f"f.{name}" for name in FEATURE)},
    f.levels::text, {", ".join(f"s.{name}" for name in SUBSCRIPTION)},
    (SELECT v.title::text FROM merchants_offerversion v
        WHERE v.merchant_id = g.merchant_id AND v.id = s.offer_version_id),
    (SELECT json_build_object('title', v.title, 'quantity', o.quantity)::text FROM subscribers_subscriptionoption o
        JOIN merchants_optionversion v ON v.merchant_id = o.merchant_id AND v.id = o.option_version_id
        WHERE o.merchant_id = g.merchant_id AND o.id = g.subscription_option_id),
    (SELECT json_build_object('unit', t.interval, 'count', t.interval_count, 'recurrences', t.recurrences,
            'amount', t.amount)::text
        FROM merchants_stage t WHERE t.merchant_id = g.merchant_id AND t.version_id = s.offer_version_id
        AND t.position = s.stage_position),
    (SELECT json_build_object('since', c.since, 'used', c.used, 'last_on', c.last_on)::text
        FROM subscribers_quotacounter c WHERE c.merchant_id = g.merchant_id AND c.subscriber_id = g.subscriber_id
        AND c.feature_id = g.feature_id)
FROM subscribers_grant g
JOIN merchants_feature f ON f.merchant_id = g.merchant_id AND f.id = g.feature_id
LEFT JOIN subscribers_subscription s ON s.merchant_id = g.merchant_id AND s.id = g.subscription_id
WHERE g.merchant_id = %(merchant)s AND g.subscriber_id = %(subscriber)s
    AND g.starts_at <= %(at)s AND (g.ends_at IS NULL OR g.ends_at > %(at)s)"""  # noqa: S608 - names of columns, above
ONLY = {"": "", "feature_id": " AND g.feature_id = %(only)s", "reference": " AND f.reference = %(only)s"}
"""How the grants of one feature are asked for: by its id, or by its reference."""


@dataclass(slots=True)
class Live:
    """A live grant with what it points to, its subscription's rhythm and its feature's counter."""

    grant: Grant
    rhythm: Rhythm | None
    counter: Counted | None


def live_grants(subscriber_id: UUID, now: Now, *, feature_id: UUID | None = None, reference: str = "") -> list[Live]:
    """All of them, or those of one feature; the oldest first. One query."""
    by = "feature_id" if feature_id else "reference" if reference else ""
    values: dict[str, Any] = {
        "merchant": current(),
        "subscriber": subscriber_id,
        "at": now.at,
        "only": feature_id or reference,
    }
    with connection.cursor() as cursor:
        cursor.execute(READ + ONLY[by] + " ORDER BY g.id", values)
        return [_live(row) for row in cursor.fetchall()]


def _live(row: Sequence[Any]) -> Live:
    """The models of one row, with the columns that were read: nobody saves these."""
    at = len(GRANT) + len(WHEN)
    told = dict(zip((*GRANT, *WHEN), row[:at], strict=True))
    reference, kind, levels = row[at : at + 3]
    at += 3
    columns = row[at : at + len(SUBSCRIPTION)]
    offer_title, option, rhythm, counter = row[at + len(SUBSCRIPTION) :]
    grant = lean(Grant, **told)
    grant.feature = lean(Feature, id=told["feature_id"], reference=reference, kind=kind, levels=json.loads(levels))
    if told["subscription_id"] is not None:
        subscription = Subscription.from_db(None, SUBSCRIPTION, columns)
        subscription.offer_version = lean(
            OfferVersion, id=subscription.offer_version_id, title=json.loads(offer_title or "{}")
        )
        grant.subscription = subscription
    if option is not None:
        said = json.loads(option)
        taken = lean(SubscriptionOption, id=told["subscription_option_id"], quantity=said["quantity"])
        taken.option_version = lean(OptionVersion, title=said["title"])
        grant.subscription_option = taken
    return Live(
        grant=grant,
        rhythm=Rhythm(**json.loads(rhythm)) if rhythm else None,
        counter=counted(json.loads(counter)) if counter else None,
    )
