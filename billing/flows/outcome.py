"""What became of a payment: asked of the provider, recorded, and followed by all that it leads to (domain 21).

Nothing here ever charges. Whatever is repeated (double click, back button, the provider's notice before or instead of
the visitor's return) ends in the same state.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from billing.flows import checkout
from billing.flows.complete import complete
from billing.flows.providers import gateway_of, recorded, saved
from billing.gateways.base import Outcome, OutcomeKind
from billing.models import CheckoutSession
from invoices.models import Payment
from invoices.models.payments import IN_FLIGHT
from invoices.services import payments
from merchants.actors import Actor, ActorKind, Channel
from merchants.clock import instant
from merchants.models import Merchant, ProviderAccount
from merchants.now import Now, local_midnight
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers import shapes as life
from subscribers.models import Subscription
from subscribers.selectors.rights import verdict_of
from subscribers.services import facts, means

_log = logging.getLogger(__name__)
FIRST_LOOK = timedelta(minutes=2)
"""When a page that was opened and not heard of is asked about."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a purchase stands after it was looked at. `go_to` is where the visitor belongs now; `outcome` is what the
    provider said when it was asked just now, None where there was nothing to ask about."""

    status: Literal["open", "complete", "expired"]
    payment: Payment | None = None
    go_to: str | None = None
    outcome: Outcome | None = None

    @property
    def is_silent(self) -> bool:
        """Whether the provider was asked and did not answer."""
        return self.outcome is not None and self.outcome.kind is OutcomeKind.UNKNOWN


def provider_actor(account: ProviderAccount) -> Actor:
    """A provider as the one who acts."""
    return Actor(kind=ActorKind.provider, id=account.kind, label=account.kind, channel=Channel.system)


def clock_of(session: CheckoutSession) -> Now:
    """The present for a session's subscriber."""
    merchant = Merchant.objects.get(id=session.tenant_id)
    return now_for(merchant, session.subscription.test_clock_id)


def under_way(session: CheckoutSession) -> Payment | None:
    """The session's payment that is not settled, if any."""
    return Payment.objects.filter(session_id=session.pk, status__in=IN_FLIGHT).first()


def look(*, merchant_id: UUID, session_id: UUID) -> Standing:
    """Ask the provider how the session's payment stands, record it, and say where the visitor belongs."""
    with tenant(merchant_id):
        session = CheckoutSession.objects.select_related("subscription").get(id=session_id)
        payment = under_way(session)
        account = payment.account if payment else None
    outcome = None
    if payment is not None and account is not None:
        outcome = ask_about(merchant_id=merchant_id, payment_id=payment.pk)
    with tenant(merchant_id):
        session = CheckoutSession.objects.select_related("subscription").get(id=session_id)
        payment = Payment.objects.filter(session_id=session_id).order_by("-id").first()
    if session.status == CheckoutSession.Status.COMPLETE:
        return Standing(status="complete", payment=payment, go_to=session.success_url, outcome=outcome)
    if session.status == CheckoutSession.Status.EXPIRED:
        elsewhere = session.failure_url or session.cancel_url or None
        return Standing(status="expired", payment=payment, go_to=elsewhere, outcome=outcome)
    return Standing(status="open", payment=payment, outcome=outcome)


def ask_about(*, merchant_id: UUID, payment_id: UUID) -> Outcome:
    """Ask the provider about one payment and record what it says. Never charges."""
    with tenant(merchant_id):
        payment = Payment.objects.select_related("account", "payer").get(id=payment_id)
        account, payer = payment.account, payment.payer
    gateway = gateway_of(account)
    if payment.hosted and payment.provider_session:
        outcome = gateway.checkout_outcome(payment.provider_session)
    else:
        customer = payer.provider_customers.get(str(account.pk))
        outcome = gateway.payment_outcome(
            key=str(payment.pk), provider_ref=payment.provider_ref or None, customer_ref=customer
        )
    record(merchant_id=merchant_id, payment_id=payment_id, outcome=outcome)
    return outcome


def record(*, merchant_id: UUID, payment_id: UUID, outcome: Outcome) -> None:
    """The third step: write an outcome, and all that follows from it, in one transaction. Safe to repeat."""
    with tenant(merchant_id):
        known = Payment.objects.get(id=payment_id)
        session = checkout.lock(known.session_id) if known.session_id else None
        if session is None:
            return
        payment = payments.lock(payment_id)
        now = clock_of(session)
        actor = provider_actor(payment.account)
        if outcome.kind in (OutcomeKind.OPEN, OutcomeKind.NOT_FOUND) or _tells_nothing(payment, outcome):
            _note_refusal(payment, outcome)
            return
        method_id = None
        accepted = outcome.kind in (OutcomeKind.SUCCEEDED, OutcomeKind.PROCESSING)
        if outcome.method is not None and accepted and payment.status != Payment.Status.SUCCEEDED:
            payer = session.subscription.payer
            method_id = means.save(payer, payment.account, saved(outcome.method), actor=actor, now=now).pk
        expired = outcome.kind is OutcomeKind.EXPIRED
        before = payment.status
        if not payments.record(payment, recorded(outcome, payment, method_id), actor=actor, now=now, quiet=expired):
            return
        _follow(session, payment, before, method_id, actor=actor, now=now)


def _tells_nothing(payment: Payment, outcome: Outcome) -> bool:
    """A question that was not answered makes nothing unknown of which we knew the standing: a debit that was accepted
    is still on its way, and a page, opened or not, has taken nothing that we should lose sight of. Nor is a sum in
    another currency than was asked for believed: a person has to look."""
    if outcome.captured and outcome.currency and outcome.currency != payment.currency:
        _log.error("payment %s was asked in %s, and taken in %s", payment.pk, payment.currency, outcome.currency)
        return True
    known = payment.status == Payment.Status.PROCESSING or (payment.hosted and payment.status == Payment.Status.PENDING)
    return outcome.kind is OutcomeKind.UNKNOWN and known


def _note_refusal(payment: Payment, outcome: Outcome) -> None:
    """Nothing is decided: keep the last refusal, for whoever shows the form, and look again later."""
    payment.code, payment.decline_code = outcome.code or "", outcome.decline_code or ""
    payment.advice, payment.message = outcome.advice or "", outcome.message[:400]
    payment.looks += 1
    payment.next_look_at = instant() + min(FIRST_LOOK * 2 ** min(payment.looks, 8), timedelta(hours=1))
    payment.save()


def _follow(
    session: CheckoutSession, payment: Payment, before: str, method_id: UUID | None, *, actor: Actor, now: Now
) -> None:
    """What an outcome leads to: the purchase completed, or money owed back."""
    arrived = payment.status == Payment.Status.SUCCEEDED
    accepted = arrived or payment.status == Payment.Status.PROCESSING
    if accepted and session.status == CheckoutSession.Status.OPEN and payment.amount == session.quote.total:
        complete(session, payment, method_id=method_id, actor=actor, now=now)
        return
    if arrived and before == Payment.Status.PROCESSING and session.invoice is not None:
        invoice = type(session.invoice).objects.select_for_update().get(id=session.invoice_id)
        payments.settle(payment, invoice, actor=actor, now=now)
        _payment_state(session.subscription, "ok", actor=actor, now=now)
        return
    if payment.status == Payment.Status.FAILED and before == Payment.Status.PROCESSING and session.invoice is not None:
        _payment_state(session.subscription, "overdue", actor=actor, now=now)
        return
    if arrived and payment.captured:
        payments.hold(payment, session.quote.legal_entity_id, now=now)
        payments.owe_back(payment, payment.captured, reason="captured after the purchase was over", now=now)


def _payment_state(subscription: Subscription, state: str, *, actor: Actor, now: Now) -> None:
    """Where the money stands, and the access that follows from it."""
    subscription.payment_state = state
    verdict = verdict_of(subscription, now.today)
    subscription.refresh_from_db(fields=["payment_state"])
    until = local_midnight(verdict.until, now.zone) if verdict.until else None
    before = subscription.access
    columns = {
        "payment_state": state,
        "access": verdict.access.value,
        "access_reason": verdict.why,
        "access_until": until,
    }
    verb = "payment_settled" if state == "ok" else "payment_failed"
    history.update(subscription, columns, actor=actor, now=now, verb=verb)
    if subscription.access != before:
        data = life.subscription(subscription)["access"]
        facts.tell(subscription.subscriber_id, ("access.changed", subscription.pk, data), actor=actor, now=now)
