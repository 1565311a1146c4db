"""Changing a purchase on the hosted form before it is paid: options taken or left, a code typed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from billing.flows import checkout, pay
from billing.flows.providers import gateway_of
from billing.models import CheckoutSession
from invoices.models import Payment
from merchants.tenancy.scope import tenant


def close_page(*, merchant_id: UUID, session_id: UUID) -> None:
    """Close the provider's open page of a session, and record what it says: it may have been paid meanwhile.

    Raises PaymentUnderWay where money is on its way, ProviderSilent where the provider does not confirm.
    """
    with tenant(merchant_id):
        session = CheckoutSession.objects.get(id=session_id)
        payment = pay.under_way(session)
        account = payment.account if payment else None
    if payment is None or account is None:
        return
    if not payment.provider_session:
        pay.ask_about(merchant_id=merchant_id, payment_id=payment.pk)
        outcome = gateway_of(account).payment_outcome(key=str(payment.pk))
    else:
        outcome = gateway_of(account).expire_checkout(payment.provider_session)
    pay.record(merchant_id=merchant_id, payment_id=payment.pk, outcome=outcome)
    with tenant(merchant_id):
        payment.refresh_from_db()
    if payment.status in (Payment.Status.PROCESSING, Payment.Status.REQUIRES_ACTION):
        raise pay.PaymentUnderWay
    if payment.status in (Payment.Status.PENDING, Payment.Status.UNKNOWN):
        raise pay.ProviderSilent


def change(
    *, merchant_id: UUID, session_id: UUID, option_ids: Sequence[UUID] | None = None, code: str | None = None
) -> CheckoutSession:
    """Another choice of options, or a code added ('' takes all codes away). Raises SessionOver, Invalid and what
    `close_page` raises. Where the page was paid in the meantime the purchase is complete and nothing is changed."""
    close_page(merchant_id=merchant_id, session_id=session_id)
    with tenant(merchant_id):
        session = checkout.lock(session_id)
        if session.status != CheckoutSession.Status.OPEN:
            return session
        coupons = None
        if code is not None:
            coupons = [checkout.coupon_for(code)] if code.strip() else []
        options = None if option_ids is None else checkout.options_by_id(option_ids)
        checkout.requote(session, now=pay.clock_of(session), options=options, coupons=coupons)
        return session
