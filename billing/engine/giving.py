"""What a gesture costs: what the merchant gives up, as it stands today (domain 13). Pure.

The days ahead are walked by the same steps as the real run, and what the lines would have cost without the gesture is
added up. What has no end has no cost in all, only one per period.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice

from billing.engine.pausing import added_draft
from billing.engine.proration import price_of
from billing.engine.schedule import walk
from billing.engine.wishes import Catalogue
from invoices.drafts import DraftLine
from merchants.money import round_half_away
from subscribers.periods import proration
from subscribers.snapshots import CouponSnapshot, OptionSnapshot, SubscriptionSnapshot

FURTHEST = 1_300
"""Steps that are looked at, at most: a hundred years of months, as many periods as anything is given for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What a gesture costs in all (None: it has no end) and in a whole period, in minor units, in the offer's own terms
    of tax. `per_period` None where it knows no period."""

    cost: int | None
    per_period: int | None = None


def worth_of_option(
    snapshot: SubscriptionSnapshot,
    option_id: str,
    *,
    on: date,
    endless: bool = False,
    catalogue: Catalogue | None = None,
) -> Worth:
    """What an option that is given would have cost: the rest of the running period, and every period to its end.

    `snapshot` has the option already, or plans it. A life that ends before the gift does ends its cost too.
    """
    option = next((one for one in snapshot.options if one.id == option_id), None)

    def own(line: DraftLine) -> int:
        said = line.inputs.get("instead_of") if line.subscription_option_id == option_id else None
        return said if isinstance(said, int) else 0

    def over(after: SubscriptionSnapshot) -> bool:
        held = next((one for one in after.options if one.id == option_id), None)
        if held is None:
            return False
        if held.is_one_off:
            return not held.is_due_once
        period = after.current_period
        return held.ends_on is not None and (period is None or held.ends_on <= period.end)

    rest = _rest(snapshot, option, on) if option is not None else 0
    lasts = endless and not (option is not None and option.is_one_off)
    return _added_up(snapshot, own, over, already=rest, endless=lasts, catalogue=catalogue)


def worth_of_discount(
    snapshot: SubscriptionSnapshot, coupon: CouponSnapshot, *, catalogue: Catalogue | None = None
) -> Worth:
    """What a discount takes off until it is spent. `coupon` is not among the snapshot's yet."""
    with_it = replace(snapshot, coupons=(*snapshot.coupons, coupon))
    endless = coupon.most_periods is None

    def own(line: DraftLine) -> int:
        return sum(share.amount for share in line.discounts if share.coupon_id == coupon.id)

    def over(after: SubscriptionSnapshot) -> bool:
        return any(one.id == coupon.id and one.is_spent for one in after.coupons)

    return _added_up(with_it, own, over, endless=endless, catalogue=catalogue)


def worth_of_days(snapshot: SubscriptionSnapshot, days: int, *, on: date) -> Worth:
    """What free days before the next renewal would have cost pro rata, options included."""
    if snapshot.current_period is None:
        return Worth(cost=0)
    draft = added_draft(snapshot, snapshot.current_period.end + timedelta(days=days), on=on)
    return Worth(cost=draft.charged if draft is not None else 0)


def had_of(cost: int, days: int, of_days: int) -> int:
    """What of the cost of free days was had after so many of them, in minor units, rounded half away from zero once.

    >>> had_of(1000, 5, 14), had_of(1000, 14, 14), had_of(1000, 0, 14)
    (357, 1000, 0)
    """
    return round_half_away(proration(cost, days, of_days))


def _rest(snapshot: SubscriptionSnapshot, option: OptionSnapshot, on: date) -> int:
    """What the option would have cost for the rest of the running period: options are billed as it opens, whatever the
    stage."""
    if option.is_one_off or snapshot.current_part is None:
        return 0
    part = snapshot.current_part.within(max(on, option.starts_on or on), option.ends_on)
    price = option.price(snapshot.stage.interval)
    return price_of(price, option.quantity, part) if part is not None and price else 0


def _added_up(
    snapshot: SubscriptionSnapshot,
    own: Callable[[DraftLine], int],
    over: Callable[[SubscriptionSnapshot], bool],
    *,
    already: int = 0,
    endless: bool,
    catalogue: Catalogue | None = None,
) -> Worth:
    """The sum of what the lines ahead give up, until it is over or the life is; without end, what one period does."""
    cost, largest = already, 0
    if over(snapshot):
        return Worth(cost=cost)
    ends = snapshot.ends_on is not None
    for step in islice(walk(snapshot, catalogue=catalogue), FURTHEST):
        part = sum(own(line) for line in step.drafted.lines) if step.drafted is not None else 0
        cost, largest = cost + part, max(largest, part)
        if over(step.after) or (endless and largest and not ends):
            break
    return Worth(cost=None if endless and not ends else cost, per_period=largest)
