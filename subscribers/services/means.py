"""Saving the payment methods that a provider keeps for a payer."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from merchants.actors import Actor
from merchants.models import ProviderAccount
from merchants.now import Now
from merchants.refusals import Conflict, gettext_noop
from subscribers import history, shapes
from subscribers.models import PaymentMethod, Subscriber, Subscription
from subscribers.services import facts


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What the provider lets us keep of a method."""

    provider_ref: str
    customer_ref: str
    kind: str
    brand: str = ""
    last4: str = ""
    exp_month: int | None = None
    exp_year: int | None = None
    country: str = ""
    fingerprint: str = ""


def save(payer: Subscriber, account: ProviderAccount, saved: Saved, *, actor: Actor, now: Now) -> PaymentMethod:
    """The method as a row, made the payer's default. The same method of the provider is known once."""
    known = PaymentMethod.objects.filter(account=account, provider_ref=saved.provider_ref).first()
    if known is not None and known.subscriber_id == payer.pk:
        if known.detached_at is None:
            make_default(known, actor=actor, now=now)
        return known
    current = PaymentMethod.objects.filter(subscriber=payer, is_default=True, detached_at=None).first()
    if current is not None:
        history.update(current, {"is_default": False}, actor=actor, now=now, verb="replaced")
    row = PaymentMethod(
        subscriber=payer,
        gateway=account.kind,
        account=account,
        kind=saved.kind,
        provider_ref=saved.provider_ref,
        customer_ref=saved.customer_ref,
        brand=saved.brand,
        last4=saved.last4,
        exp_month=saved.exp_month,
        exp_year=saved.exp_year,
        country=saved.country,
        fingerprint=saved.fingerprint,
        is_default=True,
        created_at=now.at,
    )
    history.create(row, actor=actor, now=now, verb="attached")
    _tell("payment_method.attached", row, actor=actor, now=now)
    return row


def make_default(row: PaymentMethod, *, actor: Actor, now: Now) -> None:
    """Charge this one from now on."""
    if row.detached_at is not None:
        raise Conflict(gettext_noop("This payment method was detached."), code="payment_method_detached")
    if row.is_default:
        return
    for other in PaymentMethod.objects.filter(subscriber_id=row.subscriber_id, is_default=True, detached_at=None):
        history.update(other, {"is_default": False}, actor=actor, now=now, verb="replaced")
    history.update(row, {"is_default": True}, actor=actor, now=now, verb="made_default")
    _tell("payment_method.updated", row, actor=actor, now=now)


def charge_from_now_on(row: PaymentMethod, *, actor: Actor, now: Now) -> None:
    """Charge all of a payer's running subscriptions to this means, the default, also those that were bought with
    another one: who gives a new card apart from a purchase means it for everything. The caller holds the payer's lock.
    """
    live = (Subscription.Status.SCHEDULED, Subscription.Status.TRIALING, Subscription.Status.ACTIVE)
    pinned = Subscription.objects.filter(
        payer_id=row.subscriber_id, payment_method__isnull=False, status__in=(*live, Subscription.Status.SUSPENDED)
    ).exclude(payment_method_id=row.pk)
    for subscription in pinned.select_for_update(of=("self",)).order_by("id"):
        columns = {"payment_method_id": row.pk}
        history.update(subscription, columns, actor=actor, now=now, verb="payment_method_changed")


def detach(row: PaymentMethod, *, actor: Actor, now: Now) -> None:
    """Forget a method. Raises Conflict where a live subscription would be left without any."""
    if row.detached_at is not None:
        return
    if row.is_default and _is_needed(row.subscriber_id):
        raise Conflict(
            gettext_noop("A running subscription is charged to this payment method."),
            code="payment_method_needed",
            way_out=gettext_noop("Attach another one and make it the default first."),
        )
    history.update(row, {"detached_at": now.at, "is_default": False}, actor=actor, now=now, verb="detached")
    _tell("payment_method.detached", row, actor=actor, now=now)


def _is_needed(payer_id: UUID) -> bool:
    live = (Subscription.Status.TRIALING, Subscription.Status.ACTIVE, Subscription.Status.SUSPENDED)
    return Subscription.objects.filter(
        payer_id=payer_id, status__in=live, collection="automatic", billing_ends_on=None
    ).exists()


def _tell(kind: str, row: PaymentMethod, *, actor: Actor, now: Now) -> None:
    data = {"object": shapes.payment_method(row)}
    facts.tell(row.subscriber_id, (kind, row.pk, data), actor=actor, now=now)
