"""Settling what stayed open: payments whose outcome is unknown, refunds owed, purchases nobody paid for.

The provider is asked, never charged again (domain 21). Everything here may run twice.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from billing.flows import at_terminal, change_purchase, checkout, looking, outcome, pay
from billing.flows.providers import gateway_of
from billing.gateways.base import Outcome, OutcomeKind, RefundAsk
from billing.models import CheckoutSession
from invoices.models import Payment, Refund
from invoices.services import payments
from merchants.actors import Actor
from merchants.clock import instant
from merchants.models import Merchant, ProviderAccount
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.services import belonging

NEVER_ASKED = timedelta(minutes=15)
"""After this a payment that the provider never saw, and whose page nobody opened, is given up."""

KEYS_LAST = timedelta(hours=20)
"""How long a provider surely remembers an idempotency key; after that it is asked before anything is sent again."""


def reconcile(*, merchant_id: UUID, payment_id: UUID) -> None:
    """Ask the provider about one payment that is not settled. One that it never saw is given up after a while, and its
    invoice collected anew by another payment; the simulated provider hears in order, so that an ask of ours that was
    not answered there, and that it does not know, never comes."""
    answer = looking.ask_about(merchant_id=merchant_id, payment_id=payment_id)
    if answer.kind is OutcomeKind.OPEN:
        at_terminal.let_go(merchant_id=merchant_id, payment_id=payment_id)
    if answer.kind is not OutcomeKind.NOT_FOUND:
        return
    with tenant(merchant_id):
        payment = Payment.objects.select_related("account").get(id=payment_id)
    lost = payment.status == Payment.Status.UNKNOWN and payment.account.kind == ProviderAccount.Kind.SIMULATED
    if lost or (payment.asked_at or payment.created_at) <= instant() - NEVER_ASKED:
        outcome.give_up(merchant_id=merchant_id, payment_id=payment_id, actor=Actor.system("reconcile"))


def refund(*, merchant_id: UUID, refund_id: UUID) -> None:
    """Give back what is owed, in three steps; a repeat carries the same key and gives nothing twice."""
    with tenant(merchant_id):
        owed = Refund.objects.select_related("payment__account").get(id=refund_id)
        if owed.status in (Refund.Status.SUCCEEDED, Refund.Status.FAILED):
            return
        account = owed.payment.account
        asked_before = owed.status == Refund.Status.UNKNOWN or owed.created_at < instant() - KEYS_LAST
        ask = RefundAsk(
            key=str(owed.pk),
            provider_ref=owed.payment.provider_ref,
            amount=owed.amount,
            currency=owed.currency,
            reason="duplicate",
        )
    gateway = gateway_of(account)
    answer = Outcome(kind=OutcomeKind.NOT_FOUND)
    if asked_before:  # keys are forgotten after a day: look before giving again (reliability 1.1)
        answer = gateway.refund_outcome(key=ask.key, payment_ref=ask.provider_ref)
    if answer.kind is OutcomeKind.NOT_FOUND:
        answer = gateway.refund(ask)
    status = {OutcomeKind.SUCCEEDED: Refund.Status.SUCCEEDED, OutcomeKind.FAILED: Refund.Status.FAILED}.get(
        answer.kind, Refund.Status.UNKNOWN
    )
    with tenant(merchant_id):
        belonging.lock([owed.payment.payer_id])  # first, as everybody does
        owed = Refund.objects.select_for_update(of=("self",)).select_related("payment").get(id=refund_id)
        merchant = Merchant.objects.get(id=merchant_id)
        payments.record_refund(
            owed,
            status=status,
            provider_ref=answer.provider_ref or "",
            message=answer.message,
            actor=Actor.system("refund"),
            now=now_for(merchant, owed.payment.test_clock_id),
        )


def lapse(*, merchant_id: UUID, session_id: UUID) -> None:
    """End a purchase that nobody paid for in time. Its page at the provider is closed, and confirmed so, first; while
    money is on its way nothing lapses (domain 10)."""
    with tenant(merchant_id):
        session = CheckoutSession.objects.select_related("subscription").get(id=session_id)
        if session.status != CheckoutSession.Status.OPEN or session.expires_at > outcome.clock_of(session).at:
            return  # the nudge goes by real time; a test clock may stand long before
    try:
        change_purchase.close_page(merchant_id=merchant_id, session_id=session_id)
    except (pay.PaymentUnderWay, pay.ProviderSilent):
        return
    with tenant(merchant_id):
        session = checkout.lock(session_id)
        now = outcome.clock_of(session)
        if session.status != CheckoutSession.Status.OPEN or session.expires_at > now.at:
            return
        if outcome.under_way(session) is None:
            checkout.lapse(session, actor=Actor.system("lapse"), now=now)
