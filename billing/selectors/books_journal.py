"""Do history and journal point to what is there, and is each life numbered without a gap? They carry no keys: a history
outlives what it tells of, so that nothing in the database holds them. And the simulated provider's own books (I9).

An alert about a subscriber is the staff's: it has no place in that life."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from django.apps import apps
from django.db import models

from invoices.services.books import Checked, asked
from merchants.tenancy.models import TenantModel
from subscribers import history

NAMED_OTHERWISE = {
    "access": "Subscription",
    "balance": "BalanceEntry",
    "dunning": "DunningCase",
    "till": "TillSession",
}
"""First words of an event's kind that are not the name of what it is about."""

PLACES = """
SELECT (known, found, last, first) IS DISTINCT FROM (last, last, last, CASE WHEN last > 0 THEN 1 ELSE 0 END) AS wrong,
    id::text AS key,
    format('subscriber %s: %s events from %s to %s, the next one would be %s', id, found, first, last, known + 1)
        AS fault
FROM (SELECT s.id, s.event_sequence AS known, coalesce(e.found, 0) AS found, coalesce(e.first, 0) AS first,
        coalesce(e.last, 0) AS last
    FROM subscribers_subscriber s LEFT JOIN (SELECT subscriber_id, count(*) AS found, min(subscriber_sequence) AS first,
        max(subscriber_sequence) AS last FROM merchants_event
        WHERE subscriber_id IS NOT NULL AND (subscriber_sequence IS NOT NULL OR kind NOT LIKE 'alert.%') GROUP BY 1) e
        ON e.subscriber_id = s.id) AS found"""

PUBLISHED = """
SELECT published <> last OR known <> last OR unsaid > 0 AS wrong, id::text AS key,
    format('%s events are published, numbered up to %s; the merchant stands at %s, %s have a number and no date',
        published, last, known, unsaid) AS fault
FROM (SELECT m.id, m.event_sequence AS known, count(e.sequence) AS published, coalesce(max(e.sequence), 0) AS last,
        count(*) FILTER (WHERE (e.sequence IS NULL) <> (e.published_at IS NULL)) AS unsaid
    FROM merchants_merchant m LEFT JOIN merchants_event e ON e.merchant_id = m.id
    WHERE m.id = current_setting('app.merchant_id')::uuid GROUP BY m.id) AS found"""

POINTERS = """
SELECT NOT there AS wrong, key, format('%s names %s %s, which is not there', what, target, id) AS fault
FROM (SELECT i.id::text AS key, 'invoice ' || i.number AS what, 'the run' AS target, i.run_id AS id,
        EXISTS (SELECT 1 FROM billing_billingrun r WHERE r.id = i.run_id) AS there
    FROM invoices_invoice i WHERE i.run_id IS NOT NULL
    UNION ALL SELECT l.id::text, 'line ' || l.id, 'the subscription', l.subscription_id,
        EXISTS (SELECT 1 FROM subscribers_subscription s WHERE s.id = l.subscription_id)
    FROM invoices_invoiceline l WHERE l.subscription_id IS NOT NULL
    UNION ALL SELECT l.id::text, 'line ' || l.id, 'the option', l.subscription_option_id,
        EXISTS (SELECT 1 FROM subscribers_subscriptionoption o WHERE o.id = l.subscription_option_id
            AND o.subscription_id = l.subscription_id)
    FROM invoices_invoiceline l WHERE l.subscription_option_id IS NOT NULL
    UNION ALL SELECT s.id::text, 'subscription ' || s.id, 'its last invoice', s.latest_invoice_id,
        EXISTS (SELECT 1 FROM invoices_invoice i WHERE i.id = s.latest_invoice_id AND i.payer_id = s.payer_id)
    FROM subscribers_subscription s WHERE s.latest_invoice_id IS NOT NULL
    UNION ALL SELECT g.id::text, 'gesture ' || g.id, 'the entry of the balance', g.balance_entry_id,
        EXISTS (SELECT 1 FROM invoices_balanceentry b WHERE b.id = g.balance_entry_id AND b.amount = g.amount)
    FROM subscribers_gesture g WHERE g.balance_entry_id IS NOT NULL) AS found"""

CAPTURES = """
SELECT payments <> 1 OR (captured IS DISTINCT FROM theirs AND NOT flying) AS wrong, key,
    format('the simulated provider captured %s %s for %s; %s payments of ours say %s', theirs, currency, key, payments,
        coalesce(captured::text, 'nothing')) AS fault
FROM (SELECT g.content->>'key' AS key, (g.content->>'captured')::bigint AS theirs, g.content->>'currency' AS currency,
        count(p.id) AS payments, sum(p.captured) AS captured,
        coalesce(bool_or(p.status IN ('pending', 'requires_action', 'processing', 'unknown')), false) AS flying
    FROM billing_simulatedpage g LEFT JOIN invoices_payment p ON p.id::text = g.content->>'key'
        AND p.gateway = 'simulated' AND p.currency = g.content->>'currency'
    WHERE (g.content->>'captured')::bigint > 0 GROUP BY g.id) AS found"""


def check() -> Iterator[Checked]:
    """The rules about history, journal and the simulated provider, of the tenant whose scope is open."""
    changes = {kind: model for model, kind in history.KINDS.items()}
    yield asked(
        "each change is of something that is there",
        "changes",
        _pointing("subscribers_change", "t.subject_kind", "subject_id", changes),
    )
    yield asked(
        "each event is of something that is there",
        "events",
        _pointing("merchants_event", "split_part(t.kind, '.', 1)", "object_id", _objects()),
    )
    yield asked("the events of each life are numbered without a gap", "subscribers", PLACES)
    yield asked("published events are numbered without a gap", "merchants", PUBLISHED)
    yield asked("what a row names without a key is there", "names", POINTERS)
    yield asked("each capture at the simulated provider is one payment", "captures", CAPTURES)


def _objects() -> dict[str, type[models.Model]]:
    """The table that an event's object stands in, by the first word of its kind."""
    models_of: dict[str, type[models.Model]] = {
        model.__name__: model for model in apps.get_models() if issubclass(model, TenantModel)
    }
    found = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): model for name, model in models_of.items()}
    return found | {word: models_of[name] for word, name in NAMED_OTHERWISE.items()}


def _pointing(table: str, kind: str, column: str, targets: Mapping[str, type[models.Model]]) -> str:
    """Rows of `table` whose `column` names a row of the table that `kind` says: one anti-join a target."""
    asks = [
        f"SELECT t.id AS row_id, '{word}' AS kind, t.{column} AS id, o.id IS NULL AS wrong FROM {table} t"  # noqa: S608
        f" LEFT JOIN {model._meta.db_table} o ON o.id = t.{column}"
        f" WHERE {kind} = '{word}' AND t.{column} IS NOT NULL"
        for word, model in sorted(targets.items())
    ]
    said = "format('%s tells of %s %s, which is not there', row_id, kind, id)"
    return f"SELECT wrong, row_id::text AS key, {said} AS fault FROM ({' UNION ALL '.join(asks)}) AS found"  # noqa: S608
