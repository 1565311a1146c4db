"""Clearing the way for an automatic charge (domain 21): an open page at a provider is closed, a payment that waits for
its subscriber is given up, and both are confirmed so, before anything is charged without them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from billing.flows import outcome
from billing.flows.providers import gateway_of
from billing.gateways.base import Outcome, OutcomeKind
from invoices.models import Payment
from merchants.actors import Actor
from merchants.clock import instant
from merchants.tenancy.scope import tenant

NEVER_SEEN = timedelta(minutes=1)
"""Longer than any answer is waited for: after this a page that the provider never saw will not come."""
WAITING = Q(status=Payment.Status.PENDING, hosted=True) | Q(status=Payment.Status.REQUIRES_ACTION)


def open_pages(invoice_ids: Collection[UUID]) -> set[UUID]:
    """Those of the invoices for which a page is open at a provider. Needs the tenant's scope."""
    rows = Payment.objects.filter(invoice_id__in=invoice_ids, status=Payment.Status.PENDING, hosted=True)
    return {id_ for id_ in rows.values_list("invoice_id", flat=True) if id_ is not None}


def clear(*, merchant_id: UUID, invoice_ids: Collection[UUID]) -> set[UUID]:
    """Close all that waits for somebody on these invoices, and record what the providers say: it may have been paid
    meanwhile. Answers the invoices that must not be charged yet, because a provider did not confirm."""
    with tenant(merchant_id):
        rows = Payment.objects.filter(WAITING, invoice_id__in=invoice_ids).select_related("account", "payer")
        waiting = list(rows.order_by("id"))
    if not waiting:
        return set()
    for payment in waiting:
        answer = _close(payment)
        if answer.kind is OutcomeKind.NOT_FOUND:
            if (payment.asked_at or payment.created_at) < instant() - NEVER_SEEN:
                outcome.give_up(merchant_id=merchant_id, payment_id=payment.pk, actor=Actor.system("collect"))
        else:
            outcome.record(merchant_id=merchant_id, payment_id=payment.pk, outcome=answer)
    with tenant(merchant_id):
        left = Payment.objects.filter(WAITING, id__in=[payment.pk for payment in waiting])
        return {id_ for id_ in left.values_list("invoice_id", flat=True) if id_ is not None}


def _close(payment: Payment) -> Outcome:
    gateway = gateway_of(payment.account)
    if payment.hosted and payment.provider_session:
        return gateway.expire_checkout(payment.provider_session)
    if payment.status == Payment.Status.REQUIRES_ACTION and payment.provider_ref:
        return gateway.cancel_payment(payment.provider_ref)
    customer = payment.payer.provider_customers.get(str(payment.account_id))
    return gateway.payment_outcome(key=str(payment.pk), customer_ref=customer)
