"""What the outcome of a payment means for the invoice that it was for: settled, on its way, a debt, or asked for again.

Called in the transaction that recorded the outcome, with the invoice and its people locked.
"""

from __future__ import annotations

from datetime import timedelta

from billing.flows import cases
from billing.gateways import declines
from billing.gateways.base import Outcome, OutcomeKind
from invoices.models import Invoice, Payment
from invoices.services import payments
from merchants.actors import Actor
from merchants.now import Now

LATER = {
    declines.PROVIDER_ERROR,
    declines.NO_ANSWER,
    declines.RATE_LIMITED,
    declines.IN_PROGRESS,
    declines.PROVIDER_REFUSED_KEY,
}
"""Faults of the provider, or of our account there, that pass or are mended: the same is asked for again later."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=10), timedelta(days=1)
Status = Payment.Status


def is_fault(payment: Payment, outcome: Outcome) -> bool:
    """Whether a charge by itself failed through nobody's card: the provider, our key there, an amount that it cannot
    take. That is no debt of the subscriber's, who hears nothing of it."""
    refused = outcome.kind in (OutcomeKind.FAILED, OutcomeKind.UNSUPPORTED)
    return refused and outcome.advice is None and payment.automatic and payment.status != Status.PROCESSING


def follow(invoice: Invoice, payment: Payment, before: str, *, actor: Actor, now: Now) -> None:
    """All that a payment's new status leads to. A capture beyond what is due is owed back (domain 21)."""
    if payment.status == Status.SUCCEEDED and payment.captured:
        was_paid = invoice.status == Invoice.Status.PAID
        payments.settle(payment, invoice, actor=actor, now=now)
        if was_paid or invoice.status != Invoice.Status.PAID:  # where it settled all, the standing has followed
            cases.stand([invoice.pk], actor=actor, now=now)
    elif payment.status == Status.FAILED and _is_debt(payment, before):
        cases.note_failure(invoice, payment=payment, code=payment.code, actor=actor, now=now)
    elif payment.status == Status.FAILED and not payment.advice and payment.code != payments.EXPIRED:
        ask_again(invoice, payment, actor=actor, now=now)
    elif payment.status == Status.REQUIRES_ACTION and payment.automatic and before != Status.REQUIRES_ACTION:
        cases.note_failure(invoice, payment=payment, code=payment.code, actor=actor, now=now)
    else:
        cases.stand([invoice.pk], actor=actor, now=now)


def _is_debt(payment: Payment, before: str) -> bool:
    """A debt begins with a try by itself, or with a debit that was accepted and came back; a page on which somebody
    fails is theirs to try again, and a payment that waited for its subscriber has opened its case then."""
    return before == Status.PROCESSING or bool(
        payment.advice and payment.automatic and before != Status.REQUIRES_ACTION
    )


def ask_again(invoice: Invoice, payment: Payment, *, actor: Actor, now: Now) -> None:
    """A charge that never reached a card: the invoice is collected anew, at once where the provider never heard of the
    first ask, later and later where it is out of order or hears nothing again; where a person has to look, they are
    told."""
    if not payment.automatic or invoice.status != Invoice.Status.OPEN or not invoice.amount_due:
        cases.stand([invoice.pk], actor=actor, now=now)
        return
    unheard = {*LATER, payments.NEVER_ASKED}
    if payment.code in unheard:
        before = Payment.objects.filter(invoice=invoice, automatic=True, code__in=unheard).count()
        at_once = payment.code == payments.NEVER_ASKED and before == 1
        wait = timedelta(0) if at_once else min(FIRST_WAIT * 2 ** min(before - 1, 10), LONGEST_WAIT)
        invoice.collect_at = now.at + wait
    if invoice.collect_at is not None:
        invoice.save(update_fields=["collect_at"])
    if payment.code != payments.NEVER_ASKED:
        cases.tell_failure(invoice, payment=payment, code=payment.code, actor=actor, now=now)
    cases.stand([invoice.pk], actor=actor, now=now)
