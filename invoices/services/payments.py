"""Payments: a row before the provider is asked, one recorded outcome after; and what the money then settles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from invoices import shapes
from invoices.models import Allocation, Invoice, LedgerEntry, Payment, Refund
from invoices.services import settlement
from invoices.services.posting import MEANS_ACCOUNT, Account, Leg, Posting, post
from merchants.actors import Actor
from merchants.clock import instant
from merchants.now import Now
from subscribers.services import facts

Status = Payment.Status
NEVER_ASKED = "never_asked"
"""The code of a payment that was given up because the provider, when asked, had never heard of it."""
EXPIRED = "expired"
"""The code of a payment whose page, or whose question to the subscriber, was closed unpaid."""
KINDS = {
    Status.SUCCEEDED: "payment.succeeded",
    Status.FAILED: "payment.failed",
    Status.REQUIRES_ACTION: "payment.requires_action",
}
"""The outcomes that merchants hear of."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What a provider's answer says of a payment, in our words. `captured` in minor units."""

    status: str
    captured: int = 0
    provider_ref: str = ""
    provider_session: str = ""
    action_url: str = ""
    code: str = ""
    decline_code: str = ""
    advice: str = ""
    message: str = ""
    next_look_at: datetime | None = None
    payment_method_id: UUID | None = None
    means: str = ""


def lock(payment_id: UUID) -> Payment:
    """The payment, locked until COMMIT."""
    return Payment.objects.select_for_update(of=("self",)).get(id=payment_id)


def record(payment: Payment, answer: Recorded, *, actor: Actor, now: Now, quiet: bool = False) -> bool:
    """Write an outcome on a locked payment. False, and nothing written, where it adds nothing.

    A payment that succeeded never moves again: a late or older word of the provider changes nothing. `quiet` writes no
    fact (an abandoned page is not a failure that anyone must hear of).
    """
    before = payment.status
    if not put(payment, answer, now=now):
        return False
    payment.save()
    if before != payment.status and payment.status in KINDS and not quiet:
        kind = KINDS[Status(payment.status)]
        facts.tell(payment.payer_id, (kind, payment.pk, {"object": shapes.payment(payment)}), actor=actor, now=now)
    return True


def put(payment: Payment, answer: Recorded, *, now: Now) -> bool:
    """Put an outcome on a payment in memory; False where it adds nothing."""
    before = payment.status
    if before == Status.SUCCEEDED or (before == answer.status and answer.status == Status.FAILED):
        return False
    if before == Status.FAILED and answer.status != Status.SUCCEEDED:
        return False
    if before == answer.status:
        payment.looks = min(payment.looks + 1, 99)  # asked again, and nothing new: the next look comes later
    payment.status = answer.status
    payment.captured = answer.captured if answer.status == Status.SUCCEEDED else payment.captured
    payment.provider_ref = answer.provider_ref or payment.provider_ref
    payment.provider_session = answer.provider_session or payment.provider_session
    payment.action_url = answer.action_url
    payment.code, payment.decline_code = answer.code, answer.decline_code
    if answer.advice or answer.code != EXPIRED:  # a page that was closed says nothing new of the card
        payment.advice = answer.advice
    payment.message = answer.message[:400]
    payment.means = answer.means or payment.means
    payment.payment_method_id = answer.payment_method_id or payment.payment_method_id
    payment.next_look_at = answer.next_look_at
    if answer.status in (Status.SUCCEEDED, Status.FAILED):
        payment.settled_at, payment.next_look_at = now.at, None
    return True


def settle(payment: Payment, invoice: Invoice, *, actor: Actor, now: Now) -> None:
    """Put a captured payment on a locked invoice: allocation, ledger, paid where it is all there.

    What was captured above what is due (the invoice was credited meanwhile) pays nothing, and is owed back.
    """
    part = min(payment.captured, invoice.amount_due)
    links: Mapping[str, Any] = {"payment_id": payment.pk}
    legs = [Leg(account=MEANS_ACCOUNT[payment.means], amount=payment.captured)]
    if part:
        Allocation.objects.create(payment=payment, invoice=invoice, amount=part, created_at=now.at)
        legs.append(Leg(account=Account.RECEIVABLE, amount=-part, links={"invoice_id": invoice.pk}))
    legs.append(Leg(account=Account.UNALLOCATED, amount=part - payment.captured))
    post([_posting(payment, invoice.legal_entity_id, tuple(legs), links, now.today)], now=now)
    if part:
        _pay(invoice, part, actor=actor, now=now)
    if payment.captured > part:
        owe_back(payment, payment.captured - part, reason="captured above what was due", now=now)


def _pay(invoice: Invoice, part: int, *, actor: Actor, now: Now) -> None:
    invoice.amount_paid += part
    invoice.updated_at = now.at
    if not invoice.amount_due and invoice.status in (Invoice.Status.OPEN, Invoice.Status.UNCOLLECTIBLE):
        invoice.status, invoice.paid_at = Invoice.Status.PAID, now.at
    invoice.save(update_fields=["amount_paid", "status", "paid_at", "updated_at"])
    if invoice.status == Invoice.Status.PAID:
        data = {"object": shapes.invoice(invoice)}
        facts.tell(invoice.payer_id, ("invoice.paid", invoice.pk, data), actor=actor, now=now)
        settlement.follow([invoice], actor=actor, now=now)


def hold(payment: Payment, legal_entity_id: UUID, *, now: Now) -> None:
    """Post a capture that pays nothing: all of it is owed back."""
    legs = (
        Leg(account=MEANS_ACCOUNT[payment.means], amount=payment.captured),
        Leg(account=Account.UNALLOCATED, amount=-payment.captured),
    )
    post([_posting(payment, legal_entity_id, legs, {"payment_id": payment.pk}, now.today)], now=now)


def owe_back(payment: Payment, amount: int, *, reason: str, now: Now) -> Refund:
    """Write down that money must go back to the means it came from; `refund` asks the provider, outside."""
    return Refund.objects.create(
        payment=payment,
        amount=amount,
        currency=payment.currency,
        reason=reason,
        created_at=now.at,
        next_look_at=instant(),
    )


def record_refund(refund: Refund, *, status: str, provider_ref: str, message: str, actor: Actor, now: Now) -> bool:
    """Write a refund's outcome on its locked row, and its posting where the money went. False where it was settled."""
    if refund.status in (Refund.Status.SUCCEEDED, Refund.Status.FAILED):
        return False
    refund.status, refund.provider_ref, refund.message = status, provider_ref, message[:400]
    if status in (Refund.Status.SUCCEEDED, Refund.Status.FAILED):
        refund.settled_at, refund.next_look_at = now.at, None
    else:
        refund.next_look_at = instant() + timedelta(minutes=5)
    refund.save()
    payment = lock(refund.payment_id)
    if status != Refund.Status.SUCCEEDED:
        if status == Refund.Status.FAILED:
            data = {"object": shapes.payment(payment), "refund": shapes.refund(refund)}
            facts.tell(payment.payer_id, ("payment.refund_failed", payment.pk, data), actor=actor, now=now)
        return True
    payment.refunded += refund.amount
    payment.save(update_fields=["refunded"])
    entity = LedgerEntry.objects.filter(payment=payment).values_list("legal_entity_id", flat=True).first()
    assert entity is not None  # a capture is posted before anything of it is owed back
    legs = (
        Leg(account=Account.UNALLOCATED, amount=refund.amount),
        Leg(account=MEANS_ACCOUNT[payment.means], amount=-refund.amount),
    )
    post([_posting(payment, entity, legs, {"payment_id": payment.pk, "refund_id": refund.pk}, now.today)], now=now)
    data = {"object": shapes.payment(payment)}
    facts.tell(payment.payer_id, ("payment.refunded", payment.pk, data), actor=actor, now=now)
    return True


def _posting(
    payment: Payment, legal_entity_id: UUID, legs: tuple[Leg, ...], links: Mapping[str, Any], on: date
) -> Posting:
    return Posting(
        on=on,
        currency=payment.currency,
        legal_entity_id=legal_entity_id,
        subscriber_id=payment.payer_id,
        legs=legs,
        links=links,
    )
