"""`POST /subscriptions` and its preview: what a body asks for, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, TypedDict, cast

from billing import shapes
from billing.api.named import named_coupons, named_options
from billing.flows.checkout import form_url
from billing.flows.purchase import told_later
from billing.flows.subscribe import Previewed
from billing.flows.wanted import Wanted
from billing.models import CheckoutSession
from billing.selectors.answers import (
    CheckoutSessionShape,
    LaterShape,
    PeriodShape,
    QuoteLineShape,
    StatusText,
    SubscriptionShape,
    session_shown,
    subscriptions_shown,
)
from billing.selectors.leaving_answers import CreditPreviewShape
from invoices.drafts import DraftInvoice
from invoices.models import Invoice
from invoices.services.credit_plans import Plan
from invoices.totals import totals
from merchants.actors import Actor, Channel
from merchants.http.references import find
from merchants.models import Offer, Site
from merchants.selectors.shapes import DayText, Says
from subscribers.models import PaymentMethod, Subscription
from subscribers.selectors import people
from subscribers.shapes import on

AT_ONCE = frozenset({Channel.counter.value, Channel.call_centre.value, Channel.import_.value})
"""Channels where somebody sells face to face or by a list: nothing waits for a payment there (domain 10)."""


class SubscribedShape(SubscriptionShape):
    """A new subscription. `checkout_session`: where it waits for its payment, with the form that takes it."""

    checkout_session: CheckoutSessionShape | None


class DocumentPreviewShape(TypedDict):
    """An invoice that would be issued at once. Amounts in minor units."""

    on: DayText
    period: PeriodShape | None
    net: int
    tax: int
    total: int
    lines: list[QuoteLineShape]


class SubscriptionPreviewShape(TypedDict):
    """What a subscription would be and cost: `documents` by now (several where it starts in the past), then `later`."""

    object: Annotated[str, Says(one_of=("subscription_preview",))]
    currency: str
    status: StatusText
    start_on: DayText
    current_period: PeriodShape | None
    billing_day: int | None
    amount_due: int
    documents: list[DocumentPreviewShape]
    later: list[LaterShape]


def begins_at_once(body: Mapping[str, Any]) -> bool:
    """Whether nothing waits for a payment: as the body says, else as its channel does."""
    return bool(body.get("activation", "now" if body.get("channel") in AT_ONCE else "on_payment") == "now")


def acting(actor: Actor, body: Mapping[str, Any]) -> Actor:
    """The key, through the channel that the body names."""
    return replace(actor, channel=Channel(body["channel"])) if "channel" in body else actor


def wanted_of(body: Mapping[str, Any]) -> Wanted:
    """What a body names, found. Raises Invalid naming each field that names nothing."""
    method = body.get("payment_method")
    plain = {name: body[name] for name in ("reference", "start_on", "billing_day") if name in body}
    return Wanted(
        subscriber=find(people.visible().select_related("payer"), body["subscriber"], field="subscriber"),
        offer=find(Offer.objects.all(), body["offer"], field="offer"),
        options=named_options(body),
        coupons=named_coupons(body),
        quantity=body.get("quantity", 1),
        metadata=body.get("metadata", {}),
        collection=body.get("collection", "automatic"),
        payment_method=find(PaymentMethod.objects.all(), method, field="payment_method") if method else None,
        site=find(Site.objects.all(), body["site"], field="site") if "site" in body else None,
        **plain,
    )


def subscribed(row: Subscription, session: CheckoutSession | None = None) -> SubscribedShape:
    """The answer. A session that is complete has nothing left to say."""
    open_ = session if session is not None and session.status == CheckoutSession.Status.OPEN else None
    shown: dict[str, Any] = {**subscriptions_shown([row])[0], "checkout_session": None}
    if open_ is not None:
        shown["checkout_session"] = session_shown(open_, form_url(open_))
    return cast(SubscribedShape, shown)


def credit_previewed(invoice: Invoice, plan: Plan) -> CreditPreviewShape:
    """A credit note to be, as the API shows it."""
    return {
        "invoice": invoice.public_id,
        "total": plan.credit.gross,
        "to_invoice": plan.to_invoice,
        "to_balance": plan.to_balance,
        "to_refund": plan.to_refund,
    }


def document_previewed(draft: DraftInvoice) -> DocumentPreviewShape:
    """An invoice to be, as the API shows it."""
    summed = totals(draft.lines, draft.tax_behavior)
    shown: dict[str, Any] = {
        "on": on(draft.on),
        "period": {"start": on(draft.period.start), "end": on(draft.period.end)} if draft.period else None,
        "net": summed.net,
        "tax": summed.tax,
        "total": summed.gross,
        "lines": [shapes.quote_line(line) for line in draft.lines],
    }
    return cast(DocumentPreviewShape, shown)


def previewed(seen: Previewed) -> SubscriptionPreviewShape:
    """A preview as the API shows it."""
    period = seen.opened.current_period
    shown: dict[str, Any] = {
        "object": "subscription_preview",
        "currency": seen.opened.offer.currency,
        "status": seen.opened.status.value,
        "start_on": on(seen.opened.start_on),
        "current_period": {"start": on(period.start), "end": on(period.end)} if period else None,
        "billing_day": seen.opened.billing_day,
        "amount_due": seen.due,
        "documents": [document_previewed(draft) for draft in seen.documents],
        "later": told_later(seen.later),
    }
    return cast(SubscriptionPreviewShape, shown)
