"""A subscription that begins when its quote is paid by a method that is kept already: a checkout without its page
(domain 9, 10, 21)."""

from __future__ import annotations

from dataclasses import fields
from uuid import UUID

from billing.flows import asking, checkout, outcome, purchase_coupons
from billing.flows import purchase as buying
from billing.flows.checkout import Wish
from billing.flows.complete import complete
from billing.flows.pay import PaymentUnderWay
from billing.flows.providers import gateway_of
from billing.flows.wanted import Wanted
from billing.gateways.base import ChargeAsk
from billing.models import CheckoutSession
from invoices.models import Payment
from merchants.actors import Actor
from merchants.clock import instant
from merchants.models import Merchant
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod, Subscriber


class MethodMissing(Conflict):
    """Nothing is kept that could be charged."""

    code = "payment_method_missing"
    detail = gettext_noop("No payment method of whoever pays is known.")
    way_out = gettext_noop("Attach one, open a checkout session instead, or ask for activation “now”.")


def subscribe_paid(
    *, merchant_id: UUID, wanted: Wanted, actor: Actor, session_id: UUID | None = None
) -> CheckoutSession:
    """Quote, charge the quote to the method that is kept, and begin once it is paid (or accepted as processing).

    Where it is refused, or the bank wants the subscriber, the purchase stays open: its form takes another card, and it
    lapses like any other. `session_id` makes a repeat safe: it goes on with what it finds. Raises what
    `checkout.open_session` raises, MethodMissing, PaymentUnderWay (a rival purchase is being paid), Conflict
    (`success_url_missing`), Invalid (`start_on`, `collection`).
    """
    _check(wanted)
    session = _opened(merchant_id, wanted, actor, session_id)
    asked = _claim(merchant_id, session.pk, wanted, actor)
    if asked is not None:
        payment, ask = asked
        answer = asking.ask(gateway_of(payment.account), ask)
        outcome.record(merchant_id=merchant_id, payment_id=payment.pk, outcome=answer)
    with tenant(merchant_id):
        return CheckoutSession.objects.select_related("subscription__offer_version", "quote").get(id=session.pk)


def _check(wanted: Wanted) -> None:
    now_is_the_way = gettext_noop("What waits for its payment begins the day it is paid. Ask for activation “now”.")
    if wanted.start_on is not None:
        raise Invalid.at("start_on", "start_on_needs_activation_now", now_is_the_way)
    if wanted.collection != "automatic":
        detail = gettext_noop("Nobody would be asked for the money. Ask for activation “now”.")
        raise Invalid.at("collection", "collection_needs_activation_now", detail)


def _opened(merchant_id: UUID, wanted: Wanted, actor: Actor, session_id: UUID | None) -> CheckoutSession:
    with tenant(merchant_id):
        known = CheckoutSession.objects.filter(id=session_id).first() if session_id else None
        if known is not None:
            return known
        if not Merchant.objects.get(id=merchant_id).success_url:
            raise Conflict(
                gettext_noop("A purchase that may end on its form needs a page to come back to."),
                code="success_url_missing",
                way_out=gettext_noop("Set it in Settings, Return pages."),
            )
        _method(wanted, wanted.subscriber.payer or wanted.subscriber)
        values = {each.name: getattr(wanted, each.name) for each in fields(Wanted)}
        return checkout.open_session(merchant_id=merchant_id, wish=Wish(**values), actor=actor, session_id=session_id)


def _method(wanted: Wanted, payer: Subscriber) -> PaymentMethod:
    """The method to charge: the one that was named, else the payer's default. Raises MethodMissing."""
    found = kept_method(payer, wanted.payment_method)
    if found is None:
        raise MethodMissing
    return found


def kept_method(payer: Subscriber, named: PaymentMethod | None = None) -> PaymentMethod | None:
    """What is kept of a payer and can be charged: the one that is named, else their default. One query. Needs the
    tenant's scope."""
    kept = PaymentMethod.objects.filter(subscriber=payer, detached_at=None, account__disconnected_at=None)
    kept = kept.exclude(provider_ref="").exclude(account=None)
    chosen = kept.filter(pk=named.pk) if named else kept.filter(is_default=True)
    return chosen.select_related("account").first()


def payment_by(session: CheckoutSession, method: PaymentMethod, *, now: Now) -> Payment:
    """The payment of a locked session's quote by a means that is kept, saved before the provider is asked."""
    payment = Payment(
        payer_id=session.subscription.payer_id,
        session_id=session.pk,
        account=method.account,
        gateway=method.gateway,
        payment_method=method,
        means=method.kind,
        amount=session.quote.total,
        currency=session.quote.currency,
        test_clock_id=now.test_clock,
        created_at=now.at,
        asked_at=instant(),
        next_look_at=instant() + outcome.FIRST_LOOK,
    )
    payment.save(force_insert=True)
    return payment


def title_of(session: CheckoutSession) -> str:
    """What the payer may read at their bank: the offer that is bought, in the session's language."""
    version = session.quote.offer_version
    title: str = version.title.get(session.locale) or next(iter(version.title.values()), version.offer.reference)
    return title


def _claim(merchant_id: UUID, session_id: UUID, wanted: Wanted, actor: Actor) -> tuple[Payment, ChargeAsk] | None:
    """The payment, committed before the provider is asked; None where nothing is to be charged (any more)."""
    with tenant(merchant_id):
        session = checkout.lock(session_id)
        if session.status != CheckoutSession.Status.OPEN:
            return None
        payer, now = session.subscription.payer, outcome.clock_of(session)
        payment = outcome.under_way(session)
        if payment is not None and (payment.hosted or payment.status != Payment.Status.PENDING):
            return None
        if payment is not None and payment.payment_method is not None:  # the very same ask, of the same method
            method, payment.account = payment.payment_method, payment.payment_method.account
            payment.asked_at, payment.next_look_at = instant(), instant() + outcome.FIRST_LOOK
            payment.save(update_fields=["asked_at", "next_look_at"])  # who gives up an ask that was lost counts anew
        else:
            method = _method(wanted, payer)
            if Payment.objects.filter(session_id=session.pk).exists():
                return None  # tried and refused: the form takes another card
            if buying.rivals(session).exists():
                raise PaymentUnderWay
            buying.check_once(session)
            purchase_coupons.hold_coupons(session)
            if not session.quote.total:
                complete(session, None, method_id=method.pk, actor=actor, now=now)
                return None
            payment = payment_by(session, method, now=now)
        said = {"checkout_session": session.public_id}
        return payment, asking.charge_ask(payment, method, payer, description=title_of(session), metadata=said)
