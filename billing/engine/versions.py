"""A subscription moved to another version of its offer: when, what it pays before and after (domain 16). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import islice

from billing.engine.committing import committed_until
from billing.engine.lives import BEGINS
from billing.engine.schedule import walk
from billing.engine.step import Step
from billing.engine.wishes import Catalogue, WishKind, paid_until
from invoices.totals import totals
from merchants.money import round_half_away
from merchants.refusals import Conflict, gettext_noop
from subscribers.lifecycle import Status
from subscribers.periods import Interval
from subscribers.snapshots import Billing, OfferSnapshot, Scheduled, SubscriptionSnapshot

AHEAD = 1200
"""Steps that are looked at: three years of days, and far more of anything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The first day of the new version, the day before which it may not be (told, committed), and a period's price
    before and after with tax, options and discounts, in minor units; a year of 12 months or 365 days costs as many."""

    due_on: date
    not_before: date
    before: int
    after: int
    yearly_before: int
    yearly_after: int


def same_calendar(one: OfferSnapshot, other: OfferSnapshot) -> bool:
    """True where two versions have the same stages but for what they cost and open: the place of a subscription in the
    one is its place in the other, and its anchor, commitment and counted periods stand."""
    return one.currency == other.currency and one.tax_behavior == other.tax_behavior and _grid(one) == _grid(other)


def _grid(offer: OfferSnapshot) -> list[tuple[object, ...]]:
    return [(stage.interval, stage.recurrences, stage.billing, stage.is_free) for stage in offer.stages]


def move(
    snapshot: SubscriptionSnapshot,
    to: OfferSnapshot,
    *,
    earliest: date,
    keep_commitment: bool = True,
    catalogue: Catalogue | None = None,
) -> Move:
    """When it moves and what that changes: at its first renewal on `earliest` or later, after its commitment if that is
    kept. A free stage is never cut. What is planned counts on both sides, by the `catalogue` that it names; charges
    and usage, those of the period that closes that day too, on neither. Nothing is rounded but the sums of documents
    and each yearly sum, once.

    Raises Conflict with why it is left out: `other_offer`, `stages_differ`, `not_begun`, `change_planned`,
    `moves_already`, `ends_before`, `no_renewal`.
    """
    _check(snapshot, to)
    if keep_commitment:
        earliest = max(earliest, committed_until(snapshot) or earliest)
    named = catalogue or Catalogue()
    known = replace(named, offers={**named.offers, to.version_id: to})
    found = _renewal(replace(snapshot, charges=(), usage=()), earliest, known)
    if found is None:
        ends = snapshot.ends_on is not None or any(stage.recurrences for stage in snapshot.offer.stages[-1:])
        raise _ends_before() if ends else _no_renewal()
    wish = Scheduled(
        id="~", kind=WishKind.move_version.value, effective_on=found.on, payload={"offer_version": to.version_id}
    )
    eve = found.eve
    moved = replace(eve, scheduled=(*eve.scheduled, wish))  # it sorts last, as the wish made last
    old, new = _price(eve, found.on, known), _price(moved, found.on, known)
    if old is None or new is None:
        raise _no_renewal()
    return Move(
        due_on=found.on,
        not_before=earliest,
        before=old[0],
        after=new[0],
        yearly_before=yearly(*old),
        yearly_after=yearly(*new),
    )


def yearly(amount: int, interval: Interval) -> int:
    """What a period's price comes to in a year of 12 months or 365 days, rounded half away from zero once.

    >>> from subscribers.periods import Unit
    >>> yearly(3490, Interval(Unit.month, 1)), yearly(1000, Interval(Unit.week, 1))
    (41880, 52143)
    """
    times = Fraction(12, interval.months) if interval.months is not None else Fraction(365, interval.days or 1)
    return round_half_away(amount * times)


def _check(snapshot: SubscriptionSnapshot, to: OfferSnapshot) -> None:
    if snapshot.offer.offer_id != to.offer_id or snapshot.offer.version_id == to.version_id:
        raise Conflict(gettext_noop("It is not on an earlier version of this offer any more."), code="other_offer")
    if not same_calendar(snapshot.offer, to):
        raise Conflict(
            gettext_noop("The stages, the currency or the taxes of its version are others."),
            code="stages_differ",
            way_out=gettext_noop("Change its offer instead."),
        )
    if snapshot.current_period is None or snapshot.status is Status.scheduled:
        raise Conflict(gettext_noop("It has no running period."), code="not_begun")
    if any(wish.kind == WishKind.change_offer.value for wish in snapshot.scheduled):
        raise Conflict(gettext_noop("A change of offer is planned already."), code="change_planned")
    if any(wish.kind == WishKind.move_version.value for wish in snapshot.scheduled):
        raise Conflict(gettext_noop("Another campaign moves it already."), code="moves_already")


def _ends_before() -> Conflict:
    return Conflict(gettext_noop("It ends before it could be moved."), code="ends_before")


def _no_renewal() -> Conflict:
    return Conflict(gettext_noop("No renewal of it is known."), code="no_renewal")


@dataclass(frozen=True, slots=True)
class _Renewal:
    """The day of a renewal, and the subscription as it stands before it: its life up to there is walked once."""

    on: date
    eve: SubscriptionSnapshot


def _renewal(snapshot: SubscriptionSnapshot, earliest: date, catalogue: Catalogue) -> _Renewal | None:
    """The first day, on `earliest` or later, on which a period that is to be paid begins."""
    first = paid_until(snapshot)
    earliest = max(earliest, first) if first is not None else earliest
    eve = snapshot
    for step in islice(walk(snapshot, until=earliest + timedelta(days=800), catalogue=catalogue), AHEAD):
        if step.on >= earliest and step.kind in BEGINS:
            return _Renewal(step.on, eve)
        if step.on < earliest:
            eve = step.after
    return None


def _price(snapshot: SubscriptionSnapshot, day: date, catalogue: Catalogue) -> tuple[int, Interval] | None:
    """The document of the period that begins that day, and how long a period is; in arrears it is made at its end."""
    arrears, until = False, day + timedelta(days=800)
    for step in islice(walk(snapshot, until=until, catalogue=catalogue), AHEAD):
        if step.on == day and step.kind in BEGINS:
            arrears = step.after.stage.billing is Billing.arrears
            if not arrears:
                return _gross(step), step.after.stage.interval
        elif arrears and step.on > day and step.drafted is not None:
            return _gross(step), step.after.stage.interval
    return None


def _gross(step: Step) -> int:
    return totals(step.drafted.lines, step.drafted.tax_behavior).gross if step.drafted is not None else 0
