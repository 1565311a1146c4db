"""A subscription goes on after its end: as a new one, in the first paid stage of its offer (domain 12, 14).

What has ended stays ended: its documents and its history are closed. So the new one has periods of its own from the day
it begins, and says which one it goes on from (`reactivates`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from billing.flows import subscribe
from billing.flows.purchase import WishedOption
from billing.flows.subscribe import Previewed
from billing.flows.subscribe_paid import subscribe_paid
from billing.flows.wanted import Wanted, check_ended
from billing.models import CheckoutSession
from merchants.actors import Actor
from merchants.models import Coupon, VersionOption
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription, SubscriptionOption
from subscribers.selectors.pictures import newest_versions


@dataclass(frozen=True, kw_only=True)
class Again:
    """How it goes on. `quantity` and `options` None: as they were when it ended; no coupon comes back by itself."""

    quantity: int | None = None
    options: Sequence[WishedOption] | None = None
    coupons: Sequence[Coupon] = ()
    reference: str | None = None
    start_on: date | None = None
    metadata: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What it would be and cost, and the options that it had and that are not sold with its offer any more."""

    previewed: Previewed
    left_out: tuple[SubscriptionOption, ...] = field(default=())


def foresee(ended: Subscription, again: Again, *, actor: Actor) -> Foreseen:
    """The same checks and figures as the act; nothing is written. Raises what `reactivate` raises."""
    wanted, left_out = _wanted(ended, again)
    return Foreseen(
        previewed=subscribe.preview(merchant_id=ended.tenant_id, wanted=wanted, actor=actor), left_out=left_out
    )


def reactivate(*, merchant_id: UUID, subscription_id: UUID, again: Again, actor: Actor) -> Subscription:
    """Begin it anew at once, invoiced today, as `subscribe_now` begins any other: for its beneficiary, its offer as it
    is sold now, the options that it had, the day it was billed on. No setup fee, no free stage again.

    Raises Conflict (`subscription_not_ended`, `subscription_never_began`, `already_reactivated`) and what
    `subscribe_now` raises.
    """
    with tenant(merchant_id):
        wanted, _ = _wanted(Subscription.objects.get(id=subscription_id), again)
        return subscribe.subscribe_now(merchant_id=merchant_id, wanted=wanted, actor=actor)


def reactivate_paid(
    *, merchant_id: UUID, subscription_id: UUID, again: Again, actor: Actor, session_id: UUID | None = None
) -> CheckoutSession:
    """The same once its first invoice is paid by the method that is kept; refused, it waits on a payment form. Call it
    outside any transaction: it asks the provider. Raises what `reactivate` and `subscribe_paid` raise."""
    with tenant(merchant_id):
        wanted, _ = _wanted(Subscription.objects.get(id=subscription_id), again)
    return subscribe_paid(merchant_id=merchant_id, wanted=wanted, actor=actor, session_id=session_id)


def _wanted(ended: Subscription, again: Again) -> tuple[Wanted, tuple[SubscriptionOption, ...]]:
    check_ended(ended.pk)
    subscriber = ended.subscriber
    options, left_out = _options(ended)
    method = ended.payment_method
    if method is not None and (
        method.detached_at is not None or method.subscriber_id != (subscriber.payer_id or subscriber.pk)
    ):
        method = None
    wanted = Wanted(
        subscriber=subscriber,
        offer=ended.offer_version.offer,
        options=options if again.options is None else again.options,
        coupons=again.coupons,
        quantity=again.quantity or ended.quantity,
        reference=again.reference,
        metadata=ended.metadata if again.metadata is None else again.metadata,
        start_on=again.start_on,
        billing_day=ended.billing_day,
        collection=ended.collection,
        payment_method=method,
        site=ended.managed_at,
        reactivates=ended,
    )
    return wanted, left_out if again.options is None else ()


def _options(ended: Subscription) -> tuple[list[WishedOption], tuple[SubscriptionOption, ...]]:
    """The options held at the end that come back: bought, recurring, without a term; and those of them that are not
    sold with the offer any more."""
    rows = (
        SubscriptionOption.objects.filter(
            subscription=ended, complimentary=False, periods=None, option_version__one_off_amount=None
        )
        .exclude(ends_on__lt=ended.service_ends_on or ended.billing_ends_on or date.max)
        .select_related("option_version__option")
        .order_by("id")
    )
    offer_id = ended.offer_version.offer_id
    sold = set(
        VersionOption.objects.filter(
            version_id=newest_versions([offer_id], site_id=ended.managed_at_id)[offer_id], option__archived_at=None
        ).values_list("option_id", flat=True)
    )
    back: dict[UUID, WishedOption] = {}
    left_out = []
    for row in rows:
        option = row.option_version.option
        if option.pk in sold:
            back[option.pk] = WishedOption(option=option, quantity=row.quantity)
        else:
            left_out.append(row)
    return list(back.values()), tuple(left_out)
