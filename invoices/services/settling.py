"""Many invoices paid whole by one payment each: the same rows as `payments.record` and `payments.settle` write one by
one, in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Sequence

from invoices import shapes
from invoices.models import Allocation, Invoice, Payment
from invoices.services import settlement
from invoices.services.posting import MEANS_ACCOUNT, Account, Leg, Posting, post
from merchants.actors import Actor
from merchants.now import Now
from merchants.tenancy import bulk
from subscribers.services.facts import Lived, tell_all

Taken = tuple[Payment, Invoice]
PUT = (
    "status", "captured", "provider_ref", "provider_session", "action_url", "code", "decline_code", "advice", "message",
    "means", "payment_method_id", "next_look_at", "settled_at", "looks",
)  # fmt: skip
"""What an outcome changes of a payment."""
PAID = ("amount_paid", "status", "paid_at", "updated_at")


def settle_whole(taken: Sequence[Taken], *, actor: Actor, now: Now) -> None:
    """Write payments that succeeded (their outcome put on them), each for all that its locked invoice owed: allocation,
    ledger, paid, the facts in their order. The caller holds the locks of `people_of` the invoices."""
    bulk.update(Payment, PUT, [[row.pk, *(getattr(row, name) for name in PUT)] for row, _ in taken])
    bulk.insert(
        [
            bulk.lean(
                Allocation, payment_id=payment.pk, invoice_id=invoice.pk, amount=payment.captured, created_at=now.at
            )
            for payment, invoice in taken
        ]
    )
    post([_posting(payment, invoice, now) for payment, invoice in taken], now=now)
    for payment, invoice in taken:
        invoice.amount_paid += payment.captured
        invoice.status, invoice.paid_at, invoice.updated_at = Invoice.Status.PAID, now.at, now.at
    bulk.update(Invoice, PAID, [[row.pk, *(getattr(row, name) for name in PAID)] for _, row in taken])
    told = [fact for payment, invoice in taken for fact in _facts(payment, invoice)]
    tell_all(told, actor=actor, now=now)
    settlement.follow([invoice for _, invoice in taken], actor=actor, now=now)


def _posting(payment: Payment, invoice: Invoice, now: Now) -> Posting:
    return Posting(
        on=now.today,
        currency=payment.currency,
        legal_entity_id=invoice.legal_entity_id,
        subscriber_id=payment.payer_id,
        legs=(
            Leg(account=MEANS_ACCOUNT[payment.means], amount=payment.captured),
            Leg(account=Account.RECEIVABLE, amount=-payment.captured, links={"invoice_id": invoice.pk}),
        ),
        links={"payment_id": payment.pk},
    )


def _facts(payment: Payment, invoice: Invoice) -> tuple[Lived, Lived]:
    paid, settled = {"object": shapes.payment(payment)}, {"object": shapes.invoice(invoice)}
    return (
        Lived(subscriber_id=payment.payer_id, kind="payment.succeeded", object_id=payment.pk, data=paid),
        Lived(subscriber_id=payment.payer_id, kind="invoice.paid", object_id=invoice.pk, data=settled),
    )
