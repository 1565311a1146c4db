"""Completing a purchase in the transaction that records its payment (domain 9): document, life, rights, facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from billing import shapes
from billing.engine.columns import columns
from billing.engine.opening import open_subscription
from billing.engine.quoting import coming
from billing.flows import purchase_coupons
from billing.models import CheckoutSession
from invoices.frozen import thaw
from invoices.models import Invoice, Payment
from invoices.services import payments
from invoices.services.issuing import Issue, issue
from merchants.actors import Actor
from merchants.models import LegalEntity, Merchant
from merchants.now import Now, local_midnight
from subscribers import history
from subscribers import shapes as life
from subscribers.lifecycle import PaymentState, access
from subscribers.models import Subscription, SubscriptionCoupon, SubscriptionOption
from subscribers.selectors.pictures import WantedOption, coupon_pictures, offer_pictures, option_pictures
from subscribers.selectors.taxing import tax_profile
from subscribers.services import facts, granting
from subscribers.snapshots import PurchaseSnapshot, SubscriptionSnapshot


def complete(
    session: CheckoutSession, payment: Payment | None, *, method_id: UUID | None, actor: Actor, now: Now
) -> Invoice | None:
    """Turn a locked, open session into a subscription and its first invoice; `payment` is recorded and captured (or
    accepted as processing). The quote's lines and periods stand; the document is dated today. Answers the invoice."""
    subscription, quote = session.subscription, session.quote
    merchant = Merchant.objects.get(id=session.tenant_id)
    opened = _opened(session, merchant, now)
    invoice = _invoice(session, merchant, opened, actor=actor, now=now)
    if payment is not None and invoice is not None:
        payment.invoice = invoice
        payment.save(update_fields=["invoice"])
    _activate(subscription, opened, session, invoice, payment, method_id, actor=actor, now=now)
    if payment is not None and payment.status == Payment.Status.SUCCEEDED:
        if invoice is not None:
            payments.settle(payment, invoice, actor=actor, now=now)
        elif payment.captured:
            payments.hold(payment, quote.legal_entity_id, now=now)
    session.status = CheckoutSession.Status.COMPLETE
    session.completed_at, session.invoice = now.at, invoice
    session.save(update_fields=["status", "completed_at", "invoice"])
    told: list[tuple[str, UUID | None, Mapping[str, Any]]] = [
        ("subscription.activated", subscription.pk, {"object": life.subscription(subscription)}),
        ("checkout_session.completed", session.pk, {"object": shapes.checkout_session(session)}),
        ("access.changed", subscription.pk, {"object": life.subscription(subscription)["access"]}),
    ]
    facts.tell(subscription.subscriber_id, *told, actor=actor, now=now)
    return invoice


def _opened(session: CheckoutSession, merchant: Merchant, now: Now) -> SubscriptionSnapshot:
    """The subscription that the quote promised, as the engine opens it."""
    subscription, quote = session.subscription, session.quote
    entity = LegalEntity.objects.get(id=quote.legal_entity_id)
    wanted = [
        WantedOption(id=UUID(o["id"]), version_id=UUID(o["version"]), quantity=o["quantity"]) for o in quote.options
    ]
    purchase = PurchaseSnapshot(
        offer=offer_pictures([quote.offer_version_id])[quote.offer_version_id],
        tax=tax_profile(entity, subscription.payer),
        zone=merchant.timezone,
        quantity=quote.quantity,
        options=option_pictures(wanted),
        coupons=coupon_pictures([UUID(coupon) for coupon in quote.coupons]),
        start_on=quote.start_on,
        billing_day=subscription.billing_day,
        reactivates=subscription.reactivates_id is not None,
    )
    return open_subscription(
        purchase,
        id=str(subscription.pk),
        payer=str(subscription.payer_id),
        beneficiary=str(subscription.subscriber_id),
        today=now.today,
        at=now.at,
    ).after


def _invoice(
    session: CheckoutSession, merchant: Merchant, opened: SubscriptionSnapshot, *, actor: Actor, now: Now
) -> Invoice | None:
    quote, subscription = session.quote, session.subscription
    draft = thaw(quote.draft) if quote.draft else None
    if draft is None or not draft.makes_invoice:
        return None
    later = coming(opened)
    ask = Issue(
        draft=draft,
        payer=subscription.payer,
        entity=LegalEntity.objects.get(id=quote.legal_entity_id),
        merchant=merchant,
        coming={"on": later[0].from_on.isoformat(), "amount": later[0].gross} if later else {},
        site_id=subscription.sold_at_id,
    )
    return issue([ask], actor=actor, now=now)[0]


def _activate(
    subscription: Subscription,
    opened: SubscriptionSnapshot,
    session: CheckoutSession,
    invoice: Invoice | None,
    payment: Payment | None,
    method_id: UUID | None,
    *,
    actor: Actor,
    now: Now,
) -> None:
    processing = payment is not None and payment.status == Payment.Status.PROCESSING
    state = PaymentState.processing if processing else PaymentState.ok
    verdict = access(status=opened.status, today=now.today, payment_state=state, start_on=opened.start_on)
    until = local_midnight(verdict.until, now.zone) if verdict.until else None
    history.update(
        subscription,
        {
            **columns(opened),
            "quantity": session.quote.quantity,
            "started_at": now.at,
            "payment_state": state.value,
            "access": verdict.access.value,
            "access_reason": verdict.why,
            "access_until": until,
            "payment_method_id": method_id,
            "latest_invoice_id": invoice.pk if invoice else None,
        },
        actor=actor,
        now=now,
        verb="activated",
    )
    _options(subscription, opened, session, actor=actor, now=now)
    _coupons(subscription, opened, session, actor=actor, now=now)
    granting.open_stage(subscription, opened.stage, at=now.at, actor=actor, now=now)
    granting.open_options(subscription, opened.options, at=now.at, actor=actor, now=now)


def _options(
    subscription: Subscription, opened: SubscriptionSnapshot, session: CheckoutSession, *, actor: Actor, now: Now
) -> None:
    versions = {option["id"]: UUID(option["version"]) for option in session.quote.options}
    rows = [
        SubscriptionOption(
            id=UUID(option.id),
            subscription=subscription,
            option_version_id=versions[option.id],
            quantity=option.quantity,
            periods=option.term,
            periods_used=option.periods_used,
            starts_on=opened.start_on,
            created_at=now.at,
        )
        for option in opened.options
    ]
    history.create_all(rows, actor=actor, now=now, verb="option_added")


def _coupons(
    subscription: Subscription, opened: SubscriptionSnapshot, session: CheckoutSession, *, actor: Actor, now: Now
) -> None:
    used = {UUID(coupon.id): coupon.periods_used for coupon in opened.coupons}
    purchase_coupons.hold_coupons(session)
    rows = [
        SubscriptionCoupon(
            subscription=subscription,
            coupon_id=coupon_id,
            payer_id=subscription.payer_id,
            position=at,
            periods_used=used.get(coupon_id, 0),
            attached_at=now.at,
        )
        for at, coupon_id in enumerate(UUID(coupon) for coupon in session.quote.coupons)
    ]
    history.create_all(rows, actor=actor, now=now, verb="coupon_attached")
