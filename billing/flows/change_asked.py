"""A change that waits for its payment (domain 9, `only_if_paid`): what was asked, as a checkout session keeps it; its
quote; and the change itself, in the transaction that records the payment.

Nothing is worked out twice: the quote is what the change would leave to pay, found by making it and taking it back; the
change is made anew when the money is there, and stands only where it leaves exactly that to pay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from billing import shapes
from billing.engine.moving import Anchoring
from billing.flows import cancel, change, debts
from billing.flows.asks import AddOption, Ask, ChangeOffer, SetQuantity
from billing.flows.bring_up import bring_up, is_due
from billing.flows.change import Changing
from billing.flows.held import bill_what_waits
from billing.flows.purchase import WishedOption, told_later
from billing.models import CheckoutSession, Quote
from invoices.frozen import freeze
from invoices.models import Invoice, Payment
from invoices.services import balances
from invoices.totals import totals
from merchants.actors import Actor, ActorKind, Channel
from merchants.models import Coupon, Merchant, Offer, Option
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, Refusal, gettext_noop
from merchants.selectors.clocks import now_for
from subscribers.models import Subscription
from subscribers.services import facts


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be done once it is paid, and who asked for it."""

    ask: Ask
    changing: Changing
    actor: Actor


class NothingToPay(Conflict):
    """Since it was asked, other things have happened: the change costs nothing now."""

    code = "nothing_to_pay"
    detail = gettext_noop("There is nothing left to pay for this change.")
    way_out = gettext_noop("Ask for it again: it is made at once then.")


def told(asked: Asked) -> dict[str, Any]:
    """As a session keeps it. Raises Invalid (`only_if_paid_costs_nothing`) for what is never paid for."""
    ask, changing = asked.ask, asked.changing
    said: dict[str, Any]
    match ask:
        case SetQuantity():
            said = {"kind": "set_quantity", "quantity": ask.quantity}
        case AddOption(wished=wished, gift=None):
            said = {"kind": "add_option", "options": [_named(wished)]}
        case ChangeOffer():
            options = None if ask.options is None else [_named(one) for one in ask.options]
            coupons = None if ask.coupons is None else [str(coupon.pk) for coupon in ask.coupons]
            said = {"kind": "change_offer", "offer": str(ask.offer.pk), "options": options, "coupons": coupons}
            said["quantity"] = ask.quantity
        case _:
            detail = gettext_noop("This costs nothing: it has not to wait for a payment.")
            raise Invalid.at("only_if_paid", "only_if_paid_costs_nothing", detail)
    how = {"when": changing.when, "anchor": changing.anchor.value, "reason": changing.reason, "role": changing.role}
    actor = asked.actor
    who = {"kind": actor.kind.value, "id": actor.id, "label": actor.label, "channel": actor.channel.value}
    return {**said, "how": how, "actor": who}


def _named(wished: WishedOption) -> dict[str, Any]:
    return {"option": str(wished.option.pk), "quantity": wished.quantity}


def read(stored: Mapping[str, Any]) -> Asked:
    """The inverse of `told`. Needs the tenant's scope."""
    how, who = stored["how"], stored["actor"]
    return Asked(
        ask=_ask(stored),
        changing=Changing(when=how["when"], anchor=Anchoring(how["anchor"]), reason=how["reason"], role=how["role"]),
        actor=Actor(kind=ActorKind(who["kind"]), id=who["id"], label=who["label"], channel=Channel(who["channel"])),
    )


def _ask(stored: Mapping[str, Any]) -> Ask:
    if stored["kind"] == "set_quantity":
        return SetQuantity(quantity=stored["quantity"])
    if stored["kind"] == "add_option":
        return AddOption(wished=_wished(stored["options"])[0])
    coupons = stored["coupons"]
    found = Coupon.objects.in_bulk([UUID(one) for one in coupons or ()])
    return ChangeOffer(
        offer=Offer.objects.get(id=stored["offer"]),
        options=None if stored["options"] is None else _wished(stored["options"]),
        quantity=stored["quantity"],
        coupons=None if coupons is None else [found[UUID(one)] for one in coupons],
    )


def _wished(named: list[Mapping[str, Any]]) -> list[WishedOption]:
    found = Option.objects.in_bulk([UUID(one["option"]) for one in named])
    return [WishedOption(option=found[UUID(one["option"])], quantity=one["quantity"]) for one in named]


def to_pay(row: Subscription, asked: Asked) -> int:
    """What the change would leave to pay today, in minor units: its invoice less what it gives back and what the
    balance holds. Made, and taken back. Needs the tenant's scope. Raises what `change.change` raises."""
    with transaction.atomic():
        invoice = make(row, asked)
        due = invoice.amount_due if invoice is not None else 0
        transaction.set_rollback(True)
    return due


def make(row: Subscription, asked: Asked) -> Invoice | None:
    """Make what is due before it, then the change, and use the balance; its invoice, None where it has none. Raises
    what `change.change` raises."""
    merchant = Merchant.objects.get(id=row.tenant_id)
    now = now_for(merchant, row.test_clock_id)
    if is_due(row, now):
        bring_up(row.tenant_id, row, actor=asked.actor, now=now)
    bill_what_waits(cancel.lock(row.pk), merchant, actor=asked.actor, now=now)
    before = Subscription.objects.values_list("latest_invoice_id", flat=True).get(id=row.pk)
    done = change.change(
        merchant_id=row.tenant_id,
        subscription_id=row.pk,
        ask=asked.ask,
        changing=asked.changing,
        actor=asked.actor,
    )
    balances.pay_open_invoices(row.payer_id, currency=row.currency, actor=asked.actor, now=now)
    if done.latest_invoice_id in (None, before):
        return None
    return Invoice.objects.get(id=done.latest_invoice_id)


def quote(row: Subscription, asked: Asked, due: int, *, now: Now) -> Quote:
    """The quote of a change, not saved: its document's lines, what is left to pay of it, and what comes later. Needs
    the tenant's scope."""
    seen = change.foresee(merchant_id=row.tenant_id, subscription_id=row.pk, ask=asked.ask, changing=asked.changing)
    draft = seen.documents[-1]
    summed = totals(draft.lines, draft.tax_behavior)
    return Quote(
        subscription=row,
        legal_entity_id=row.legal_entity_id,
        offer_version_id=UUID(seen.after.offer.version_id),
        currency=row.currency,
        quantity=seen.after.quantity,
        start_on=now.today,
        draft=freeze(draft),
        later=told_later(seen.later),
        net=summed.net,
        tax=summed.tax,
        total=due,
        created_at=now.at,
    )


def requote(session: CheckoutSession, *, now: Now) -> None:
    """Another quote for a locked, open session where the change costs another sum now, or another one later. Raises
    what `change.change` raises, NothingToPay."""
    asked, old = read(session.asked or {}), session.quote
    due = to_pay(session.subscription, asked)
    if not due:
        raise NothingToPay
    new = quote(session.subscription, asked, due, now=now)
    if (new.total, new.start_on, new.later) == (old.total, old.start_on, old.later):
        return
    new.save(force_insert=True)
    session.quote = new
    session.save(update_fields=["quote"])


def carry_out(session: CheckoutSession, payment: Payment, before: str, *, actor: Actor, now: Now) -> bool:
    """Make the change of a locked, open session whose payment was taken (or accepted), and settle its invoice with it.

    False, with nothing made, where it cannot be had any more or leaves another sum to pay than was asked for: the
    session is over then, and what was taken is owed back by whoever calls."""
    try:
        with transaction.atomic():
            invoice = make(session.subscription, read(session.asked or {}))
            if invoice is None or invoice.amount_due != payment.amount:
                raise NothingToPay
    except Refusal:
        _over(session, CheckoutSession.Status.EXPIRED, None, actor=actor, now=now)
        return False
    invoice.collect_at = None  # this payment is for it
    invoice.save(update_fields=["collect_at"])
    payment.invoice = invoice
    payment.save(update_fields=["invoice"])
    debts.follow(invoice, payment, before, actor=actor, now=now)
    _over(session, CheckoutSession.Status.COMPLETE, invoice, actor=actor, now=now)
    return True


def _over(session: CheckoutSession, status: str, invoice: Invoice | None, *, actor: Actor, now: Now) -> None:
    done = status == CheckoutSession.Status.COMPLETE
    session.status, session.invoice, session.completed_at = status, invoice, now.at if done else None
    session.save(update_fields=["status", "invoice", "completed_at"])
    kind = "checkout_session.completed" if done else "checkout_session.expired"
    data = {"object": shapes.checkout_session(session)}
    facts.tell(session.subscriber_id, (kind, session.pk, data), actor=actor, now=now)
