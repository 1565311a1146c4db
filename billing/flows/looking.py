"""Look at what became of a payment: ask the provider, record what it says, and say how the purchase stands (domain 21).

Nothing here charges the payment that is looked at. Looking twice ends in the same state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from billing.flows import outcome
from billing.flows.collect import retry_now
from billing.flows.providers import gateway_of
from billing.gateways.base import Outcome, OutcomeKind
from billing.models import CheckoutSession
from invoices.models import Payment
from merchants.tenancy.scope import tenant


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a purchase stands after it was looked at. `outcome` is what the provider said when it was asked just now,
    None where there was nothing to ask about."""

    status: Literal["open", "complete", "expired"]
    payment: Payment | None = None
    outcome: Outcome | None = None

    @property
    def is_silent(self) -> bool:
        """Whether the provider was asked and did not answer."""
        return self.outcome is not None and self.outcome.kind is OutcomeKind.UNKNOWN


def look(*, merchant_id: UUID, session_id: UUID) -> Standing:
    """Ask the provider how the session's payment stands, record it, and say where the purchase stands."""
    with tenant(merchant_id):
        session = CheckoutSession.objects.select_related("subscription").get(id=session_id)
        payment = outcome.under_way(session)
        account = payment.account if payment else None
    answer = None
    if payment is not None and account is not None:
        answer = ask_about(merchant_id=merchant_id, payment_id=payment.pk)
    with tenant(merchant_id):
        session = CheckoutSession.objects.select_related("subscription").get(id=session_id)
        payment = Payment.objects.filter(session_id=session_id).order_by("-id").first()
    if session.status == CheckoutSession.Status.COMPLETE:
        return Standing(status="complete", payment=payment, outcome=answer)
    if session.status == CheckoutSession.Status.EXPIRED:
        return Standing(status="expired", payment=payment, outcome=answer)
    return Standing(status="open", payment=payment, outcome=answer)


def ask_about(*, merchant_id: UUID, payment_id: UUID) -> Outcome:
    """Ask the provider about one payment and record what it says. Never charges this payment; a card that came with it
    is tried at once on what else is owed (domain 22)."""
    with tenant(merchant_id):
        payment = Payment.objects.select_related("account", "payer").get(id=payment_id)
        account, payer = payment.account, payment.payer
    gateway = gateway_of(account)
    if payment.hosted and payment.provider_session:
        answer = gateway.checkout_outcome(payment.provider_session)
    else:
        customer = payer.provider_customers.get(str(account.pk))
        answer = gateway.payment_outcome(
            key=str(payment.pk), provider_ref=payment.provider_ref or None, customer_ref=customer
        )
    if outcome.record(merchant_id=merchant_id, payment_id=payment_id, outcome=answer) and payment.session_id is None:
        retry_now(merchant_id=merchant_id, payer_id=payer.pk, actor=outcome.provider_actor(account))
    return answer
