"""The first step of asking for money at a reader: the payment's row, while people, purchase or invoice, and reader are
locked. Needs the tenant's scope."""

from __future__ import annotations

from uuid import UUID

from billing.flows import checkout, owed, pay, purchase_coupons
from billing.flows import purchase as buying
from billing.flows.outcome import FIRST_LOOK, clock_of, under_way
from billing.flows.pay import PaymentUnderWay
from billing.flows.providers import NoProvider
from billing.flows.readers import ReaderBusy, ReaderMissing
from billing.models import CheckoutSession, Reader, ReaderPayment
from billing.selectors.debts import debt_of
from invoices.models import Payment
from invoices.models.payments import IN_FLIGHT
from merchants.clock import instant
from merchants.models import ProviderAccount
from merchants.now import Now
from merchants.refusals import Conflict, gettext_noop


class NothingForReader(Conflict):
    """A reader asks for money; a card alone is saved on a page."""

    code = "nothing_due_today"
    detail = gettext_noop("Nothing is due today: there is nothing to ask for at the reader.")
    way_out = gettext_noop("Show the QR code: the card is saved there without being charged.")


def claim_purchase(session_id: UUID, reader_id: UUID, seen: int) -> Payment:
    """The payment of an open purchase at a reader: a new one, or the one that is there already."""
    session = checkout.lock(session_id)
    now = clock_of(session)
    payment = under_way(session)
    if payment is not None:
        return _same(payment, reader_id)
    if session.status != CheckoutSession.Status.OPEN or session.expires_at <= now.at:
        raise checkout.SessionOver
    if session.asked is not None or session.quote.start_on != now.today:
        checkout.requote(session, now=now)
    if session.quote.total != seen:
        raise pay.QuoteChanged
    if not seen:
        raise NothingForReader
    if buying.rivals(session).exists():
        raise PaymentUnderWay
    if session.asked is None:
        buying.check_once(session)
        purchase_coupons.hold_coupons(session)
    if session.consented_at is None:
        session.consented_at = now.at
        session.save(update_fields=["consented_at"])
    subscription = session.subscription
    return _new(
        Payment(
            payer_id=subscription.payer_id,
            session_id=session.pk,
            amount=session.quote.total,
            currency=session.quote.currency,
            test_clock_id=subscription.test_clock_id,
        ),
        reader_id,
        now,
    )


def claim_invoice(merchant_id: UUID, invoice_id: UUID, reader_id: UUID, seen: int) -> Payment:
    """The payment of an open invoice at a reader: a new one, or the one that is there already."""
    invoice, now = owed.lock(merchant_id, invoice_id)
    debt = debt_of(invoice_id)
    assert debt is not None
    if debt.flight is not None:
        return _same(debt.flight, reader_id)
    if not debt.is_payable:
        raise owed.NothingOwed
    if debt.due != seen:
        raise owed.AmountChanged
    if debt.page is not None:
        raise owed.InvoicePaymentUnderWay
    return _new(
        Payment(
            payer_id=invoice.payer_id,
            invoice=invoice,
            amount=debt.due,
            currency=invoice.currency,
            test_clock_id=invoice.test_clock_id,
        ),
        reader_id,
        now,
    )


def _same(payment: Payment, reader_id: UUID) -> Payment:
    """The payment in flight, where it is at this very reader. Raises PaymentUnderWay."""
    if not ReaderPayment.objects.filter(payment=payment, reader_id=reader_id).exists():
        raise PaymentUnderWay
    return payment


def _new(payment: Payment, reader_id: UUID, now: Now) -> Payment:
    """The first step: the payment's row, at a reader that is free. The reader is locked last."""
    rows = Reader.objects.select_for_update(of=("self",)).select_related("account")
    reader = rows.filter(id=reader_id, retired_at=None, account__disconnected_at=None).first()
    if reader is None:
        raise ReaderMissing
    if payment.test_clock_id is not None and reader.account.kind != ProviderAccount.Kind.SIMULATED:
        raise NoProvider
    if ReaderPayment.objects.filter(reader=reader, payment__status__in=IN_FLIGHT).exists():
        raise ReaderBusy
    asked = instant()
    payment.account, payment.gateway, payment.means = reader.account, reader.account.kind, Payment.Means.CARD
    payment.site_id = reader.site_id
    payment.created_at, payment.asked_at, payment.next_look_at = now.at, asked, asked + FIRST_LOOK
    payment.save(force_insert=True)
    ReaderPayment.objects.create(reader=reader, payment=payment, created_at=now.at)
    return payment
