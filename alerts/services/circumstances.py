"""What routing must know of a batch of events, looked up in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from alerts.occurrences import InvoiceSeen, Occurrence, PaymentSeen
from invoices.models import Invoice, Payment
from merchants.actors import Channel
from merchants.ids import read
from merchants.models import Event
from subscribers.lifecycle import LIVE
from subscribers.models import Subscription


def occurrences(events: Sequence[Event]) -> list[Occurrence]:
    """The events with what routing needs to know: at most one query for payments, one for invoices, one for payers."""
    payments = _payments(_about(events, "payment."))
    owed = {event.pk: _named(event, "invoice", "inv") for event in events if event.kind.startswith("dunning.")}
    wanted = _about(events, "invoice.") | {p.invoice_id for p in payments.values() if p.invoice_id is not None}
    invoices = _invoices(wanted | {id_ for id_ in owed.values() if id_ is not None})
    payers = {event.pk: _named(event, "payer", "cus") for event in events if event.kind == "subscription.ended"}
    charged = _charged({id_ for id_ in payers.values() if id_ is not None})
    seen = []
    for event in events:
        payment = payments.get(event.object_id) if event.object_id else None
        invoice_id = payment.invoice_id if payment else owed.get(event.pk) or event.object_id
        seen.append(
            Occurrence(
                id=event.pk,
                kind=event.kind,
                object_id=event.object_id,
                subscriber_id=event.subscriber_id,
                data=event.data,
                invoice=invoices.get(invoice_id) if invoice_id else None,
                payment=payment,
                pays_on=payers.get(event.pk) in charged,
            )
        )
    return seen


def _named(event: Event, name: str, prefix: str) -> UUID | None:
    """The id that an event's object gives under a name."""
    about = event.data.get("object") if isinstance(event.data, dict) else None
    shown = about.get(name) if isinstance(about, dict) else None
    return read(prefix, shown) if isinstance(shown, str) else None


def _charged(payers: set[UUID]) -> set[UUID]:
    """Which of these payers have a live subscription that is charged by itself."""
    if not payers:
        return set()
    rows = Subscription.objects.filter(payer_id__in=payers, status__in=LIVE, collection="automatic")
    return set(rows.values_list("payer_id", flat=True))


def _about(events: Iterable[Event], family: str) -> set[UUID]:
    return {event.object_id for event in events if event.kind.startswith(family) and event.object_id is not None}


def _payments(ids: set[UUID]) -> dict[UUID, PaymentSeen]:
    if not ids:
        return {}
    earlier = Payment.objects.filter(
        invoice_id=OuterRef("invoice_id"), automatic=True, status=Payment.Status.FAILED, id__lt=OuterRef("id")
    )
    rows = Payment.objects.filter(id__in=ids).annotate(again=Exists(earlier))
    found = rows.values_list("id", "payer_id", "invoice_id", "automatic", "again")
    return {
        id_: PaymentSeen(id=id_, payer_id=payer_id, invoice_id=invoice_id, automatic=automatic, again=again)
        for id_, payer_id, invoice_id, automatic, again in found
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
    found = rows.values_list("id", "payer_id", "subscription_id", "subscription__channel", "follows")
    return {
        id_: InvoiceSeen(
            id=id_,
            payer_id=payer_id,
            first=subscription_id is not None and not follows,
            at_counter=channel == Channel.counter,
        )
        for id_, payer_id, subscription_id, channel, follows in found
    }
