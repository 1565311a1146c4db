"""A merchant's state without ids, numbers and instants: what a fault may not change."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

from invoices.models import Invoice, InvoiceLine, Payment
from merchants.models import Event
from merchants.now import local_date
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Grant, Subscription
from tests.worlds import Shop

STANDS = (
    "status", "payment_state", "dunning", "access", "access_reason", "start_on", "cycle_from", "stage_position",
    "stage_started_on", "period_index", "current_period_start", "current_period_end", "service_ends_on",
    "billing_ends_on", "end_reason", "next_action_at", "quantity",
)  # fmt: skip
BESIDE = frozenset({"payment.processing", "alert.raised", "message.sent"})
"""Facts that come from an answer lost on the way, or from workers that only tell: no life depends on them."""


def export(shop: Shop) -> dict[UUID, dict[str, Any]]:
    """Each subscription's life: where it stands, its documents and what became of them, rights, history, facts."""
    zone = shop.merchant.timezone
    with tenant(shop.id):
        found: dict[UUID, dict[str, Any]] = {}
        for row in Subscription.objects.all():
            found[row.pk] = {"stands": {name: str(getattr(row, name)) for name in STANDS}}
        for lines in found.values():
            lines.update(documents=[], payments=[], rights=[], history=[], facts=Counter())
        paid: dict[UUID, list[tuple[str, int]]] = defaultdict(list)
        succeeded = Payment.objects.filter(status="succeeded")  # one that was never sent is given up for another
        for invoice_id, status, captured in succeeded.values_list("invoice_id", "status", "captured"):
            paid[invoice_id].append((status, captured))
        said: dict[UUID, list[Any]] = defaultdict(list)
        for line in InvoiceLine.objects.order_by("position"):
            said[line.invoice_id].append((line.kind, line.period_start, line.period_end, line.amount, line.discount))
        for invoice in Invoice.objects.order_by("period_start", "id"):
            if invoice.subscription_id in found:
                life = found[invoice.subscription_id]
                life["documents"].append((invoice.status, invoice.gross, invoice.tax, said[invoice.pk]))
                life["payments"].append(sorted(paid[invoice.pk]))
        for grant in Grant.objects.select_related("feature").order_by("starts_at"):
            until = local_date(grant.ends_at, zone) if grant.ends_at else None
            if grant.subscription_id in found:
                known = (grant.feature.reference, local_date(grant.starts_at, zone), until)
                found[grant.subscription_id]["rights"].append(known)
        for change in Change.objects.exclude(subscription_id=None).order_by("id"):
            told = (change.verb, local_date(change.effective_at, zone), sorted(change.after))
            found[change.subscription_id]["history"].append(told)
        by_person = dict(Subscription.objects.values_list("subscriber_id", "id"))
        for person, kind in Event.objects.exclude(subscriber_id=None).values_list("subscriber_id", "kind"):
            if kind not in BESIDE:
                found[by_person[person]]["facts"][kind] += 1
    return found


def difference(found: dict[str, Any], expected: dict[str, Any]) -> str:
    """The first part in which two lives differ, in words; empty where they are alike."""
    for part, said in expected.items():
        if found[part] != said:
            return f"{part}: {found[part]} instead of {said}"
    return ""
