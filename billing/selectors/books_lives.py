"""Do subscriptions stand where their life says? States, dates, access, what they used, and the history (I5, I13, I14).

What the engine and the rule table say is computed anew from each row and held against what its columns say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models

from billing.engine.due import next_action_at
from billing.selectors.snapshots import snapshots
from invoices.services.books import AT_ONCE, Checked, asked
from merchants.models import Merchant, TestClock
from merchants.now import Now, local_date, local_midnight
from subscribers import history
from subscribers.lifecycle import MOVES, DunningEffect, PaymentState, Status, access
from subscribers.models import Change, Subscriber, Subscription
from subscribers.models.people import PERSONAL
from subscribers.selectors.past import fold
from subscribers.selectors.rights import suspension_of

STATES = """
SELECT fault IS NOT NULL AS wrong, id::text AS key, fault FROM (SELECT s.id, CASE
    WHEN s.status = 'ended' AND (s.ended_at IS NULL OR s.end_reason = '') THEN 'it is ended and does not say why'
    WHEN s.status = 'ended' AND s.next_action_at IS NOT NULL THEN 'it is ended and is still due for something'
    WHEN s.status <> 'ended' AND (s.ended_at IS NOT NULL OR s.end_reason <> '')
        THEN format('it is %s and says that it ended', s.status)
    WHEN s.status IN ('incomplete', 'scheduled') AND (s.current_period_start IS NOT NULL OR EXISTS (
        SELECT 1 FROM invoices_invoice i WHERE i.subscription_id = s.id AND s.status = 'incomplete'))
        THEN format('it is %s and has begun', s.status)
    WHEN s.status = 'trialing' AND g.amount <> 0 THEN 'it is in a free stage that is not free'
    WHEN s.status IN ('trialing', 'active', 'suspended') AND g.id IS NULL THEN 'it is in a stage that its offer has not'
    WHEN s.status IN ('trialing', 'active', 'suspended') AND s.next_action_at IS NULL AND s.parked_at IS NULL
        AND s.current_period_end IS NOT NULL AND NOT (s.suspension_begun AND s.suspension_stops_billing)
        THEN 'it runs, and nothing will ever be due'
    WHEN s.suspension_begun AND s.status <> 'suspended' THEN format('its suspension has begun and it is %s', s.status)
    WHEN s.status = 'suspended' AND NOT s.suspension_begun AND s.dunning <> 'suspend'
        THEN 'it is suspended, by nobody and for no debt'
    WHEN s.status = 'ended' AND w.waiting THEN 'it is ended, and a wish for its future waits'
    WHEN s.status = 'ended' AND r.open THEN 'it is ended, and a right of it has no end'
    WHEN s.currency <> v.currency THEN format('it is in %s, its offer in %s', s.currency, v.currency)
    END AS fault
    FROM subscribers_subscription s
    JOIN merchants_offerversion v ON v.id = s.offer_version_id
    LEFT JOIN merchants_stage g ON g.version_id = s.offer_version_id AND g.position = s.stage_position
    LEFT JOIN LATERAL (SELECT true AS waiting FROM subscribers_scheduledchange
        WHERE subscription_id = s.id AND status = 'waiting' LIMIT 1) w ON s.status = 'ended'
    LEFT JOIN LATERAL (SELECT true AS open FROM subscribers_grant
        WHERE subscription_id = s.id AND ends_at IS NULL LIMIT 1) r ON s.status = 'ended') AS found"""

COUPONS = """
SELECT documents > used OR used > most AS wrong, format('%s %s', life, code) AS key,
    format('subscription %s: coupon %s counts %s periods of %s, it came off %s', life, code, used,
        coalesce(most::text, 'any number'), documents) AS fault
FROM (SELECT h.subscription_id AS life, c.code, h.periods_used AS used,
        CASE c.duration WHEN 'once' THEN 1 WHEN 'repeating' THEN c.periods END AS most,
        CASE WHEN c.duration = 'forever' THEN 0 ELSE coalesce(d.documents, 0) END AS documents
    FROM subscribers_subscriptioncoupon h JOIN merchants_coupon c ON c.id = h.coupon_id
    LEFT JOIN (SELECT l.subscription_id, share->>'coupon' AS coupon, count(DISTINCT l.period_end) AS documents
        FROM invoices_invoiceline l, jsonb_array_elements(l.inputs->'discounts') AS share
        WHERE l.discount > 0 AND l.inputs ? 'discounts' GROUP BY 1, 2) d
        ON (d.subscription_id, d.coupon) = (h.subscription_id, h.coupon_id::text)) AS found"""

CHARGES = """
SELECT (status = 'billed') <> (billed = 1) OR charged IS DISTINCT FROM amount AND status = 'billed'
        OR currency <> theirs AS wrong,
    id::text AS key,
    format('charge %s of %s %s is %s; %s lines of documents bill it, with %s', id, amount, currency, status, billed,
        coalesce(charged::text, 'nothing')) AS fault
FROM (SELECT c.id, c.amount, c.currency, c.status, s.currency AS theirs,
        count(l.id) AS billed, sum(CASE WHEN c.held IS NULL THEN l.amount ELSE l.amount - l.discount END) AS charged
    FROM billing_charge c JOIN subscribers_subscription s ON s.id = c.subscription_id
    LEFT JOIN invoices_invoiceline l ON l.fact = coalesce(c.held->>'fact', 'charge:' || c.id)
        AND (c.held IS NULL OR l.subscription_id = c.subscription_id AND l.invoice_id = c.invoice_id)
    GROUP BY c.id, s.currency) AS found"""

DUNNING = """
SELECT CASE WHEN d.ended_at IS NULL THEN i.status <> 'open' OR (d.next_step_at IS NULL AND NOT d.is_overdue)
        ELSE d.outcome = 'paid' AND i.status NOT IN ('paid', 'cancelled') END AS wrong,
    d.id::text AS key,
    format('case of invoice %s: %s, next step %s, while the invoice is %s', i.number,
        CASE WHEN d.ended_at IS NULL THEN 'open' ELSE d.outcome END, coalesce(d.next_step_at::text, 'none'), i.status)
        AS fault
FROM billing_dunningcase d JOIN invoices_invoice i ON i.id = d.invoice_id"""

COUNTERS = """
SELECT c.used <> coalesce(u.sum, 0) OR coalesce(c.last_on < u.last, u.last IS NOT NULL) AS wrong,
    c.id::text AS key,
    format('counter %s: %s used since %s, its uses come to %s', c.id, c.used, c.since, coalesce(u.sum, 0)) AS fault
FROM subscribers_quotacounter c LEFT JOIN LATERAL (SELECT sum(quantity) AS sum, max(used_on) AS last
    FROM subscribers_consumption WHERE subscriber_id = c.subscriber_id AND feature_id = c.feature_id
        AND merchant_id = c.merchant_id AND used_on >= c.since) u ON true"""

UNDOINGS = """
SELECT (f.id, f.subscriber_id, f.feature_id, f.used_on, f.quantity, f.key)
        IS DISTINCT FROM (u.undoes_id, u.subscriber_id, u.feature_id, u.used_on, -u.quantity, u.key) AS wrong,
    u.id::text AS key, format('use %s: it takes back another than %s', u.id, u.undoes_id) AS fault
FROM subscribers_consumption u JOIN subscribers_consumption f ON f.id = u.undoes_id"""


def check(merchant: Merchant, at: datetime) -> Iterator[Checked]:
    """The rules about lives, of the tenant whose scope is open, at an instant of real time."""
    yield asked("each subscription's state is one that can be", "subscriptions", STATES)
    yield from _as_computed(merchant, at)
    yield asked("no coupon is used more often than it counts, nor than it says", "coupons in use", COUPONS)
    yield asked("each charge that waited is billed once", "charges", CHARGES)
    yield asked("each dunning case stands as its invoice does", "dunning cases", DUNNING)
    yield asked("each counter of a quota is the sum of its uses", "counters", COUNTERS)
    yield asked("what takes a use back is its opposite", "uses taken back", UNDOINGS)
    yield from _as_told()


def _blocks(model: Any) -> Iterator[list[Any]]:
    last = UUID(int=0)
    while rows := list(model.objects.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        yield rows
        last = rows[-1].pk


def _as_computed(merchant: Merchant, at: datetime) -> Iterator[Checked]:
    """`next_action_at` is what the engine says; access is what the rule table says, where nothing is overdue."""
    clocks = {
        clock.pk: Now(at=clock.time, zone=merchant.timezone, test_clock=clock.pk)
        for clock in TestClock.objects.exclude(status=TestClock.Status.RELEASED)
    }
    real = Now(at=at, zone=merchant.timezone)
    count, late, shut = 0, [], []
    for rows in _blocks(Subscription):
        pictures = snapshots(rows, merchant)
        for row in rows:
            count += 1
            due = next_action_at(pictures[row.pk])
            if row.parked_at is None and row.next_action_at != due:
                late.append(f"subscription {row.pk}: it says that it is due {row.next_action_at}, its calendar {due}")
            shut += _access_fault(row, clocks.get(row.test_clock_id, real))
    yield _checked("each subscription is due when its calendar says", count, late)
    yield _checked("access is what the rule table says", count, shut)


def _access_fault(row: Subscription, now: Now) -> list[str]:
    """What is due may not have been done yet: until then its access is yesterday's."""
    if row.next_action_at is not None and row.next_action_at <= now.at:
        return []
    verdict = access(
        status=Status(row.status),
        today=now.today,
        payment_state=PaymentState(row.payment_state),
        dunning=DunningEffect(row.dunning),
        suspension=suspension_of(row),
        start_on=row.start_on,
        service_ends_on=row.service_ends_on,
    )
    said = (row.access, row.access_reason, local_date(row.access_until, now.zone) if row.access_until else None)
    found = (verdict.access.value, verdict.why, verdict.until)
    exact = row.access_until is None or row.access_until == local_midnight(verdict.until or now.today, now.zone)
    if said == found and exact:
        return []
    told = f"subscription {row.pk}: access is {' '.join(map(str, said))}, by the rules {' '.join(map(str, found))}"
    return [f"{told} ({row.status}, {row.payment_state}, {row.dunning})"]


def _as_told() -> Iterator[Checked]:
    """Each row of a life is what its changes add up to, and each status was reached by an allowed move."""
    count, untold, moves, jumps = 0, [], 0, []
    for model, kind in history.KINDS.items():
        for rows in _blocks(model):
            told: dict[UUID, list[Change]] = defaultdict(list)
            asked_for = Change.objects.filter(subject_id__in=[row.pk for row in rows], subject_kind=kind)
            for change in asked_for.order_by("id"):
                told[change.subject_id].append(change)
            for row in rows:
                count += 1
                untold += _difference(kind, row, told[row.pk])
                if model is Subscription:
                    steps = [(c.before.get("status"), c.after["status"]) for c in told[row.pk] if "status" in c.after]
                    moves += len(steps)
                    jumps += _jumps(row, steps)
    yield _checked("each row of a life is what its history adds up to", count, untold, of="rows")
    yield _checked("each status was reached by an allowed move", moves, jumps, of="moves")


def _difference(kind: str, row: models.Model, told: Sequence[Change]) -> list[str]:
    stands = {name: history.told(value) for name, value in history.columns_of(row).items()}
    folded = fold(told)
    if folded is None:
        return [f"{kind} {row.pk}: no change says how it came about"]
    passed_over = set(PERSONAL) if isinstance(row, Subscriber) else set()
    for name, value in stands.items():
        if name not in passed_over and name in folded and folded[name] != value:
            return [f"{kind} {row.pk}: {name} is {value}, its history says {folded[name]}"]
    return []


def _jumps(row: Subscription, steps: Sequence[tuple[str | None, str]]) -> list[str]:
    last: str | None = None
    for before, after in steps:
        if last is not None and (before != last or (after != before and Status(after) not in MOVES[Status(last)])):
            return [f"subscription {row.pk}: it was {last}, and its history goes from {before} to {after}"]
        last = after
    return []


def _checked(rule: str, count: int, faults: Sequence[str], of: str = "subscriptions") -> Checked:
    return Checked(rule=rule, of=of, count=count, wrong=len(faults), first=faults[0] if faults else "")
