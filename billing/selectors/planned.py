"""What hangs on subscriptions, as the API shows it: the options that they have, and what is planned for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, TypedDict
from uuid import UUID

from billing.engine.wishes import WishKind
from merchants.ids import show
from merchants.models import OfferVersion, OptionVersion
from merchants.selectors.shapes import DayText, InstantText, Says
from subscribers.models import ScheduledChange, Subscription, SubscriptionCoupon, SubscriptionOption
from subscribers.shapes import at, on


class HeldOptionShape(TypedDict):
    """An option that a subscription has. `id` is its own, `option` the catalogue's; `ends_on` is the first day without
    it."""

    id: str
    option: str
    quantity: int
    complimentary: bool
    reason: str | None
    periods: int | None
    starts_on: DayText
    ends_on: DayText | None


class HeldCouponShape(TypedDict):
    """A coupon on a subscription, in the order in which they apply. `periods_used`: paid periods that it came off;
    `ended_at`: used up, or taken off."""

    coupon: str
    code: str
    periods_used: int
    attached_at: InstantText
    ended_at: InstantText | None


class PlannedOptionShape(TypedDict):
    """An option that a wish adds, keeps or removes. `id` is the subscription's own."""

    id: str
    option: str
    quantity: int | None


class PlannedShape(TypedDict):
    """A wish for the end of the paid period: what changes from `due_on` on. Null: that does not change by it; in
    `options` of a `change_offer`, that those which can be kept are kept; in `coupons`, that they
    stay."""

    id: str
    kind: Annotated[str, Says(one_of=tuple(kind.value for kind in WishKind))]
    due_on: DayText
    quantity: int | None
    offer: str | None
    offer_version: int | None
    options: list[PlannedOptionShape] | None
    coupons: list[str] | None


def held_options(rows: Sequence[Subscription]) -> dict[UUID, list[HeldOptionShape]]:
    """The options of subscriptions, ended ones too, oldest first: one query, however many."""
    held = SubscriptionOption.objects.filter(subscription_id__in=[row.pk for row in rows])
    return options_among(held.select_related("option_version").order_by("id"))


def options_among(options: Iterable[SubscriptionOption]) -> dict[UUID, list[HeldOptionShape]]:
    """These options by their subscription, in the order given. They come with their versions."""
    found: dict[UUID, list[HeldOptionShape]] = defaultdict(list)
    for row in options:
        found[row.subscription_id].append(
            {
                "id": row.public_id,
                "option": show("opt", row.option_version.option_id),
                "quantity": row.quantity,
                "complimentary": row.complimentary,
                "reason": row.reason or None,
                "periods": row.periods,
                "starts_on": row.starts_on.isoformat(),
                "ends_on": on(row.ends_on),
            }
        )
    return found


def held_coupons(rows: Sequence[Subscription]) -> dict[UUID, list[HeldCouponShape]]:
    """The coupons of subscriptions, those that are over too: one query, however many."""
    held = SubscriptionCoupon.objects.filter(subscription_id__in=[row.pk for row in rows])
    return coupons_among(held.select_related("coupon").order_by("position", "id"))


def coupons_among(coupons: Iterable[SubscriptionCoupon]) -> dict[UUID, list[HeldCouponShape]]:
    """These coupons by their subscription, in the order given. They come with their coupon."""
    found: dict[UUID, list[HeldCouponShape]] = defaultdict(list)
    for row in coupons:
        found[row.subscription_id].append(
            {
                "coupon": show("cou", row.coupon_id),
                "code": row.coupon.code,
                "periods_used": row.periods_used,
                "attached_at": at(row.attached_at) or "",
                "ended_at": at(row.ended_at),
            }
        )
    return found


def planned(rows: Sequence[Subscription]) -> dict[UUID, list[PlannedShape]]:
    """The wishes that wait, in the order in which they were made: four queries at most, one where none waits."""
    waiting = ScheduledChange.objects.filter(
        subscription_id__in=[row.pk for row in rows], status=ScheduledChange.Status.WAITING
    )
    return planned_among(list(waiting.order_by("id")))


def planned_among(wishes: Sequence[ScheduledChange]) -> dict[UUID, list[PlannedShape]]:
    """These wishes by their subscription, in the order given: three queries at most, none where there are none."""
    found: dict[UUID, list[PlannedShape]] = defaultdict(list)
    if not wishes:
        return found
    versions = OfferVersion.objects.in_bulk({UUID(v) for w in wishes if (v := w.details.get("offer_version"))})
    named = [one for wish in wishes for one in wish.details.get("options") or ()]
    taken = OptionVersion.objects.in_bulk({UUID(one["version"]) for one in named if isinstance(one, Mapping)})
    own = SubscriptionOption.objects.filter(pk__in=[UUID(one) for one in named if isinstance(one, str)])
    catalogue = dict(own.values_list("id", "option_version__option_id"))
    for wish in wishes:
        version = versions.get(UUID(wish.details["offer_version"])) if "offer_version" in wish.details else None
        options, named_coupons = wish.details.get("options"), wish.details.get("coupons")
        found[wish.subscription_id].append(
            {
                "id": wish.public_id,
                "kind": wish.kind,
                "due_on": wish.due_on.isoformat(),
                "quantity": wish.details.get("quantity"),
                "offer": show("off", version.offer_id) if version else None,
                "offer_version": version.number if version else None,
                "options": None if options is None else [_option(one, taken, catalogue) for one in options],
                "coupons": [show("cou", UUID(id_)) for id_ in named_coupons] if named_coupons is not None else None,
            }
        )
    return found


def _option(one: Any, taken: Mapping[UUID, OptionVersion], catalogue: Mapping[UUID, UUID]) -> PlannedOptionShape:
    if isinstance(one, str):
        return {"id": show("sop", UUID(one)), "option": show("opt", catalogue[UUID(one)]), "quantity": None}
    option_id = taken[UUID(one["version"])].option_id
    return {"id": show("sop", UUID(one["id"])), "option": show("opt", option_id), "quantity": one["quantity"]}
