"""Rows as the API shows them, and what several endpoints share, of this app and above it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from django.db.models import QuerySet

from invoices import shapes
from invoices.models import CreditNote, Invoice, Payment
from invoices.selectors.answers import CreditNoteShape, InvoiceShape, PaymentShape
from merchants.http.bodies import Filters
from merchants.http.expand import Loader
from merchants.http.fields import Choice, Instant, PublicId, Text
from merchants.http.references import UNKNOWN, find
from merchants.ids import read
from merchants.refusals import Invalid
from subscribers import shapes as subscriber_shapes
from subscribers.models import Subscriber, Subscription
from subscribers.selectors import people


def show_invoices(rows: Sequence[Invoice]) -> list[InvoiceShape]:
    """Invoices without their lines."""
    return [cast(InvoiceShape, shapes.invoice(row)) for row in rows]


def show_credit_notes(rows: Sequence[CreditNote]) -> list[CreditNoteShape]:
    """Credit notes without their lines."""
    return [cast(CreditNoteShape, shapes.credit_note(row)) for row in rows]


def show_payments(rows: Sequence[Payment]) -> list[PaymentShape]:
    """Payments."""
    return [cast(PaymentShape, shapes.payment(row)) for row in rows]


def _subscribers(ids: Collection[str]) -> Mapping[str, Any]:
    keys = [key for each in ids if (key := read("cus", each))]
    return {row.public_id: subscriber_shapes.subscriber(row) for row in Subscriber.objects.filter(pk__in=keys)}


LOADERS: Mapping[str, Loader] = {"subscriber": _subscribers}
"""What `?expand=` may replace, one query each."""


class DocumentFilters(Filters):
    """Filters that invoices, credit notes and payments share. `subscriber` is who pays."""

    subscriber = PublicId("cus", required=False)
    created_after = Instant(required=False)


class InvoiceFilters(DocumentFilters):
    """Which invoices; `number` exactly; `run`: those that one billing run made."""

    subscription = PublicId("sub", required=False)
    status = Choice(choices=Invoice.Status.choices, required=False)
    number = Text(max_length=35, required=False)
    run = PublicId("run", required=False)


class CreditNoteFilters(DocumentFilters):
    """Which credit notes; `number` exactly."""

    invoice = PublicId("inv", required=False)
    number = Text(max_length=35, required=False)


class PaymentFilters(DocumentFilters):
    """Which payments."""

    invoice = PublicId("inv", required=False)
    status = Choice(choices=Payment.Status.choices, required=False)


def narrowed(rows: QuerySet[Any], given: Mapping[str, Any]) -> QuerySet[Any]:
    """A list as its filters say. Raises Invalid (422) for an id that names nothing."""
    for name, value in given.items():
        if name == "subscriber":
            rows = rows.filter(payer_id=find(people.visible(), value, field=name).pk)
        elif name == "subscription":
            rows = rows.filter(subscription_id=find(Subscription.objects.all(), value, field=name).pk)
        elif name == "invoice":
            rows = rows.filter(invoice_id=find(Invoice.objects.all(), value, field=name).pk)
        elif name == "run":  # a run is billing's: only its id is known down here
            run_id = read("run", value)
            if run_id is None:
                raise Invalid.at(name, "not_found", UNKNOWN)
            rows = rows.filter(run_id=run_id)
        elif name == "created_after":
            rows = rows.filter(created_at__gt=value)
        else:
            rows = rows.filter(**{name: value})
    return rows
