"""What routing must know of a batch of events, looked up in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from alerts.routes import InvoiceSeen, Occurrence, PaymentSeen
from invoices.models import Invoice, Payment
from merchants.models import Event


def occurrences(events: Sequence[Event]) -> list[Occurrence]:
    """The events with what routing needs to know: at most one query for payments and one for invoices."""
    payments = _payments(_about(events, "payment."))
    wanted = _about(events, "invoice.") | {p.invoice_id for p in payments.values() if p.invoice_id is not None}
    invoices = _invoices(wanted)
    seen = []
    for event in events:
        payment = payments.get(event.object_id) if event.object_id else None
        invoice_id = payment.invoice_id if payment else event.object_id
        seen.append(
            Occurrence(
                id=event.pk,
                kind=event.kind,
                object_id=event.object_id,
                subscriber_id=event.subscriber_id,
                data=event.data,
                invoice=invoices.get(invoice_id) if invoice_id else None,
                payment=payment,
            )
        )
    return seen


def _about(events: Iterable[Event], family: str) -> set[UUID]:
    return {event.object_id for event in events if event.kind.startswith(family) and event.object_id is not None}


def _payments(ids: set[UUID]) -> dict[UUID, PaymentSeen]:
    if not ids:
        return {}
    rows = Payment.objects.filter(id__in=ids).values_list("id", "payer_id", "invoice_id", "automatic")
    return {
        id_: PaymentSeen(id=id_, payer_id=payer_id, invoice_id=invoice_id, automatic=automatic)
        for id_, payer_id, invoice_id, automatic in rows
    }


def _invoices(ids: set[UUID]) -> dict[UUID, InvoiceSeen]:
    """Invoices; the first of a subscription is the one that no other was finalised before."""
    if not ids:
        return {}
    earlier = (
        Invoice.objects.filter(subscription_id=OuterRef("subscription_id"))
        .exclude(status=Invoice.Status.DRAFT)
        .exclude(id=OuterRef("id"))
        .filter(
            Q(finalized_at__lt=OuterRef("finalized_at"))
            | Q(finalized_at=OuterRef("finalized_at"), id__lt=OuterRef("id"))
        )
    )
    rows = Invoice.objects.filter(id__in=ids).annotate(follows=Exists(earlier))
    found = rows.values_list("id", "payer_id", "subscription_id", "follows")
    return {
        id_: InvoiceSeen(id=id_, payer_id=payer_id, first=subscription_id is not None and not follows)
        for id_, payer_id, subscription_id, follows in found
    }
