"""One invoice charged now because somebody asked for it, the staff or the merchant's own system, in three steps.

It is a try like any other: what waits for the subscriber is closed first, the row is committed before the provider is
asked, and what is not answered stays `unknown`. Where the invoice was about to be collected by itself this try takes
that one's place; else it is nobody's automatic try, and a refusal begins no dunning (domain 22).
"""

from __future__ import annotations

from uuid import UUID

from billing.flows import asking, outcome, way
from billing.flows.outcome import FIRST_LOOK
from billing.flows.owed import InvoicePaymentUnderWay, NothingOwed
from billing.flows.pay import MerchantSuspended
from billing.flows.providers import gateway_of
from billing.selectors.charging import means_for
from billing.selectors.debts import DebtState, debt_of
from invoices.models import Invoice, Payment
from invoices.selectors.affected import people_of
from merchants.clock import instant
from merchants.models import Merchant
from merchants.refusals import Conflict, NotFound, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod
from subscribers.services import belonging


class NoMethod(Conflict):
    """There is nothing to charge."""

    code = "payment_method_missing"
    detail = gettext_noop("No payment method is known that can pay this invoice.")
    way_out = gettext_noop("Send the payment link: the card that pays is kept.")


def try_now(*, merchant_id: UUID, invoice_id: UUID, asked_by: str, method_id: UUID | None = None) -> Payment:
    """Charge what is due on an invoice, to a named method of its payer or to the one that it is collected on. Answers
    the payment with its outcome, a refusal included; its note names who asked.

    Raises NotFound, NothingOwed, InvoicePaymentUnderWay, NoMethod, MerchantSuspended.
    """
    held = way.clear(merchant_id=merchant_id, invoice_ids=[invoice_id])
    with tenant(merchant_id):
        merchant = Merchant.objects.get(id=merchant_id)
        if merchant.suspended_at is not None:
            raise MerchantSuspended
        belonging.lock(people_of([invoice_id]))
        rows = Invoice.objects.select_for_update(of=("self",)).select_related("payer")
        invoice = rows.filter(id=invoice_id).exclude(status=Invoice.Status.DRAFT).first()
        debt = debt_of(invoice_id)
        if invoice is None or debt is None:
            raise NotFound
        if debt.flight is not None or debt.page is not None or held:
            raise InvoicePaymentUnderWay
        if debt.state is not DebtState.owed:
            raise NothingOwed
        card = _method(invoice, method_id)
        now = now_for(merchant, invoice.test_clock_id)
        takes_a_place = invoice.collect_at is not None
        if takes_a_place:
            invoice.collect_at = None
            invoice.save(update_fields=["collect_at"])
        payment = Payment.objects.create(
            payer=invoice.payer,
            invoice=invoice,
            payment_method=card,
            account=card.account,
            gateway=card.account.kind,
            means=card.kind,
            automatic=takes_a_place,
            amount=debt.due,
            currency=invoice.currency,
            note=asked_by[:400],
            test_clock_id=invoice.test_clock_id,
            created_at=now.at,
            asked_at=instant(),
            next_look_at=instant() + FIRST_LOOK,
        )
        said = f"{merchant.name} · {invoice.number}"
        ask = asking.charge_ask(payment, card, invoice.payer, description=said, metadata={"invoice": invoice.public_id})
    answer = asking.ask(gateway_of(card.account), ask)
    outcome.record(merchant_id=merchant_id, payment_id=payment.pk, outcome=answer)
    with tenant(merchant_id):
        return Payment.objects.select_related("payment_method").get(id=payment.pk)


def _method(invoice: Invoice, method_id: UUID | None) -> PaymentMethod:
    """The named method where it is the payer's and can still be charged, else the one that the invoice is collected
    on. Raises NoMethod."""
    if method_id is None:
        card = means_for([invoice]).get(invoice.pk)
    else:
        rows = PaymentMethod.objects.filter(subscriber_id=invoice.payer_id, detached_at=None)
        card = rows.filter(account__disconnected_at=None).select_related("account").filter(id=method_id).first()
    if card is None or (invoice.test_clock_id is not None and card.account.kind != "simulated"):
        raise NoMethod
    return card
