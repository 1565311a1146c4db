"""Starting the payment of a purchase (domain 21): a committed row, then the provider's page.

Nothing here holds a transaction while the provider is asked, and a second click answers the same page.
`outcome` records what became of it.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from billing.flows import checkout, purchase_coupons
from billing.flows import purchase as buying
from billing.flows.complete import complete
from billing.flows.outcome import FIRST_LOOK, clock_of, provider_actor, under_way
from billing.flows.provider_page import open_page
from billing.flows.providers import default_account, gateway_of, recorded
from billing.gateways import declines
from billing.gateways.base import CheckoutAsk, CheckoutPage, Outcome, OutcomeKind
from billing.models import CheckoutSession
from invoices.models import Payment
from invoices.services import payments
from merchants.actors import Actor, ActorKind, Channel
from merchants.clock import instant
from merchants.languages import is_spoken
from merchants.links import mint_until
from merchants.models import Merchant
from merchants.now import Now
from merchants.refusals import Conflict, gettext_noop
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber

PAGE_OUTLASTS = timedelta(minutes=30)
"""How long the provider's page outlasts the session: who began in time may finish."""


FAULTS_OF_THE_PROVIDER = {declines.PROVIDER_ERROR, declines.NO_ANSWER, declines.RATE_LIMITED, declines.IN_PROGRESS}
"""Failures after which the same wish may simply be made again, by another payment."""


class ProviderSilent(Conflict):
    """The provider did not answer: nothing is lost, the same click may be made again."""

    code = "provider_unreachable"
    detail = gettext_noop("The payment provider does not answer at the moment. Nothing was charged.")
    way_out = gettext_noop("Try again in a minute.")


class ProviderRefused(Conflict):
    """The provider will not open a page for this purchase: an amount it cannot take, a key it does not know."""

    code = "provider_refused"
    detail = gettext_noop("The payment provider does not take this payment. Nothing was charged.")
    way_out = gettext_noop("The shop has to look into it.")


class QuoteChanged(Conflict):
    """What the visitor saw is not what would be charged now."""

    code = "quote_changed"
    detail = gettext_noop("The amounts have changed since this page was opened.")
    way_out = gettext_noop("Look at them again, then pay.")


class MerchantSuspended(Conflict):
    """The merchant may not sell at present."""

    code = "merchant_suspended"
    detail = gettext_noop("This shop takes no payments at the moment.")


class PaymentUnderWay(Conflict):
    """Money is already on its way for this purchase."""

    code = "payment_in_flight"
    detail = gettext_noop("A payment is already under way for this purchase.")
    way_out = gettext_noop("Wait for its outcome.")


def visitor(subscriber: Subscriber) -> Actor:
    """A subscriber on a hosted page."""
    return Actor(kind=ActorKind.subscriber, id=subscriber.public_id, label=subscriber.public_id, channel=Channel.web)


def start(
    *,
    merchant_id: UUID,
    session_id: UUID,
    actor: Actor | None = None,
    consented_from: str | None = None,
    seen: UUID | None = None,
) -> str:
    """Pay: answers where to send the visitor (the provider's page, or onward where nothing is to pay).

    Clicked twice it answers the same page. `seen` is the quote that the visitor read: another one is never charged.
    Raises SessionOver, QuoteChanged, MerchantSuspended, PaymentUnderWay, NoProvider, ProviderSilent, ProviderRefused,
    Invalid.
    """
    if seen is not None:
        renew_quote(merchant_id=merchant_id, session_id=session_id)
    with tenant(merchant_id):
        session = checkout.lock(session_id)
        now = clock_of(session)
        if session.status != CheckoutSession.Status.OPEN or session.expires_at <= now.at:
            raise checkout.SessionOver
        if Merchant.objects.filter(id=merchant_id, suspended_at__isnull=False).exists():
            raise MerchantSuspended
        payment = under_way(session)
        if payment is None and (session.asked is not None or session.quote.start_on != now.today):
            checkout.requote(session, now=now)
        if seen is not None and session.quote_id != seen:
            raise QuoteChanged
        if session.consented_at is None:
            session.consented_at, session.consented_from = now.at, consented_from
            session.save(update_fields=["consented_at", "consented_from"])
        if payment is not None and (not payment.hosted or payment.status != Payment.Status.PENDING):
            if payment.status == Payment.Status.REQUIRES_ACTION and payment.action_url:
                return payment.action_url
            raise PaymentUnderWay
        if payment is not None and payment.provider_session and payment.action_url:
            return payment.action_url
        if payment is None:
            if buying.rivals(session).exists():
                raise PaymentUnderWay
            if session.asked is None:
                buying.check_once(session)
                purchase_coupons.hold_coupons(session)
            if not session.quote.total and not session.quote.later:
                complete(session, None, method_id=None, actor=actor or visitor(session.subscriber), now=now)
                return session.success_url
            payment = _new_payment(session, now)
        payer = session.subscription.payer
        account = payment.account
        ask = _ask(session, payment, payer)
    page = open_page(merchant_id=merchant_id, account=account, payer=payer, ask=ask)
    with tenant(merchant_id):
        payment = payments.lock(payment.pk)
        if isinstance(page, CheckoutPage) and payment.status == Payment.Status.PENDING:
            if payment.provider_session != page.provider_session or not payment.action_url:
                payment.provider_session, payment.action_url = page.provider_session, page.url
                payment.save(update_fields=["provider_session", "action_url"])
            return payment.action_url
        if isinstance(page, Outcome) and page.kind is OutcomeKind.FAILED and payment.status == Payment.Status.PENDING:
            now = clock_of(CheckoutSession.objects.select_related("subscription").get(id=session_id))
            payments.record(payment, recorded(page, payment), actor=provider_actor(account), now=now, quiet=True)
    if isinstance(page, CheckoutPage):  # given up while the provider was asked: nobody may pay there
        gateway_of(account).expire_checkout(page.provider_session)
        raise PaymentUnderWay
    refused = page.kind is OutcomeKind.FAILED and page.code not in FAULTS_OF_THE_PROVIDER
    raise ProviderRefused if refused else ProviderSilent


def renew_quote(*, merchant_id: UUID, session_id: UUID) -> None:
    """Price an open purchase anew where its quote is of another day and no payment is under way. Raises Invalid where
    it can no longer be had as it was (a coupon that is over)."""
    with tenant(merchant_id):
        session = CheckoutSession.objects.select_related("subscription", "quote").get(id=session_id)
        now = clock_of(session)
        if session.status != CheckoutSession.Status.OPEN or session.quote.start_on == now.today:
            return
        session = checkout.lock(session_id)
        if under_way(session) is None and session.expires_at > now.at:
            checkout.requote(session, now=now)


def _new_payment(session: CheckoutSession, now: Now) -> Payment:
    account, bought = default_account(now), session.subscription
    payment = Payment(
        payer_id=bought.payer_id,
        session_id=session.pk,
        site_id=bought.sold_at_id if bought.channel == Channel.counter else None,  # taken there, if on their own phone
        account=account,
        gateway=account.kind,
        means=Payment.Means.CARD,
        hosted=True,
        amount=session.quote.total,
        currency=session.quote.currency,
        test_clock_id=session.subscription.test_clock_id,
        created_at=now.at,
        asked_at=instant(),
        next_look_at=instant() + FIRST_LOOK,
    )
    payment.save(force_insert=True)
    return payment


def _ask(session: CheckoutSession, payment: Payment, payer: Subscriber) -> CheckoutAsk:
    """The ask, the same to the letter each time for the same payment: the provider compares it under the same key."""
    asked = payment.asked_at or payment.created_at
    closes = asked + (session.expires_at - payment.created_at) + PAGE_OUTLASTS  # real time, whatever the buyer's clock
    until = closes + timedelta(days=1)
    token = mint_until("checkout-return", session.tenant_id, session.pk, until=until)
    back = settings.PUBLIC_URL + reverse("hosted:return", args=[token])
    version = session.quote.offer_version
    return CheckoutAsk(
        key=str(payment.pk),
        mode="payment" if payment.amount else "setup",
        amount=payment.amount,
        currency=payment.currency,
        description=version.title.get(session.locale) or next(iter(version.title.values()), version.offer.reference),
        success_url=back,
        cancel_url=back,
        expires_at=closes,
        customer_ref=payer.provider_customers.get(str(payment.account_id)),
        email=payer.email or None,
        locale=session.locale if is_spoken(session.locale) else "auto",
        metadata={"checkout_session": session.public_id},
    )
