"""What a change that counts now is told: how it counts, how the subscription stood before, and what of the running
period it touches (domain 12, 13). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from billing.engine.moving import Anchoring
from billing.engine.transitions import Proration
from invoices.drafts import LineKind
from invoices.frozen import thaw_line
from subscribers.periods import Part
from subscribers.snapshots import Billing, ChargeSnapshot, CouponSnapshot, SubscriptionSnapshot

STAGE = "stage"
"""Where lines are named by what they bill: the subscription's own price; options are named by their id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """How the subscription stood before its first change of the day, and what was credited that day of what it had
    paid then, in minor units after discount, by what the line billed; `kept` is what was not given back at all, and
    `quantities` says how many of each were paid."""

    snapshot: SubscriptionSnapshot
    credited: Mapping[str, int] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    quantities: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a change counts now. `carried` are the coupons that came off what bills the running period, `facts` those
    facts of lines that exist already; `stood`, where the offer was another one earlier that day. Without `bills_now`
    its lines wait for the next document."""

    on: date
    proration: Proration = Proration.days
    anchoring: Anchoring = Anchoring.restart
    fee: int = 0
    carried: tuple[CouponSnapshot, ...] = ()
    facts: frozenset[str] = frozenset()
    stood: Stood | None = None
    bills_now: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """Before, after, and the part of a period that the after bills. `same`: the period that ran goes on; `again`: the
    old dates stand again; `moves`: another offer."""

    before: SubscriptionSnapshot
    after: SubscriptionSnapshot
    part: Part
    how: How
    moves: bool
    same: bool
    again: bool

    def bills_anew(self, key: str, quantity: int, begun: date | None = None) -> bool:
        """Going back bills again what was paid this morning at what was credited of it; what came between, or is had in
        another quantity since, is billed as it is now."""
        if not self.again or self.how.stood is None:
            return True
        was = self.how.stood.quantities.get(key)
        return begun == self.how.on if was is None else was != quantity

    @property
    def reprices(self) -> bool:
        """True where the subscription's own price for the running period changes."""
        return self.moves or self.before.quantity != self.after.quantity

    @property
    def cuts(self) -> bool:
        """True where the running period falls in two: what is billed when it ends was had at two prices."""
        if self.waits or (self.same and self.how.proration is Proration.full):
            return False
        before, after = self.before.stage, self.after.stage
        arrears = Billing.arrears in (before.billing, after.billing)
        return (arrears and self.reprices) or (self.moves and bool(before.usage or after.usage))

    @property
    def waits(self) -> bool:
        """True where nothing of the running period is given back or charged: the next one is at the new price. Only
        where both are paid in advance: else days would be billed twice, or never."""
        advance = {self.before.stage.billing, self.after.stage.billing} == {Billing.advance}
        return self.how.proration is Proration.none and self.same and advance


def names_of(charges: Sequence[ChargeSnapshot]) -> frozenset[str]:
    """What lines that wait bill of the running period: the subscription's own price, options by id."""
    found = set[str]()
    for charge in charges:
        if charge.held is not None:
            line = thaw_line(charge.held)
            if line.kind is LineKind.stage:
                found.add(STAGE)
            elif line.kind is LineKind.option:
                found.add(str(line.subscription_option_id))
    return frozenset(found)
