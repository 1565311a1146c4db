"""Changing a purchase on the hosted form before it is paid: options taken or left, a code typed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from billing.flows import checkout, looking, outcome, pay, purchase_coupons
from billing.flows import purchase as buying
from billing.flows.providers import gateway_of
from billing.flows.purchase import WishedOption
from billing.gateways.base import OutcomeKind
from billing.models import CheckoutSession, Quote
from invoices.models import Payment
from invoices.services import payments
from merchants.clock import instant
from merchants.models import Coupon, Option, OptionVersion
from merchants.tenancy.scope import tenant

NEVER_SEEN = timedelta(minutes=1)
"""Longer than any answer is waited for: after this a page that the provider never saw will not come."""


def close_page(*, merchant_id: UUID, session_id: UUID) -> None:
    """Close the provider's open page of a session, and record what it says: it may have been paid meanwhile.

    Raises PaymentUnderWay where money is on its way, ProviderSilent where the provider does not confirm.
    """
    with tenant(merchant_id):
        session = CheckoutSession.objects.get(id=session_id)
        payment = outcome.under_way(session)
        account = payment.account if payment else None
    if payment is None or account is None:
        return
    if payment.provider_session:
        answer = gateway_of(account).expire_checkout(payment.provider_session)
        outcome.record(merchant_id=merchant_id, payment_id=payment.pk, outcome=answer)
    elif looking.ask_about(merchant_id=merchant_id, payment_id=payment.pk).kind is OutcomeKind.NOT_FOUND:
        _give_up(merchant_id, session_id, payment.pk)
    with tenant(merchant_id):
        payment.refresh_from_db()
    if payment.status in (Payment.Status.PROCESSING, Payment.Status.REQUIRES_ACTION):
        raise pay.PaymentUnderWay
    if payment.status in (Payment.Status.PENDING, Payment.Status.UNKNOWN):
        raise pay.ProviderSilent


def _give_up(merchant_id: UUID, session_id: UUID, payment_id: UUID) -> None:
    """Close a payment whose page was never opened: nobody has its address."""
    with tenant(merchant_id):
        session = checkout.lock(session_id)
        payment = payments.lock(payment_id)
        old = (payment.asked_at or payment.created_at) < instant() - NEVER_SEEN
        if old and not payment.provider_session and payment.status in (Payment.Status.PENDING, Payment.Status.UNKNOWN):
            answer = payments.Recorded(status=Payment.Status.FAILED, code="never_asked")
            actor = pay.visitor(session.subscriber)
            payments.record(payment, answer, actor=actor, now=outcome.clock_of(session), quiet=True)


def make_way(*, merchant_id: UUID, session_id: UUID) -> None:
    """Before a session is paid: close the pages that its rivals left open, and give back the coupons held for them. A
    rival that was paid meanwhile is complete, and then this one is refused when it is paid.

    Raises what `close_page` raises.
    """
    with tenant(merchant_id):
        session = CheckoutSession.objects.select_related("subscription__offer_version", "quote").get(id=session_id)
        rivals = list(buying.rivals(session).values_list("id", flat=True))
    for rival_id in rivals:
        close_page(merchant_id=merchant_id, session_id=rival_id)
        with tenant(merchant_id):
            rival = checkout.lock(rival_id)
            if rival.status == CheckoutSession.Status.OPEN and outcome.under_way(rival) is None:
                purchase_coupons.release_coupons(rival)


def change(
    *, merchant_id: UUID, session_id: UUID, option_ids: Sequence[UUID] | None = None, code: str | None = None
) -> CheckoutSession:
    """Another choice of options, or another code ('' takes the typed one away). What the merchant's site asked for
    stays: its coupons come first, and an option that stays keeps its quantity. Raises SessionOver, Invalid and what
    `close_page` raises. Where the page was paid in the meantime the purchase is complete and nothing is changed."""
    close_page(merchant_id=merchant_id, session_id=session_id)
    with tenant(merchant_id):
        session = checkout.lock(session_id)
        if session.status != CheckoutSession.Status.OPEN:
            return session
        if outcome.under_way(session) is not None:  # pressed again after the page was closed
            raise pay.PaymentUnderWay
        coupons = None
        if code is not None:
            coupons = given_coupons(session) + ([checkout.coupon_for(code)] if code.strip() else [])
        options = None if option_ids is None else _wished(session, option_ids)
        checkout.requote(session, now=outcome.clock_of(session), options=options, coupons=coupons)
        return session


def given_coupons(session: CheckoutSession) -> list[Coupon]:
    """The coupons that the merchant's site attached, in order: those of the purchase's first quote."""
    first = Quote.objects.filter(subscription_id=session.subscription_id).order_by("id").first()
    ids = [UUID(coupon) for coupon in first.coupons] if first else []
    rows = {coupon.pk: coupon for coupon in Coupon.objects.filter(id__in=ids)}
    return [rows[coupon_id] for coupon_id in ids]


def _wished(session: CheckoutSession, option_ids: Sequence[UUID]) -> list[WishedOption]:
    """The options by id, each with the quantity it had; unknown ids are passed over."""
    had = {UUID(option["version"]): int(option["quantity"]) for option in session.quote.options}
    versions = OptionVersion.objects.filter(id__in=had).values_list("option_id", "id")
    quantities = {option_id: had[version_id] for option_id, version_id in versions}
    wanted = Option.objects.filter(id__in=option_ids).order_by("id")
    return [WishedOption(option=option, quantity=quantities.get(option.pk, 1)) for option in wanted]
