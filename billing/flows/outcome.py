"""What became of a payment: recorded, and followed by all that it leads to (domain 21). `looking` asks the provider.

Nothing here ever charges. Whatever is repeated (double click, back button, the provider's notice before or instead of
the visitor's return) ends in the same state.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from billing.flows import change_asked, checkout, debts
from billing.flows.complete import complete
from billing.flows.providers import recorded, saved
from billing.gateways.base import Outcome, OutcomeKind
from billing.models import CheckoutSession
from invoices.models import Invoice, Payment
from invoices.models.payments import IN_FLIGHT
from invoices.selectors.affected import people_of
from invoices.services import payments
from merchants.actors import Actor, ActorKind, Channel
from merchants.clock import instant
from merchants.models import Merchant, ProviderAccount
from merchants.now import Now
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.services import belonging, means

_log = logging.getLogger(__name__)
FIRST_LOOK = timedelta(minutes=2)
"""When a page that was opened and not heard of is asked about."""


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


def record(*, merchant_id: UUID, payment_id: UUID, outcome: Outcome) -> bool:
    """The third step: write an outcome, and all that follows from it, in one transaction. Safe to repeat. Whether a
    means of payment was saved with it just now."""
    with tenant(merchant_id):
        known = Payment.objects.get(id=payment_id)
        if known.session_id is None:
            assert known.invoice_id is not None  # a payment is for something
            return _record_for_invoice(known.invoice_id, payment_id, outcome)
        session = checkout.lock(known.session_id)
        payment = payments.lock(payment_id)
        now, actor = clock_of(session), provider_actor(payment.account)
        if _decides_nothing(payment, outcome):
            _note_refusal(payment, outcome)
            return False
        method_id = _saved(payment, outcome, actor=actor, now=now)
        expired = outcome.kind is OutcomeKind.EXPIRED
        before = payment.status
        if not payments.record(payment, recorded(outcome, payment, method_id), actor=actor, now=now, quiet=expired):
            return False
        _follow(session, payment, before, method_id, actor=actor, now=now)
        return method_id is not None


def _record_for_invoice(invoice_id: UUID, payment_id: UUID, outcome: Outcome) -> bool:
    belonging.lock(people_of([invoice_id]))
    invoice = Invoice.objects.select_for_update(of=("self",)).get(id=invoice_id)
    payment = payments.lock(payment_id)
    now = now_for(Merchant.objects.get(id=invoice.tenant_id), invoice.test_clock_id)
    actor = provider_actor(payment.account)
    if _decides_nothing(payment, outcome):
        _note_refusal(payment, outcome)
        return False
    fresh = payment.payment_method_id is None  # a page or a reader: the card came with the money
    method_id = _saved(payment, outcome, actor=actor, now=now) if fresh else None
    quiet = outcome.kind is OutcomeKind.EXPIRED or debts.is_fault(payment, outcome)
    before = payment.status
    if payments.record(payment, recorded(outcome, payment, method_id), actor=actor, now=now, quiet=quiet):
        debts.follow(invoice, payment, before, actor=actor, now=now)
    return method_id is not None


def give_up(*, merchant_id: UUID, payment_id: UUID, actor: Actor) -> bool:
    """Close a payment of which the provider, who was just asked, never heard. What it was for may be asked for anew.
    False where it moved meanwhile. The caller makes sure that the ask cannot come late."""
    with tenant(merchant_id):
        known = Payment.objects.get(id=payment_id)
        invoice = None
        if known.session_id is not None:
            now = clock_of(checkout.lock(known.session_id))
        else:
            assert known.invoice_id is not None
            belonging.lock(people_of([known.invoice_id]))
            invoice = Invoice.objects.select_for_update(of=("self",)).get(id=known.invoice_id)
            now = now_for(Merchant.objects.get(id=merchant_id), invoice.test_clock_id)
        payment = payments.lock(payment_id)
        if payment.provider_session or payment.status not in (Payment.Status.PENDING, Payment.Status.UNKNOWN):
            return False
        closed = payments.Recorded(status=Payment.Status.FAILED, code=payments.NEVER_ASKED)
        payments.record(payment, closed, actor=actor, now=now, quiet=True)
        if invoice is not None:
            debts.ask_again(invoice, payment, actor=actor, now=now)
        return True


def _saved(payment: Payment, outcome: Outcome, *, actor: Actor, now: Now) -> UUID | None:
    """The card or mandate that came with accepted money, saved as the payer's default."""
    accepted = outcome.kind in (OutcomeKind.SUCCEEDED, OutcomeKind.PROCESSING)
    if outcome.method is None or not accepted or payment.status == Payment.Status.SUCCEEDED:
        return None
    return means.save(payment.payer, payment.account, saved(outcome.method), actor=actor, now=now).pk


def _decides_nothing(payment: Payment, outcome: Outcome) -> bool:
    """A question that was not answered makes nothing unknown of which we knew the standing: a debit that was accepted
    is still on its way, and a page, opened or not, has taken nothing that we should lose sight of. Nor is a sum in
    another currency than was asked for believed: a person has to look."""
    if outcome.kind in (OutcomeKind.OPEN, OutcomeKind.NOT_FOUND):
        return True
    if outcome.captured and outcome.currency and outcome.currency != payment.currency:
        _log.error("payment %s was asked in %s, and taken in %s", payment.pk, payment.currency, outcome.currency)
        return True
    waits = payment.status in (Payment.Status.PROCESSING, Payment.Status.REQUIRES_ACTION)
    shown = payment.hosted or payment.provider_ref != ""  # on a page, or on a reader's screen
    known = waits or (shown and payment.status == Payment.Status.PENDING)
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
    """What an outcome of a purchase leads to: the purchase completed (or the change made that waited for it), its
    invoice settled or a debt, or money owed back."""
    arrived = payment.status == Payment.Status.SUCCEEDED
    accepted = arrived or payment.status == Payment.Status.PROCESSING
    if accepted and session.status == CheckoutSession.Status.OPEN and payment.amount == session.quote.total:
        if session.asked is None:
            complete(session, payment, method_id=method_id, actor=actor, now=now)
            return
        if change_asked.carry_out(session, payment, before, actor=actor, now=now):
            return
    if before == Payment.Status.PROCESSING and payment.invoice_id is not None:
        invoice = Invoice.objects.select_for_update(of=("self",)).get(id=payment.invoice_id)
        debts.follow(invoice, payment, before, actor=actor, now=now)
        return
    if arrived and payment.captured:
        payments.hold(payment, session.quote.legal_entity_id, now=now)
        payments.owe_back(payment, payment.captured, reason="captured after the purchase was over", now=now)
