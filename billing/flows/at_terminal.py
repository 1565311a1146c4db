"""A card at a reader on the counter (domain 21): a purchase's quote or an open invoice, asked for in three steps as on
the provider's page: a committed row, the reader, the recorded outcome.

Tapped twice it is one payment; while one is in flight at a reader, nothing else is asked for there. No answer is
UNKNOWN, asked about by whoever looks and by `reconcile`, never asked for anew. What is given up is taken off the reader
and closed at the provider, confirmed so; a card that was quicker has paid. The card is saved as the payer's default.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from billing.flows import change_purchase, outcome, owed
from billing.flows.collect import retry_now
from billing.flows.owed_closing import close as close_open
from billing.flows.pay import MerchantSuspended, ProviderSilent
from billing.flows.provider_page import customer_of
from billing.flows.readers import readers_of
from billing.flows.subscribe_paid import title_of
from billing.flows.terminal_claims import claim_invoice, claim_purchase
from billing.gateways.base import Outcome, OutcomeKind
from billing.gateways.readers import BUSY, LEFT_AT_READER, NOT_SHOWN, OFFLINE, UNKNOWN_READER, AtReader, ReaderAsk
from billing.models import CheckoutSession, ReaderPayment
from billing.selectors.debts import DebtState
from invoices.models import Invoice, Payment
from invoices.models.payments import IN_FLIGHT
from invoices.services import payments
from merchants.actors import Actor
from merchants.clock import instant
from merchants.models import Merchant
from merchants.tenancy.scope import tenant

LEFT_ALONE = timedelta(minutes=10)
"""After this, a sum for which nobody presented a card is taken off the reader."""
NEVER_SEEN = timedelta(minutes=1)
"""Longer than any answer is waited for: an ask that the provider does not know by then will not come."""
OF_THE_READER = {BUSY, OFFLINE, UNKNOWN_READER, LEFT_AT_READER}
"""Refusals in which no card had a part: nobody's failure, and no fact."""


def start(
    *,
    merchant_id: UUID,
    reader_id: UUID,
    seen: int,
    actor: Actor,
    session_id: UUID | None = None,
    invoice_id: UUID | None = None,
) -> Payment:
    """Ask for a purchase (`session_id`) or an open invoice (`invoice_id`) at a reader; answers the payment as it then
    stands. Tapped twice it is the same payment, shown again where the reader lost it. `seen` is the sum that was read,
    in minor units: no other is asked for.

    Raises ReaderMissing, ReaderBusy, MerchantSuspended, PaymentUnderWay, ProviderSilent, NoProvider, and for a purchase
    SessionOver, QuoteChanged, NothingForReader, for an invoice NotFound, NothingOwed, AmountChanged.
    """
    with tenant(merchant_id):
        if Merchant.objects.filter(id=merchant_id, suspended_at__isnull=False).exists():
            raise MerchantSuspended
        going = _going(session_id, invoice_id)
    if going is None:
        if session_id is not None:
            change_purchase.close_page(merchant_id=merchant_id, session_id=session_id)
            change_purchase.make_way(merchant_id=merchant_id, session_id=session_id)
        else:
            assert invoice_id is not None
            _clear(merchant_id, invoice_id, seen)
    with tenant(merchant_id):
        if session_id is not None:
            payment = claim_purchase(session_id, reader_id, seen)
        else:
            assert invoice_id is not None
            payment = claim_invoice(merchant_id, invoice_id, reader_id, seen)
    if payment.provider_ref and payment.code != NOT_SHOWN:
        return look(merchant_id=merchant_id, payment_id=payment.pk)
    _ask(merchant_id, payment.pk)
    return _read(merchant_id, payment.pk)


def look(*, merchant_id: UUID, payment_id: UUID) -> Payment:
    """Ask what became of a payment at a reader, record it, and answer the payment as it stands."""
    row, at = _at(merchant_id, payment_id)
    if row.payment.status in IN_FLIGHT:
        _record(merchant_id, row, readers_of(row.payment.account).outcome(at), at)
    return _read(merchant_id, payment_id)


def cancel(*, merchant_id: UUID, payment_id: UUID) -> Payment:
    """Give a payment at a reader up. Where a card was quicker it is paid, and says so.

    Raises ProviderSilent where the provider does not confirm; then nothing is given up.
    """
    row, at = _at(merchant_id, payment_id)
    if row.payment.status in IN_FLIGHT:
        answer = readers_of(row.payment.account).cancel(at)
        if answer.kind is OutcomeKind.NOT_FOUND:
            _give_up(merchant_id, row.payment)
        else:
            _record(merchant_id, row, answer, at)
    payment = _read(merchant_id, payment_id)
    if payment.status in (Payment.Status.PENDING, Payment.Status.UNKNOWN):
        raise ProviderSilent
    return payment


def let_go(*, merchant_id: UUID, payment_id: UUID) -> None:
    """Take a sum off its reader for which nobody came, after LEFT_ALONE of real time; nothing for other payments."""
    with tenant(merchant_id):
        row = ReaderPayment.objects.filter(payment_id=payment_id).select_related("payment").first()
        if row is None or (row.payment.asked_at or row.payment.created_at) > instant() - LEFT_ALONE:
            return
    try:
        cancel(merchant_id=merchant_id, payment_id=payment_id)
    except ProviderSilent:
        return  # the next look tries again


def _going(session_id: UUID | None, invoice_id: UUID | None) -> Payment | None:
    """The payment that is at a reader already for the same thing."""
    mine = {"session_id": session_id} if session_id else {"invoice_id": invoice_id}
    at = ReaderPayment.objects.filter(payment__status__in=IN_FLIGHT).values("payment_id")
    return Payment.objects.filter(id__in=at, **mine).first()


def _clear(merchant_id: UUID, invoice_id: UUID, seen: int) -> None:
    """Close what waits for somebody on an invoice: an open page, or a payment that the bank wants to ask about."""
    debt = owed.look(merchant_id=merchant_id, invoice_id=invoice_id)
    waits = debt.flight if debt.state is DebtState.waits_for_bank else None
    for payment in (debt.page, waits):
        if payment is not None and debt.due == seen:
            close_open(merchant_id=merchant_id, payment=payment)


def _ask(merchant_id: UUID, payment_id: UUID) -> None:
    """The second step, and the third."""
    row, at = _at(merchant_id, payment_id)
    payment = row.payment
    known = customer_of(merchant_id=merchant_id, account=payment.account, payer=payment.payer)
    if isinstance(known, Outcome):
        if known.kind is not OutcomeKind.FAILED:
            raise ProviderSilent  # nothing was asked; the same tap may be made again
        _record(merchant_id, row, known, at)
        return
    with tenant(merchant_id):
        ask = _ask_of(row, known)
    _record(merchant_id, row, readers_of(payment.account).ask(ask), replace(at, customer_ref=known))


def _ask_of(row: ReaderPayment, customer_ref: str) -> ReaderAsk:
    """The ask, the same to the letter each time for the same payment."""
    payment = row.payment
    if payment.session_id is not None:
        session = CheckoutSession.objects.select_related("quote__offer_version__offer").get(id=payment.session_id)
        words, said = title_of(session), {"checkout_session": session.public_id}
    else:
        invoice = Invoice.objects.get(id=payment.invoice_id)
        words, said = invoice.number or "", {"invoice": invoice.public_id}
    return ReaderAsk(
        key=str(payment.pk),
        reader_ref=row.reader.provider_ref,
        amount=payment.amount,
        currency=payment.currency,
        customer_ref=customer_ref,
        description=words,
        metadata=said,
    )


def _record(merchant_id: UUID, row: ReaderPayment, answer: Outcome, at: AtReader) -> None:
    """The third step. A card that was refused closes the payment: the next try is another one."""
    payment = row.payment
    if answer.kind is OutcomeKind.OPEN:
        _note_shown(merchant_id, payment.pk, answer)
        return
    if answer.kind is OutcomeKind.FAILED and answer.provider_ref:
        closed = readers_of(payment.account).cancel(replace(at, provider_ref=answer.provider_ref))
        if closed.kind in (OutcomeKind.SUCCEEDED, OutcomeKind.PROCESSING):
            answer = closed  # a second card was quicker
    if answer.kind is OutcomeKind.FAILED and answer.code in OF_THE_READER:
        answer = replace(answer, kind=OutcomeKind.EXPIRED)
    saved = outcome.record(merchant_id=merchant_id, payment_id=payment.pk, outcome=answer)
    if saved and payment.session_id is None:
        actor = outcome.provider_actor(payment.account)
        retry_now(merchant_id=merchant_id, payer_id=payment.payer_id, actor=actor)


def _note_shown(merchant_id: UUID, payment_id: UUID, answer: Outcome) -> None:
    """The reader shows it, under the provider's id: from here on a time-out changes nothing."""
    with tenant(merchant_id):
        payment = payments.lock(payment_id)
        if payment.status not in (Payment.Status.PENDING, Payment.Status.UNKNOWN):
            return
        payment.code, payment.message = answer.code or "", ""
        payment.provider_ref = answer.provider_ref or payment.provider_ref
        payment.save(update_fields=["code", "message", "provider_ref"])


def _give_up(merchant_id: UUID, payment: Payment) -> None:
    if (payment.asked_at or payment.created_at) < instant() - NEVER_SEEN:
        outcome.give_up(merchant_id=merchant_id, payment_id=payment.pk, actor=Actor.system("reader"))


def _at(merchant_id: UUID, payment_id: UUID) -> tuple[ReaderPayment, AtReader]:
    with tenant(merchant_id):
        rows = ReaderPayment.objects.select_related("reader", "payment__account", "payment__payer")
        row = rows.get(payment_id=payment_id)
    payment = row.payment
    at = AtReader(
        key=str(payment.pk),
        reader_ref=row.reader.provider_ref,
        customer_ref=payment.payer.provider_customers.get(str(payment.account_id)),
        provider_ref=payment.provider_ref or None,
    )
    return row, at


def _read(merchant_id: UUID, payment_id: UUID) -> Payment:
    with tenant(merchant_id):
        found: Payment = Payment.objects.select_related("payment_method", "invoice").get(id=payment_id)
    return found
