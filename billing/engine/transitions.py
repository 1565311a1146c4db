"""How a change from one offer to another counts: the merchant's row for it, who may decide otherwise, and what holds
where no row is for it (domain 11). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from billing.engine.opening import first_paid
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.transitions import Direction, Proration, TransitionRule, When
from subscribers.snapshots import OfferSnapshot

__all__ = ["Direction", "Proration", "Transition", "When", "decided", "direction", "ruled", "unruled", "yearly_cost"]

PORTAL = "portal"
"""The role of who changes their own subscription: they get what the policy says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """How a change counts. `fee` is in minor units of the offer's currency and its own terms, on the document of the
    change. `overridden_by` are the roles that may decide otherwise; None: no row is for it, and who may change
    subscriptions decides."""

    when: When
    proration: Proration = Proration.days
    fee: int = 0
    overridden_by: tuple[str, ...] | None = None


def yearly_cost(offer: OfferSnapshot) -> Fraction:
    """What the first paid stage costs in a year of 12 months or 365 days, in minor units, exact.

    >>> from subscribers.periods import Interval, Unit
    >>> from subscribers.snapshots import StageSnapshot, TaxBehavior
    >>> stage = StageSnapshot(position=0, interval=Interval(Unit.month, 3), amount=2990)
    >>> sold = OfferSnapshot(version_id="v", offer_id="o", reference="o", title={}, currency="EUR",
    ...     tax_behavior=TaxBehavior.inclusive, tax_code="electronic", stages=(stage,))
    >>> yearly_cost(sold)
    Fraction(11960, 1)
    """
    stage = first_paid(offer)
    months, days = stage.interval.months, stage.interval.days
    if months is not None:
        return Fraction(stage.amount * 12, months)
    return Fraction(stage.amount * 365, days or 1)


def direction(before: OfferSnapshot, after: OfferSnapshot) -> Direction:
    """Up where the new offer costs at least as much a year."""
    return Direction.up if yearly_cost(after) >= yearly_cost(before) else Direction.down


def unruled(before: OfferSnapshot, after: OfferSnapshot) -> Transition:
    """What counts where no rule of the merchant's matches: up at once, down at the end of what is paid."""
    return Transition(when=When.now if direction(before, after) is Direction.up else When.period_end)


def ruled(
    rules: Sequence[TransitionRule],
    before: OfferSnapshot,
    after: OfferSnapshot,
    *,
    in_commitment: bool,
    fee_currency: str,
) -> Transition:
    """How a change counts by the first row that is for it, else as `unruled` says. To a newer version of the same offer
    no row speaks. A fee is charged where the offer is sold in the merchant's currency (`fee_currency`)."""
    way = direction(before, after)
    for rule in rules if before.offer_id != after.offer_id else ():
        if (
            rule.from_offer in (None, before.offer_id)
            and rule.to_offer in (None, after.offer_id)
            and rule.direction in (None, way)
            and rule.in_commitment in (None, in_commitment)
        ):
            fee = rule.fee if after.currency == fee_currency else 0
            return Transition(when=rule.when, proration=rule.proration, fee=fee, overridden_by=rule.overridden_by)
    return unruled(before, after)


def decided(transition: Transition, asked: When | None, *, role: str | None, reason: str) -> Transition:
    """How a change counts, once somebody said when or nobody did. An API key (`role` None) decides as it likes; a
    member decides otherwise than a row only where it names their role, and says why.

    >>> by_row = Transition(when=When.forbidden, overridden_by=("owner",))
    >>> decided(by_row, When.now, role=None, reason="").when.value
    'now'
    >>> decided(by_row, When.now, role="owner", reason="as agreed on the phone").when.value
    'now'
    >>> decided(by_row, When.now, role="support", reason="please")
    Traceback (most recent call last):
    merchants.refusals.Conflict: ('policy_not_yours', 'The transition policy says otherwise.')

    Raises Conflict (`change_forbidden`, `policy_not_yours`) or Invalid (`reason_required`).
    """
    if asked is None or asked is transition.when:
        if transition.when is When.forbidden:
            raise Conflict(
                gettext_noop("The transition policy does not allow this change."),
                code="change_forbidden",
                way_out=gettext_noop("Say when it is to count, if you may, or change the policy in Settings."),
            )
        return transition
    named = transition.overridden_by
    if role == PORTAL or (role is not None and named is not None and role not in named):
        raise Conflict(
            gettext_noop("The transition policy says otherwise."),
            code="policy_not_yours",
            way_out=gettext_noop("Leave it to the policy, or ask somebody whose role may decide otherwise."),
        )
    if role is not None and named is not None and not reason.strip():
        detail = gettext_noop("Say why it counts otherwise than the policy says.")
        raise Invalid.at("reason", "reason_required", detail)
    return replace(transition, when=asked)
