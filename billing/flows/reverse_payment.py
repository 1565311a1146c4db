"""Taking back money recorded by hand, and having what it paid asked for again as for any unpaid invoice.

What was rung up at a till is rung up again, the other way, in that till's register: the drawer and the closings agree.
"""

from __future__ import annotations

from uuid import UUID

from billing.flows import cases
from billing.models import DunningCase
from billing.selectors.charging import asked_by_itself
from invoices.models import Invoice, Payment, RegisterEntry, TillSession
from invoices.selectors.affected import people_of
from invoices.services import payments, register, taken_back
from invoices.services.register import Clerk, TillClosed
from merchants.actors import Actor
from merchants.models import Merchant
from merchants.now import Now
from merchants.refusals import NotFound, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.services import belonging


def reverse(*, merchant_id: UUID, payment_id: UUID, reason: str, actor: Actor, clerk: Clerk | None = None) -> Payment:
    """Take a payment back, once; `clerk`: who does it at a counter. What it put on the balance is taken back too.

    Raises NotFound, Invalid (`reason`), NotByHand, TakenBackBefore, CreditedSince, UnderWay, TillClosed, Conflict
    (`balance_too_low`: what was paid too much is used already).
    """
    with tenant(merchant_id):
        invoice_id = Payment.objects.filter(id=payment_id).values_list("invoice_id", flat=True).first()
        if invoice_id is None:
            if Payment.objects.filter(id=payment_id).exists():
                raise taken_back.NotByHand
            raise NotFound
        belonging.lock(people_of([invoice_id]))
        invoice = Invoice.objects.select_for_update(of=("self",)).select_related("payer").get(id=invoice_id)
        payment = payments.lock(payment_id)
        now = now_for(Merchant.objects.get(id=merchant_id), invoice.test_clock_id)
        taken_back.take_back(payment, invoice, reason=reason, actor=actor, now=now)
        _ask_again(invoice, now)
        cases.stand([invoice.pk], actor=actor, now=now)
        _ring(payment, reason.strip(), actor, clerk)
        return payment


def _ask_again(invoice: Invoice, now: Now) -> None:
    """An invoice that is charged by itself is charged at the next run; with an open case its steps go on."""
    has_case = DunningCase.objects.filter(invoice=invoice, ended_at=None).exists()
    if has_case or invoice.collect_at is not None or not asked_by_itself([invoice], ()):
        return
    invoice.collect_at = now.at
    invoice.save(update_fields=["collect_at"])


def _ring(payment: Payment, reason: str, actor: Actor, clerk: Clerk | None) -> None:
    first = RegisterEntry.objects.filter(payment=payment, kind=RegisterEntry.Kind.RECEIVED).first()
    if first is None:
        return
    session = TillSession.objects.filter(till_id=first.till_id, closed_at=None).first()
    if session is None:
        raise TillClosed(
            gettext_noop("This payment was taken at a till that is closed now."),
            way_out=gettext_noop("Open the till at its counter, then take the payment back."),
        )
    now = now_for(Merchant.objects.get(id=payment.tenant_id))  # a register never follows a test clock
    register.reverse(session, payment, reason=reason, by=actor.id, clerk=clerk, now=now)
