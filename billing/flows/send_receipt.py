"""The receipt of a payment, sent to who paid: a fact that a letter follows from."""

from __future__ import annotations

from uuid import UUID

from billing.flows.owed import AGAIN_AFTER
from invoices import shapes
from invoices.models import Payment
from merchants.actors import Actor
from merchants.clock import instant
from merchants.models import Event, Merchant
from merchants.refusals import Conflict, NotFound, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.services import belonging, facts

SENT = "payment.receipt_sent"


def send(*, merchant_id: UUID, payment_id: UUID, actor: Actor) -> Payment:
    """Have the payer written the receipt, at most once in AGAIN_AFTER of real time.

    Raises NotFound where the payment brought nothing, Conflict (`subscriber_without_email`, `sent_just_now`).
    """
    with tenant(merchant_id):
        payment = Payment.objects.select_related("payer").filter(id=payment_id).first()
        if payment is None or payment.status != Payment.Status.SUCCEEDED or not payment.captured:
            raise NotFound
        belonging.lock([payment.payer_id])
        if not payment.payer.email or payment.payer.erased_at is not None:
            raise Conflict(
                gettext_noop("Who paid has no e-mail address."),
                code="subscriber_without_email",
                way_out=gettext_noop("Write one in their profile, or print the receipt."),
            )
        if Event.objects.filter(object_id=payment.pk, kind=SENT, written_at__gt=instant() - AGAIN_AFTER).exists():
            raise Conflict(
                gettext_noop("This receipt was sent less than ten minutes ago."),
                code="sent_just_now",
                way_out=gettext_noop("Wait, or print it."),
            )
        now = now_for(Merchant.objects.get(id=merchant_id), payment.test_clock_id)
        facts.tell(payment.payer_id, (SENT, payment.pk, {"object": shapes.payment(payment)}), actor=actor, now=now)
        return payment
