"""Taking back money that was recorded by hand: a cheque that bounced, cash written down twice, another's transfer.

Nothing recorded is changed: a posting with the opposite legs, an allocation below zero, a movement of the balance. The
invoice is owed again.
"""

from __future__ import annotations

from django.db.models import Q, Sum

from invoices import shapes
from invoices.models import Allocation, BalanceEntry, CreditNote, Invoice, LedgerEntry, Payment
from invoices.models.payments import IN_FLIGHT
from invoices.services.balances import enter
from invoices.services.by_hand import BY_HAND, UnderWay
from invoices.services.posting import MEANS_ACCOUNT, Account, Leg, Posting, post
from merchants.actors import Actor
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from subscribers.services import facts


class NotByHand(Conflict):
    """A provider took this money, or nobody did."""

    code = "payment_not_by_hand"
    detail = gettext_noop("Only cash, a cheque, a transfer or a terminal's payment that was recorded is taken back.")
    way_out = gettext_noop("What a provider took is given back by a credit note.")


class TakenBackBefore(Conflict):
    """Once is enough."""

    code = "payment_reversed"
    detail = gettext_noop("This payment was taken back before.")


class CreditedSince(Conflict):
    """A credit note gave back what this payment paid: it would be given back twice."""

    code = "invoice_credited"
    detail = gettext_noop("The invoice was credited after it was paid: what was paid went to the balance or back.")
    way_out = gettext_noop("Adjust the payer's balance instead.")


def check(payment: Payment, invoice: Invoice, reason: str) -> None:
    """Whether a locked payment of a locked invoice may be taken back. Raises Invalid (`reason_required`), NotByHand,
    TakenBackBefore, CreditedSince, UnderWay."""
    if not reason.strip():
        raise Invalid.at("reason", "reason_required", gettext_noop("Say why."))
    if payment.means not in BY_HAND or payment.status != Payment.Status.SUCCEEDED:
        raise NotByHand
    if payment.reversed_at is not None:
        raise TakenBackBefore
    given = CreditNote.objects.filter(Q(to_balance__gt=0) | Q(to_refund__gt=0), invoice=invoice)
    if invoice.status == Invoice.Status.CANCELLED or payment.refunded or given.exists():
        raise CreditedSince
    if Payment.objects.filter(invoice=invoice, status__in=IN_FLIGHT).exists():
        raise UnderWay


def take_back(payment: Payment, invoice: Invoice, *, reason: str, actor: Actor, now: Now) -> None:
    """Reverse a locked payment of a locked invoice: the caller holds the locks of `people_of` it. Raises what `check`
    raises, and Conflict (`balance_too_low`) where what went to the balance was used meanwhile."""
    check(payment, invoice, reason)
    paid = Allocation.objects.filter(payment=payment, invoice=invoice).aggregate(Sum("amount"))["amount__sum"] or 0
    over = BalanceEntry.objects.filter(payment=payment).aggregate(Sum("amount"))["amount__sum"] or 0
    legs = [Leg(account=MEANS_ACCOUNT[payment.means], amount=-payment.captured)]
    if paid:
        Allocation.objects.create(payment=payment, invoice=invoice, amount=-paid, created_at=now.at)
        legs.append(Leg(account=Account.RECEIVABLE, amount=paid, links={"invoice_id": invoice.pk}))
    if over:
        links = {"payment_id": payment.pk}
        entry = enter(
            payment.payer_id, -over, currency=payment.currency, kind="reversal", actor=actor, now=now, links=links
        )
        legs.append(Leg(account=Account.BALANCE, amount=over, links={"balance_entry_id": entry.pk}))
    post([_posting(payment, invoice, legs, now)], now=now)
    payment.reversed_at, payment.reversed_by = now.at, actor.label[:120]
    payment.reversal_reason = reason.strip()[:400]
    payment.save(update_fields=["reversed_at", "reversed_by", "reversal_reason"])
    _owe_again(invoice, paid, now)
    told = {"object": shapes.payment(payment), "invoice": shapes.invoice(invoice)}
    facts.tell(payment.payer_id, ("payment.reversed", payment.pk, told), actor=actor, now=now)


def _owe_again(invoice: Invoice, paid: int, now: Now) -> None:
    invoice.amount_paid -= paid
    if invoice.status == Invoice.Status.PAID and invoice.amount_due:
        invoice.status, invoice.paid_at = Invoice.Status.OPEN, None
    invoice.updated_at = now.at
    invoice.save(update_fields=["amount_paid", "status", "paid_at", "updated_at"])


def _posting(payment: Payment, invoice: Invoice, legs: list[Leg], now: Now) -> Posting:
    """The opposite of the first posting, with the legal entity that it named."""
    first = LedgerEntry.objects.filter(payment=payment).values_list("legal_entity_id", flat=True).first()
    return Posting(
        on=now.today,
        currency=payment.currency,
        legal_entity_id=first or invoice.legal_entity_id,
        subscriber_id=payment.payer_id,
        legs=tuple(legs),
        links={"payment_id": payment.pk},
    )
