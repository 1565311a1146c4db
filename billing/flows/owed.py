"""Paying an open invoice on the provider's page, in three steps as a purchase is (domain 21): a committed row, the
provider, the recorded outcome.

Nothing is charged without a click, and never twice: while money is on its way no second page opens; a page that asks
for another sum than is due now is closed, and confirmed so, before another one opens; a payment that waits for the bank
is either taken to the bank or closed. The card that pays becomes the payer's default, and what else they owe is tried
on it at once (domain 22).
"""

from __future__ import annotations

from datetime import timedelta
from typing import cast
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from billing.flows import looking
from billing.flows.outcome import FIRST_LOOK, provider_actor
from billing.flows.owed_closing import close, confirm, return_address
from billing.flows.pay import (
    FAULTS_OF_THE_PROVIDER,
    MerchantSuspended,
    PaymentUnderWay,
    ProviderRefused,
    ProviderSilent,
)
from billing.flows.provider_page import open_page
from billing.flows.providers import default_account, gateway_of, recorded
from billing.gateways.base import CheckoutAsk, CheckoutPage, Outcome, OutcomeKind
from billing.selectors.debts import Debt, DebtState, debt_of
from invoices import shapes
from invoices.models import Invoice, Payment
from invoices.selectors.lists import OWED
from invoices.services import payments
from merchants.actors import Actor
from merchants.clock import instant
from merchants.languages import is_spoken
from merchants.links import mint
from merchants.models import Event, Merchant
from merchants.now import Now
from merchants.refusals import Conflict, NotFound, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.services import belonging, facts

LINK_LASTS = timedelta(days=30)
"""How long a letter's link opens the page."""
OPEN_FOR = timedelta(hours=2)
"""How long the provider's page stays open."""
AGAIN_AFTER = timedelta(minutes=10)
"""How long the same link is not written again, whoever asks: nobody can flood a payer's mailbox with it."""
TURNS = 3
"""How often a click looks again after it closed something or found it settled."""


class NothingOwed(Conflict):
    """The invoice is paid, or was credited in full."""

    code = "nothing_owed"
    detail = gettext_noop("Nothing is owed on this invoice.")


class AmountChanged(Conflict):
    """What the visitor saw is not what is due now."""

    code = "amount_changed"
    detail = gettext_noop("The amount has changed since this page was opened.")
    way_out = gettext_noop("Look at it again, then pay.")


class InvoicePaymentUnderWay(PaymentUnderWay):
    """Money is already on its way for this invoice."""

    detail = gettext_noop("A payment is already under way for this invoice.")


class NoAddress(Conflict):
    """A letter needs somewhere to go."""

    code = "subscriber_without_email"
    detail = gettext_noop("The payer of this invoice has no e-mail address.")
    way_out = gettext_noop("Copy the payment link and send it another way.")


class SentJustNow(Conflict):
    """A letter with the same link is on its way, or has just been read."""

    code = "sent_just_now"
    detail = gettext_noop("The payment link of this invoice was sent less than ten minutes ago.")
    way_out = gettext_noop("Wait, or copy the payment link and send it another way.")


def link(invoice: Invoice) -> str:
    """The address of the page that pays an invoice: signed, opens without a log-in, minted anew each time it is
    told."""
    token = mint("owed", invoice.tenant_id, invoice.pk, lasts=LINK_LASTS)
    return settings.PUBLIC_URL + reverse("hosted:owed", args=[token])


def look(*, merchant_id: UUID, invoice_id: UUID) -> Debt:
    """Where an invoice stands after the provider was asked about all that is open for it. An open page that asks for
    another sum than is due now is closed. Never charges. Raises NotFound."""
    debt = _read(merchant_id, invoice_id)
    for payment in (debt.page, debt.flight):
        if payment is None or (payment.status == Payment.Status.PENDING and not payment.hosted):
            continue  # being charged at this moment: whoever asked records the answer
        if payment is debt.page and payment.amount != debt.due:
            close(merchant_id=merchant_id, payment=payment)
        else:
            looking.ask_about(merchant_id=merchant_id, payment_id=payment.pk)
    return _read(merchant_id, invoice_id)


def start(*, merchant_id: UUID, invoice_id: UUID, seen: int, another_card: bool = False) -> str:
    """Pay: answers where the visitor belongs, the provider's page or their bank's.

    Clicked twice it answers the same page. `seen` is the sum that the visitor read, in minor units: no other is ever
    charged. Where a payment waits for the bank the visitor is led there; with `another_card` that payment is closed
    and a page for a new card opens. Raises NotFound, NothingOwed, AmountChanged, InvoicePaymentUnderWay,
    MerchantSuspended, NoProvider, ProviderSilent, ProviderRefused.
    """
    with tenant(merchant_id):
        if Merchant.objects.filter(id=merchant_id, suspended_at__isnull=False).exists():
            raise MerchantSuspended
    for _turn in range(TURNS):
        debt = look(merchant_id=merchant_id, invoice_id=invoice_id)
        _check(debt, seen)
        if debt.state is DebtState.waits_for_bank:
            assert debt.flight is not None
            may_confirm = not another_card and debt.flight.amount == debt.due
            address = confirm(merchant_id=merchant_id, payment=debt.flight) if may_confirm else None
            if address:
                return address
            if not may_confirm:
                close(merchant_id=merchant_id, payment=debt.flight)
            continue
        payment = _claim(merchant_id, invoice_id, seen)
        if payment is not None:
            return payment.action_url or _open(merchant_id, payment)
    raise InvoicePaymentUnderWay


def send_link(*, merchant_id: UUID, invoice_id: UUID, actor: Actor) -> Invoice:
    """Have the payer written a letter with the link, at most once in AGAIN_AFTER of real time. The fact `invoice.sent`
    is what the letter follows from.

    Raises NotFound, NothingOwed, NoAddress, SentJustNow.
    """
    with tenant(merchant_id):
        invoice, now = lock(merchant_id, invoice_id)
        if invoice.status not in OWED or not invoice.amount_due:
            raise NothingOwed
        if not invoice.payer.email or invoice.payer.erased_at is not None:
            raise NoAddress
        told = Event.objects.filter(object_id=invoice.pk, kind="invoice.sent")
        if told.filter(written_at__gt=instant() - AGAIN_AFTER).exists():
            raise SentJustNow
        shown = {"object": shapes.invoice(invoice)}
        facts.tell(invoice.payer_id, ("invoice.sent", invoice.pk, shown), actor=actor, now=now)
        return invoice


def _read(merchant_id: UUID, invoice_id: UUID) -> Debt:
    with tenant(merchant_id):
        debt = debt_of(invoice_id)
    if debt is None:
        raise NotFound
    return debt


def _check(debt: Debt, seen: int) -> None:
    if debt.state is DebtState.under_way:
        raise InvoicePaymentUnderWay
    if not debt.is_payable:
        raise NothingOwed
    if debt.due != seen:
        raise AmountChanged


def lock(merchant_id: UUID, invoice_id: UUID) -> tuple[Invoice, Now]:
    """The invoice, its payer locked first; and the present for the payer. Raises NotFound."""
    payer_id = Invoice.objects.filter(id=invoice_id).values_list("payer_id", flat=True).first()
    if payer_id is None:
        raise NotFound
    belonging.lock([payer_id])
    invoice = Invoice.objects.select_for_update(of=("self",)).select_related("payer").get(id=invoice_id)
    return invoice, now_for(Merchant.objects.get(id=merchant_id), invoice.test_clock_id)


def _claim(merchant_id: UUID, invoice_id: UUID, seen: int) -> Payment | None:
    """The first step: the row of an open page for exactly what is due, this click's or an earlier one's. None where
    the invoice has to be looked at again: a page for another sum came in between."""
    with tenant(merchant_id):
        _invoice, now = lock(merchant_id, invoice_id)
        debt = debt_of(invoice_id)
        assert debt is not None
        _check(debt, seen)
        if debt.state is not DebtState.owed or (debt.page and debt.page.amount != debt.due):
            return None
        return debt.page or _new_payment(debt, now)


def _new_payment(debt: Debt, now: Now) -> Payment:
    account = default_account(now)
    invoice, asked = debt.invoice, instant()
    return Payment.objects.create(
        payer=invoice.payer,
        invoice=invoice,
        account=account,
        gateway=account.kind,
        means=Payment.Means.CARD,
        hosted=True,
        automatic=False,
        amount=debt.due,
        currency=invoice.currency,
        test_clock_id=invoice.test_clock_id,
        created_at=now.at,
        asked_at=asked,
        next_look_at=asked + FIRST_LOOK,
    )


def _open(merchant_id: UUID, payment: Payment) -> str:
    """The second step: the provider's page, and its address written down."""
    invoice_id = cast(UUID, payment.invoice_id)
    with tenant(merchant_id):
        invoice = Invoice.objects.select_related("payer").get(id=invoice_id)
        merchant = Merchant.objects.get(id=merchant_id)
        ask = _ask(payment, invoice, merchant)
    page = open_page(merchant_id=merchant_id, account=payment.account, payer=invoice.payer, ask=ask)
    with tenant(merchant_id):
        _invoice, now = lock(merchant_id, invoice_id)
        payment = payments.lock(payment.pk)
        if isinstance(page, CheckoutPage) and payment.status == Payment.Status.PENDING:
            if not payment.action_url:
                payment.provider_session, payment.action_url = page.provider_session, page.url
                payment.save(update_fields=["provider_session", "action_url"])
            return payment.action_url
        if isinstance(page, Outcome) and page.kind is OutcomeKind.FAILED and payment.status == Payment.Status.PENDING:
            answer = recorded(page, payment)
            payments.record(payment, answer, actor=provider_actor(payment.account), now=now, quiet=True)
    if isinstance(page, CheckoutPage):  # given up while the provider was asked: nobody may pay there
        gateway_of(payment.account).expire_checkout(page.provider_session)
        raise InvoicePaymentUnderWay
    refused = page.kind is OutcomeKind.FAILED and page.code not in FAULTS_OF_THE_PROVIDER
    raise ProviderRefused if refused else ProviderSilent


def _ask(payment: Payment, invoice: Invoice, merchant: Merchant) -> CheckoutAsk:
    """The ask, the same to the letter each time for the same payment: the provider compares it under the same key."""
    payer, closes = invoice.payer, (payment.asked_at or payment.created_at) + OPEN_FOR
    back = return_address(invoice, until=closes + timedelta(days=1))
    return CheckoutAsk(
        key=str(payment.pk),
        mode="payment",
        amount=payment.amount,
        currency=payment.currency,
        description=f"{merchant.name} · {invoice.number}",
        success_url=back,
        cancel_url=back,
        expires_at=closes,
        customer_ref=payer.provider_customers.get(str(payment.account_id)),
        email=payer.email or None,
        locale=payer.locale if is_spoken(payer.locale) else "auto",
        metadata={"invoice": invoice.public_id},
    )
