"""A subscription that is not bought on a page: begun at once and invoiced, or charged to a saved method first
(domain 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing.engine.decide import catch_up
from billing.engine.quoting import Later, coming
from billing.engine.step import StepKind
from billing.flows import wanted as wanting
from billing.flows.pay import PaymentUnderWay
from billing.flows.purchase import rivals_of
from billing.flows.purchase_coupons import count_uses
from billing.flows.renew import renew
from billing.flows.wanted import Prepared, Wanted
from invoices.drafts import DraftInvoice
from invoices.totals import totals
from merchants.actors import Actor
from merchants.models import Merchant
from merchants.now import Now, local_midnight
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.services.violations import refusing
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers import shapes as life
from subscribers.models import Subscription, SubscriptionCoupon, SubscriptionOption
from subscribers.services import belonging, facts
from subscribers.snapshots import SubscriptionSnapshot


@dataclass(frozen=True, kw_only=True)
class Previewed:
    """What a subscription would be and cost: how it would stand, the documents that it would make by now, oldest first
    (more than one where it starts in the past), and what comes later."""

    opened: SubscriptionSnapshot
    documents: tuple[DraftInvoice, ...]
    later: tuple[Later, ...]

    @property
    def due(self) -> int:
        """All that the documents ask for, tax included, in minor units."""
        return sum(totals(draft.lines, draft.tax_behavior).gross for draft in self.documents)


def preview(*, merchant_id: UUID, wanted: Wanted, actor: Actor) -> Previewed:
    """The same checks and figures as the act; nothing is written. Raises what `subscribe_now` raises."""
    with tenant(merchant_id):
        merchant, now = _present(merchant_id, wanted)
        return _lived(wanting.prepare(wanted, merchant=merchant, actor=actor, now=now), now)


def subscribe_now(*, merchant_id: UUID, wanted: Wanted, actor: Actor) -> Subscription:
    """Begin a subscription without waiting for money: active and invoiced in this transaction, as if the run had met
    its start; one that begins in the past is caught up, one that begins later is scheduled.

    What is due is asked for afterwards (`Invoice.collect_at`), and unpaid goes to dunning. Raises Invalid, Conflict
    (`wanted.prepare`, `merchant_suspended`, `subscription_not_begun`), PaymentUnderWay (what may be had once is being
    paid for on a page).
    """
    with tenant(merchant_id):
        merchant, now = _present(merchant_id, wanted)
        payer = wanted.subscriber.payer or wanted.subscriber
        belonging.lock_present({wanted.subscriber.pk, payer.pk})
        ready = wanting.prepare(wanted, merchant=merchant, actor=actor, now=now)
        _lived(ready, now)
        subscription = ready.subscription
        if rivals_of(subscription, ready.priced.coupon_ids).exists():
            raise PaymentUnderWay
        subscription.activation = "now"
        begins_at = local_midnight(subscription.start_on, now.zone)
        subscription.next_action_at = begins_at
        subscription.access_until = begins_at
        _write(ready, actor=actor, now=now)
        if begins_at <= now.at:
            renewed = renew(merchant_id=merchant_id, batch=[subscription.pk], now=now, actor=actor)
            fault = renewed.faults.get(subscription.pk)
            if fault is not None or subscription.pk not in renewed.taken:
                raise Conflict(
                    fault.msgid if fault else gettext_noop("This subscription could not be begun."),
                    code="subscription_not_begun",
                    params=fault.params if fault else None,
                )
        return Subscription.objects.select_related("offer_version").get(id=subscription.pk)


def _present(merchant_id: UUID, wanted: Wanted) -> tuple[Merchant, Now]:
    merchant = Merchant.objects.get(id=merchant_id)
    if merchant.suspended_at is not None:
        raise Conflict(gettext_noop("This shop takes no payments at the moment."), code="merchant_suspended")
    if wanted.subscriber.erased_at is not None:
        raise Conflict(gettext_noop("This subscriber was erased."), code="subscriber_erased")
    return merchant, now_for(merchant, wanted.subscriber.test_clock_id)


def _lived(ready: Prepared, now: Now) -> Previewed:
    """How it would stand today, its missed periods made. Raises Invalid where there are more than one run makes."""
    opened, documents = ready.priced.draft.opened, [*_issued([ready.priced.draft.invoice])]
    for step in catch_up(opened, now.today, at=now.at):
        if step.kind is StepKind.park:
            raise Invalid.at(
                "start_on",
                "too_many_periods_behind",
                gettext_noop("Too many periods lie between this start and today."),
            )
        opened = step.after
        documents += _issued([step.drafted])
    return Previewed(opened=opened, documents=tuple(documents), later=coming(opened))


def _issued(drafts: Sequence[DraftInvoice | None]) -> list[DraftInvoice]:
    return [draft for draft in drafts if draft is not None and draft.makes_invoice]


def _write(ready: Prepared, *, actor: Actor, now: Now) -> None:
    """The scheduled subscription, its options and coupons, each told, and one use of every coupon counted.

    All of it counts from the start where that has come, so that the history reads in the order in which it was lived.
    """
    subscription = ready.subscription
    told: dict[str, Any] = {
        "actor": actor,
        "now": now,
        "effective_at": min(local_midnight(subscription.start_on, now.zone), now.at),
    }
    with refusing():
        history.create(subscription, **told)
    history.create_all(
        [
            SubscriptionOption(
                id=option.id,
                subscription=subscription,
                option_version_id=option.version_id,
                quantity=option.quantity,
                starts_on=subscription.start_on,
                created_at=now.at,
            )
            for option in ready.priced.options
        ],
        verb="option_added",
        **told,
    )
    count_uses(ready.priced.coupon_ids)
    history.create_all(
        [
            SubscriptionCoupon(
                subscription=subscription,
                coupon_id=coupon_id,
                payer_id=subscription.payer_id,
                position=at,
                attached_at=now.at,
            )
            for at, coupon_id in enumerate(ready.priced.coupon_ids)
        ],
        verb="coupon_attached",
        **told,
    )
    data = {"object": life.subscription(subscription)}
    facts.tell(subscription.subscriber_id, ("subscription.created", subscription.pk, data), actor=actor, now=now)
