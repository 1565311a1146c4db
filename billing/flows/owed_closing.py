"""Before another page opens for an invoice: what waits for somebody is closed, or a payment that waits for the bank is
taken there. Each is confirmed by the provider, and what it says is recorded: it may be paid meanwhile.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from billing.flows import collect, outcome, way
from billing.flows.outcome import provider_actor
from billing.flows.pay import ProviderSilent
from billing.flows.providers import gateway_of
from billing.gateways.base import OutcomeKind
from invoices.models import Invoice, Payment
from merchants.clock import instant
from merchants.links import mint_until
from merchants.tenancy.scope import tenant

BACK_LASTS = timedelta(days=1)
"""How long the bank's page may send its visitor back to us."""


def return_address(invoice: Invoice, *, until: datetime) -> str:
    """Where the provider or the bank sends the visitor back to."""
    token = mint_until("owed-return", invoice.tenant_id, invoice.pk, until=until)
    return settings.PUBLIC_URL + reverse("hosted:owed-return", args=[token])


def close(*, merchant_id: UUID, payment: Payment) -> None:
    """Close an open page, or a payment that waits for the bank. Where it was paid meanwhile that is recorded, and the
    card that came with it is tried on what else is owed. Raises ProviderSilent where the provider does not confirm."""
    invoice_id = cast(UUID, payment.invoice_id)
    if way.clear(merchant_id=merchant_id, invoice_ids=[invoice_id]):
        raise ProviderSilent
    accepted = (Payment.Status.SUCCEEDED, Payment.Status.PROCESSING)
    with tenant(merchant_id):
        was_paid = Payment.objects.filter(id=payment.pk, hosted=True, status__in=accepted).exists()
    if was_paid:
        collect.retry_now(merchant_id=merchant_id, payer_id=payment.payer_id, actor=provider_actor(payment.account))


def confirm(*, merchant_id: UUID, payment: Payment) -> str | None:
    """The bank's page for a payment that waits for it. None where it leads nowhere: the invoice stands otherwise now,
    or the payment was closed. Raises ProviderSilent."""
    method = payment.payment_method
    if method is None or not payment.provider_ref:
        close(merchant_id=merchant_id, payment=payment)
        return None
    with tenant(merchant_id):
        invoice = Invoice.objects.get(id=cast(UUID, payment.invoice_id))
    answer = gateway_of(payment.account).authenticate(
        provider_ref=payment.provider_ref,
        method_ref=method.provider_ref,
        return_url=return_address(invoice, until=instant() + BACK_LASTS),
    )
    if answer.kind is OutcomeKind.UNKNOWN:
        raise ProviderSilent
    outcome.record(merchant_id=merchant_id, payment_id=payment.pk, outcome=answer)
    if answer.kind is not OutcomeKind.REQUIRES_ACTION:
        return None
    if not answer.action_url:  # it asks in a way that our pages cannot show: a fresh page can
        close(merchant_id=merchant_id, payment=payment)
    return answer.action_url or None
