"""Was every day of a subscription's life billed once (I1)? Asked of the lines of documents, held against the calendar.

A day that was given back by a credit note may be billed again (a change of offer); a hole must lie in a free stage,
or in days that were declared unbilled (a suspension that stopped billing, a renewal moved as a gesture). The
database finds what overlaps and what is missing in one pass; only what is missing is held against the offer here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from billing.engine.spans import StageSpan, costs_nothing, stage_spans
from invoices.services.books import AT_ONCE, Checked, asked
from merchants.now import local_date
from subscribers.models import Subscription
from subscribers.periods import Alignment, Period
from subscribers.selectors.offers_had import OfferChange, offer_changes
from subscribers.selectors.pictures import offer_pictures
from subscribers.snapshots import OfferSnapshot

BILLED = """
SELECT l.subscription_id AS life, l.period_start AS a, l.period_end AS b, i.number AS said,
    CASE WHEN coalesce(c.back, 0) >= l.amount - l.discount THEN l.period_start
        ELSE coalesce(c.since, l.period_end) END AS had
FROM invoices_invoiceline l JOIN invoices_invoice i ON i.id = l.invoice_id
LEFT JOIN (SELECT n.invoice_line_id, sum(n.amount) AS back, min((n.inputs->>'from')::date) FILTER (
        WHERE n.rule = 'days_not_had' AND (n.inputs->>'until' = n.period_end::text OR EXISTS (
            SELECT 1 FROM invoices_creditnoteline m WHERE m.invoice_line_id = n.invoice_line_id
            AND m.rule = 'days_not_had' AND m.inputs->>'from' = n.inputs->>'until'))) AS since
    FROM invoices_creditnoteline n GROUP BY 1) c ON c.invoice_line_id = l.id
WHERE l.kind = 'stage' AND i.number IS NOT NULL"""

TWICE = f"""
SELECT before > a AS wrong, format('%s %s', life, a) AS key,
    format('subscription %s: %s bills %s to %s, which is billed until %s already', life, said, a, b, before) AS fault
FROM (SELECT *, max(had) OVER (PARTITION BY life ORDER BY a, b ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        AS before FROM ({BILLED}) AS billed WHERE a < had) AS found"""  # noqa: S608 - a constant

NAMED = """
SELECT (l.period_start, l.period_end) IS DISTINCT FROM ((l.inputs->>'from')::date, (l.inputs->>'until')::date)
        OR l.subscription_id IS NULL
        OR split_part(l.fact, ':', 2) <> coalesce(l.subscription_option_id, l.subscription_id)::text
        OR split_part(l.fact, ':', 3) <> l.period_start::text AS wrong,
    l.id::text AS key,
    format('%s: line %s is for %s to %s, it names %s', i.number, l.position, l.period_start, l.period_end, l.fact)
        AS fault
FROM invoices_invoiceline l JOIN invoices_invoice i ON i.id = l.invoice_id
WHERE l.fact LIKE ANY (ARRAY['stage:%', 'option:%']) AND l.period_start IS NOT NULL"""

DUE = """
SELECT s.id AS life, s.start_on AS begun, greatest(s.start_on, CASE
        WHEN s.current_period_end IS NULL THEN coalesce(s.billing_ends_on, s.service_ends_on)
        WHEN s.status <> 'ended' AND g.billing = 'arrears' THEN s.current_period_start
        ELSE least(s.current_period_end, s.billing_ends_on, CASE WHEN s.billing_ends_on IS NULL
            THEN s.service_ends_on END) END) AS due,
    coalesce(s.billing_ends_on, s.service_ends_on) IS NULL AND s.current_period_end IS NOT NULL AS goes_on
FROM subscribers_subscription s
JOIN merchants_stage g ON g.version_id = s.offer_version_id AND g.position = s.stage_position
WHERE s.status NOT IN ('incomplete', 'scheduled') AND s.stage_started_on IS NOT NULL"""

HOLES = f"""
WITH billed AS ({BILLED}), due AS ({DUE}),
    marks AS (SELECT life, a, b FROM billed UNION ALL SELECT s.id, (span->>0)::date, (span->>1)::date
        FROM subscribers_subscription s, jsonb_array_elements(s.unbilled) AS span
        UNION ALL SELECT subscription_id, (held->'period'->>0)::date, (held->'period'->>1)::date
        FROM billing_charge WHERE status <> 'billed' AND held->>'kind' = 'stage'
        UNION ALL SELECT life, begun, begun FROM due
        UNION ALL SELECT life, due, due FROM due),
    walked AS (SELECT life, a, max(b) OVER (PARTITION BY life ORDER BY a, b
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM marks)
SELECT life, before, a FROM walked WHERE before < a AND EXISTS (SELECT 1 FROM due WHERE due.life = walked.life)
UNION ALL SELECT d.life, max(b.had), NULL FROM due d JOIN billed b ON b.life = d.life
    WHERE d.goes_on GROUP BY d.life, d.due HAVING max(b.had) > d.due
ORDER BY 1, 2"""  # noqa: S608 - a constant


class Hole(NamedTuple):
    """Days of a life that no line bills; or, without an `end`, billing that runs ahead of the calendar to `start`."""

    life: UUID
    start: date
    end: date | None


class Walked(NamedTuple):
    """A life by the calendar: its stages, how many are paid for, and the days that were declared unbilled."""

    spans: Sequence[StageSpan]
    quantity: int
    unbilled: Sequence[Period]

    def moved_by(self, day: date) -> timedelta:
        """By how much what comes on `day` came later: days declared unbilled after it did not move it."""
        return timedelta(days=sum((span.end - span.start).days for span in self.unbilled if span.start < day))


def check(zone: str) -> Sequence[Checked]:
    """The rules about billed periods, of the tenant whose scope is open; `zone` is the merchant's."""
    return (
        asked("no day of a subscription is billed twice", "billed periods", TWICE),
        asked("each billed period is the one that its line names", "lines with a period", NAMED),
        _without_holes(zone),
    )


def _without_holes(zone: str) -> Checked:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({DUE}) AS lives")  # noqa: S608 - a constant
        (count,) = cursor.fetchone()
        cursor.execute(HOLES)
        holes = [Hole(*row) for row in cursor.fetchall()]
    faults: dict[UUID, str] = {}
    lives = sorted({hole.life for hole in holes})
    for at in range(0, len(lives), AT_ONCE):
        spans = _spans(lives[at : at + AT_ONCE], zone)
        block = set(lives[at : at + AT_ONCE])
        for hole in holes:
            if hole.life in block and hole.life not in faults and (said := _fault(hole, spans[hole.life])):
                faults[hole.life] = said
    first = faults[min(faults)] if faults else ""
    rule = "a subscription's life is billed without a hole, free stages aside"
    return Checked(rule=rule, of="subscriptions", count=count, wrong=len(faults), first=first)


def _fault(hole: Hole, walked: Walked) -> str:
    if hole.end is None:
        return f"subscription {hole.life}: it is billed until {hole.start}, ahead of its calendar"
    if costs_nothing(walked.spans, Period(hole.start, hole.end), quantity=walked.quantity):
        return ""
    later = walked.moved_by(hole.start)  # what came after a renewal that was moved came as many days later
    if later and costs_nothing(walked.spans, Period(hole.start - later, hole.end - later), quantity=walked.quantity):
        return ""
    return f"subscription {hole.life}: nothing bills {hole.start} to {hole.end}"


def _spans(ids: Sequence[UUID], zone: str) -> dict[UUID, Walked]:
    """The stages of some lives by the calendar, how many are paid for, and what was declared unbilled; offers that they
    changed to included."""
    rows = list(Subscription.objects.filter(id__in=ids))
    changes = {
        life: [(local_date(one.effective_at, zone), one.before, one.after) for one in sorted(each, key=_counts)]
        for life, each in offer_changes(ids).items()
    }
    versions = {row.offer_version_id for row in rows}
    versions |= {version for each in changes.values() for _, *both in each for version in both}
    offers = offer_pictures(versions)
    return {
        row.pk: Walked(
            _of_life(row, changes.get(row.pk, ()), offers),
            row.quantity,
            [Period(date.fromisoformat(start), date.fromisoformat(end)) for start, end in row.unbilled],
        )
        for row in rows
    }


def _counts(change: OfferChange) -> tuple[datetime, UUID]:
    return change.effective_at, change.change_id


def _of_life(
    row: Subscription, changes: Sequence[tuple[date, UUID, UUID]], offers: dict[UUID, OfferSnapshot]
) -> list[StageSpan]:
    """Stage after stage; a change of offer enters the first paid stage of the new one (domain 12)."""
    first = changes[0][1] if changes else row.offer_version_id
    parts = [(row.start_on, offers[first], 0)]
    for on, _, version in changes:
        paid = next((stage.position for stage in offers[version].stages if not stage.is_free), 0)
        parts.append((on, offers[version], paid))
    spans: list[StageSpan] = []
    for at, (start, offer, position) in enumerate(parts):
        until = parts[at + 1][0] if at + 1 < len(parts) else None
        alignment = Alignment.billing_day if row.billing_day is not None else offer.alignment
        for span in stage_spans(offer, start, alignment=alignment, billing_day=row.billing_day, position=position):
            if until is None:
                spans.append(span)
            elif span.start < until:
                spans.append(replace(span, end=until if span.end is None else min(span.end, until)))
    return spans
