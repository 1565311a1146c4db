"""Usage told by the merchant's service: a batch of records, each taken once or refused with why (domain 8).

A record is late as long as its period's invoice is not final: the subscriptions of a batch are locked against a billing
run that would close their periods, and what is in the table when the run adds it up is on the invoice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

from django.db import connection

from merchants.actors import Actor
from merchants.clock import instant
from merchants.ids import new_id
from merchants.metered import Aggregation, usage_terms
from merchants.models import Feature, Merchant, Stage
from merchants.now import Now, local_date
from merchants.refusals import FieldError, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import current, tenant
from subscribers.models import Subscription, UsageRecord
from subscribers.selectors import people

MOST_RECORDS = 1_000
AHEAD = timedelta(minutes=1)
"""How far ahead of ours a caller's clock may be."""

LOCK = (
    """SELECT id FROM subscribers_subscription WHERE merchant_id = %s AND id = ANY(%s::uuid[]) ORDER BY id FOR SHARE"""
)
COLUMNS = (
    ("id", "uuid"), ("subscription_id", "uuid"), ("feature_id", "uuid"), ("quantity", "numeric"),
    ("value_digest", "text"), ("used_at", "timestamptz"), ("used_on", "date"), ("key", "text"),
)  # fmt: skip
INSERT = f"""
INSERT INTO subscribers_usagerecord
    (merchant_id, {", ".join(name for name, _ in COLUMNS)}, created_by, created_at)
SELECT %s, r.*, %s, %s FROM unnest({", ".join(f"%s::{kind}[]" for _, kind in COLUMNS)}) AS r
ON CONFLICT (merchant_id, key) DO NOTHING RETURNING id"""  # noqa: S608 - names of this module


@dataclass(frozen=True, kw_only=True)
class Reported:
    """A record as it was sent: `subscription` and `feature` by id, None where what was sent names nothing; `quantity`
    of what is summed up or has a maximum, `value` of what is counted once for each value."""

    subscription: UUID | None
    feature: UUID | None
    at: datetime
    key: str
    quantity: Decimal | None = None
    value: str = ""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What became of a record: taken now, known already, or refused, with the field and why."""

    key: str
    outcome: Literal["accepted", "duplicate", "refused"]
    record_id: UUID | None = None
    error: FieldError | None = None


def record_usage(*, merchant_id: UUID, records: Sequence[Reported], actor: Actor) -> tuple[Told, ...]:
    """Take a batch, in one transaction and one INSERT; an answer for each record, in the order given.

    A key that is known counts once: the same record again is a duplicate, another one under it is refused
    (`usage_key_reused`). Safe to send again, in parallel too. The other refusals are those of `_checked`; whatever is
    refused leaves the rest as it is.
    """
    with tenant(merchant_id):
        merchant = Merchant.objects.get(id=merchant_id)
        known = _Known(merchant, records)
        told: dict[int, Told] = {}
        rows: dict[int, UsageRecord] = {}
        for place, each in enumerate(records):
            checked = _checked(each, known)
            if isinstance(checked, UsageRecord):
                rows[place] = checked
            else:
                told[place] = Told(key=each.key, outcome="refused", error=checked.under(f"records[{place}]"))
        told |= _taken(rows, known.rows, actor)
        return tuple(told[place] for place in range(len(records)))


class _Known:
    """What the records of a batch name, read at once; their subscriptions are locked against closing."""

    def __init__(self, merchant: Merchant, records: Sequence[Reported]) -> None:
        self.merchant = merchant
        named = {each.subscription for each in records if each.subscription}
        with connection.cursor() as cursor:
            cursor.execute(LOCK, [current(), sorted(named)])
        shown = people.on_shown_clocks(Subscription.objects.all())
        self.subscriptions = {row.pk: row for row in shown.filter(pk__in=named)}
        self.rows = {row.key: row for row in UsageRecord.objects.filter(key__in={each.key for each in records})}
        self.features = Feature.objects.in_bulk({each.feature for each in records if each.feature})
        versions = {row.offer_version_id for row in self.subscriptions.values()}
        stages = Stage.objects.filter(version_id__in=versions)
        self.priced: dict[UUID, set[UUID]] = {}
        for version_id, usage in stages.values_list("version_id", "usage"):
            self.priced.setdefault(version_id, set()).update(term.feature for term in usage_terms(usage))
        clocks = {row.test_clock_id for row in self.subscriptions.values()}
        real = Now(at=instant(), zone=merchant.timezone)
        self.nows: dict[UUID | None, Now] = {
            clock: now_for(merchant, clock) if clock else real for clock in clocks | {None}
        }


def _checked(each: Reported, known: _Known) -> UsageRecord | FieldError:
    """The row of a record, or what is wrong with it: what it names, what it says, when it was."""
    subscription = known.subscriptions.get(each.subscription) if each.subscription else None
    feature = known.features.get(each.feature) if each.feature else None
    if subscription is None or feature is None:
        named = "subscription" if subscription is None else "feature"
        return _no(named, "not_found", gettext_noop("There is nothing under that id."))
    if feature.pk not in known.priced.get(subscription.offer_version_id, ()):
        if feature.kind != Feature.Kind.METERED:
            return _no("feature", "feature_not_metered", gettext_noop("This feature is of another kind."))
        detail = gettext_noop("The subscription's offer has no price for the use of this feature.")
        return _no("feature", "feature_not_in_offer", detail)
    now = known.nows[subscription.test_clock_id]
    fault = _said(each, Aggregation(feature.aggregation))
    if fault is not None:
        return fault
    digest = ""
    if each.value:
        digest = hashlib.blake2b(f"{subscription.pk}\0{each.value}".encode(), digest_size=16).hexdigest()
    row = UsageRecord(
        id=new_id(),
        subscription=subscription,
        feature=feature,
        quantity=each.quantity if each.quantity is not None else Decimal(1),
        value_digest=digest,
        used_at=each.at,
        used_on=local_date(each.at, now.zone),
        key=each.key,
    )
    if each.key in known.rows:  # told before: whether it could still be told does not matter
        return row
    return _dated(each, subscription, now) or row


def _said(each: Reported, aggregation: Aggregation) -> FieldError | None:
    """What is wrong with quantity and value: a sum and a maximum need the one, what is counted once the other."""
    if aggregation in (Aggregation.sum, Aggregation.max):
        if each.quantity is None:
            return _no("quantity", "required", gettext_noop("Say how many: this feature adds up quantities."))
    elif each.quantity not in (None, Decimal(1)):
        detail = gettext_noop("Each record of this feature counts as one: leave the quantity out.")
        return _no("quantity", "quantity_not_expected", detail)
    if aggregation is Aggregation.unique and not each.value:
        return _no("value", "required", gettext_noop("Say what is counted once, such as a user's id."))
    if aggregation is not Aggregation.unique and each.value:
        return _no("value", "value_not_expected", gettext_noop("Only what is counted once has a value."))
    return None


def _dated(each: Reported, subscription: Subscription, now: Now) -> FieldError | None:
    """What is wrong with the instant: it lies in a period of the subscription that is not billed yet, and not ahead."""
    day, status = local_date(each.at, now.zone), subscription.status
    if status in (Subscription.Status.INCOMPLETE, Subscription.Status.SCHEDULED):
        return _no("subscription", "subscription_not_begun", gettext_noop("This subscription has not begun."))
    if status == Subscription.Status.ENDED:
        detail = gettext_noop("This subscription has ended and is billed: nothing can be added.")
        return _no("subscription", "subscription_over", detail)
    if each.at > now.at + AHEAD:
        return _no("at", "at_in_future", gettext_noop("This instant has not come yet."))
    if day < subscription.start_on:
        return _no("at", "at_before_start", gettext_noop("The subscription had not begun that day."))
    if subscription.service_ends_on is not None and day >= subscription.service_ends_on:
        return _no("at", "at_after_end", gettext_noop("The subscription had ended that day."))
    if _stands_still(subscription, day) or subscription.current_period_start is None:
        return _no("at", "usage_not_billed", gettext_noop("Nothing is billed for that day any more."))
    if day < subscription.current_period_start:
        detail = gettext_noop(
            "The period of %(day)s is billed, its invoice is final. Bill it with a charge (POST /charges), which goes"
            " on the next document."
        )
        return FieldError(field="at", code="period_billed", detail=detail, params={"day": day.isoformat()})
    return None


def _stands_still(subscription: Subscription, day: date) -> bool:
    """True where billing has stopped before that day, or a suspension stops it on that day."""
    stop, since = subscription.billing_ends_on, subscription.suspended_from
    if stop is not None and day >= stop:
        return True
    until = subscription.suspended_until
    stops = subscription.suspension_stops_billing and since is not None and since <= day
    return stops and (until is None or day < until)


def _taken(rows: Mapping[int, UsageRecord], known: Mapping[str, UsageRecord], actor: Actor) -> dict[int, Told]:
    """Insert what is new, in the order of keys so that two batches never wait for each other; tell the rest apart."""
    first: dict[str, UsageRecord] = {}
    for row in rows.values():
        first.setdefault(row.key, row)
    new = [first[key] for key in sorted(first.keys() - known.keys())]
    inserted: set[UUID] = set()
    if new:
        values = [[getattr(row, name) for row in new] for name, _ in COLUMNS]
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [current(), actor.label[:120], instant(), *values])
            inserted = {id_ for (id_,) in cursor.fetchall()}
    meanwhile = [row.key for row in new if row.pk not in inserted]
    before = dict(known)
    if meanwhile:
        before |= {row.key: row for row in UsageRecord.objects.filter(key__in=meanwhile)}
    told: dict[int, Told] = {}
    for place, row in rows.items():
        stands = before.get(row.key, first[row.key])
        if row.pk in inserted:
            told[place] = Told(key=row.key, outcome="accepted", record_id=row.pk)
        elif _content(row) == _content(stands):
            told[place] = Told(key=row.key, outcome="duplicate", record_id=stands.pk)
        else:
            detail = gettext_noop("This key stands for another record already. Give each record a key of its own.")
            error = _no(f"records[{place}].key", "usage_key_reused", detail)
            told[place] = Told(key=row.key, outcome="refused", error=error)
    return told


def _content(row: UsageRecord) -> tuple[object, ...]:
    return (row.subscription_id, row.feature_id, row.quantity, row.value_digest, row.used_at)


def _no(field: str, code: str, detail: str) -> FieldError:
    return FieldError(field=field, code=code, detail=detail)
