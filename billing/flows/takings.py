"""Many charges that were simply taken, recorded together: what most of a collection is (domain 21).

Each is a payment for the whole of what its invoice owes, taken at the first ask. Whatever is not just so is left to
`outcome.record`, one at a time, which knows every other case.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from billing.flows.outcome import provider_actor
from billing.flows.providers import recorded
from billing.gateways.base import Outcome, OutcomeKind
from invoices.models import Invoice, Payment
from invoices.selectors.affected import people_of
from invoices.services import payments, settling
from merchants.models import ProviderAccount
from merchants.now import Now
from merchants.tenancy.scope import tenant
from subscribers.services import belonging

Told = tuple[UUID, Outcome]


def record_taken(*, merchant_id: UUID, told: Sequence[Told], now: Now) -> list[Told]:
    """Record the charges of `told` (payment, outcome) that were simply taken: one transaction, a number of statements
    that does not depend on how many. Answers the others, in their order, for which nothing was written."""
    taken = {payment_id: answer for payment_id, answer in told if _is_plain(answer)}
    if not taken:
        return list(told)
    with tenant(merchant_id):
        for_invoices = Payment.objects.filter(id__in=list(taken), session_id=None, hosted=False)
        invoice_ids = [id_ for id_ in for_invoices.values_list("invoice_id", flat=True) if id_ is not None]
        belonging.lock(people_of(invoice_ids))
        invoices = {
            row.pk: row
            for row in Invoice.objects.select_for_update(of=("self",)).filter(id__in=invoice_ids).order_by("id")
        }
        rows = list(
            Payment.objects.select_for_update(of=("self",))
            .filter(id__in=list(taken), session_id=None, hosted=False)
            .order_by("id")
        )
        done: dict[UUID, list[settling.Taken]] = {}
        written: set[UUID] = set()
        for payment in rows:
            invoice, answer = invoices.get(payment.invoice_id or UUID(int=0)), taken[payment.pk]
            if invoice is None or not _is_whole(payment, invoice, answer):
                continue
            if payments.put(payment, recorded(answer, payment), now=now):
                done.setdefault(payment.account_id, []).append((payment, invoice))
                written.add(payment.pk)
        for account in ProviderAccount.objects.filter(id__in=list(done)).order_by("id"):
            settling.settle_whole(done[account.pk], actor=provider_actor(account), now=now)
    return [(payment_id, answer) for payment_id, answer in told if payment_id not in written]


def _is_plain(answer: Outcome) -> bool:
    return answer.kind is OutcomeKind.SUCCEEDED and bool(answer.captured)


def _is_whole(payment: Payment, invoice: Invoice, answer: Outcome) -> bool:
    """Just what was asked, in its currency, and just what the invoice still owes."""
    return (
        payment.status == Payment.Status.PENDING
        and invoice.status == Invoice.Status.OPEN
        and answer.captured == payment.amount == invoice.amount_due
        and answer.currency in (None, payment.currency)
    )
