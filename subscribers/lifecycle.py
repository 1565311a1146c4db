"""Statuses of a subscription, the moves that are allowed, and the one verdict on access (domain, Life; invariants I13,
I14). A state machine is a table with one writer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from merchants.refusals import Conflict, gettext_noop


class Status(StrEnum):
    """Where a subscription stands in its life. A cancelled one keeps its status and has an end date."""

    incomplete = "incomplete"
    scheduled = "scheduled"
    trialing = "trialing"
    active = "active"
    suspended = "suspended"
    ended = "ended"


class PaymentState(StrEnum):
    """Where its money stands; never mixed with the status."""

    ok = "ok"
    processing = "processing"
    retrying = "retrying"
    overdue = "overdue"


class Access(StrEnum):
    """What a merchant's site lets the beneficiary do."""

    full = "full"
    grace = "grace"
    restricted = "restricted"
    none = "none"


class DunningEffect(StrEnum):
    """What an open dunning case does to access at its present step."""

    none = "none"
    restrict = "restrict"
    suspend = "suspend"


MOVES: dict[Status, frozenset[Status]] = {
    Status.incomplete: frozenset({Status.scheduled, Status.trialing, Status.active, Status.ended}),
    Status.scheduled: frozenset({Status.trialing, Status.active, Status.ended}),
    Status.trialing: frozenset({Status.active, Status.suspended, Status.ended}),
    Status.active: frozenset({Status.suspended, Status.ended}),
    Status.suspended: frozenset({Status.trialing, Status.active, Status.ended}),
    Status.ended: frozenset(),
}
"""From each status, those that may follow. Nothing follows `ended`."""

PAYMENT_MOVES: dict[PaymentState, frozenset[PaymentState]] = {
    PaymentState.ok: frozenset({PaymentState.processing, PaymentState.retrying, PaymentState.overdue}),
    PaymentState.processing: frozenset({PaymentState.ok, PaymentState.retrying, PaymentState.overdue}),
    PaymentState.retrying: frozenset({PaymentState.ok, PaymentState.processing, PaymentState.overdue}),
    PaymentState.overdue: frozenset({PaymentState.ok, PaymentState.processing, PaymentState.retrying}),
}
"""Overdue debts are not retried by themselves: a try is `processing` until it has an outcome. `retrying` follows only
where the overdue debt is settled and a younger one is not."""

LIVE = frozenset({Status.trialing, Status.active, Status.suspended})
"""Begun and not ended."""


class MoveNotAllowed(Conflict):
    """That status does not lead to the other."""

    code = "status_conflict"
    detail = gettext_noop("A subscription that is %(before)s cannot become %(after)s.")


def check_move(before: Status, after: Status) -> Status:
    """The status moved to, when the table allows it; staying is no move and is allowed. Raises `MoveNotAllowed`.

    >>> check_move(Status.trialing, Status.active)
    <Status.active: 'active'>
    >>> check_move(Status.ended, Status.active)
    Traceback (most recent call last):
    subscribers.lifecycle.MoveNotAllowed: ('status_conflict', 'A subscription that is ended cannot become active.')
    """
    if after is not before and after not in MOVES[before]:
        raise MoveNotAllowed(params={"before": before.value, "after": after.value})
    return after


def check_payment_move(before: PaymentState, after: PaymentState) -> PaymentState:
    """The payment state moved to, when the table allows it. Raises `Conflict` (`payment_state_conflict`)."""
    if after is not before and after not in PAYMENT_MOVES[before]:
        raise Conflict(
            gettext_noop("A payment state that is %(before)s cannot become %(after)s."),
            code="payment_state_conflict",
            params={"before": before.value, "after": after.value},
        )
    return after


class MakesGood(StrEnum):
    """What is done about days that were paid and lost to a suspension (domain 15)."""

    none = "none"
    move_renewal = "move_renewal"
    credit = "credit"
    option = "option"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """A stop of service from a date, until another where one is known (the first day without the suspension).

    `begun`: it has taken effect. Where it `stops_billing`, no period begins in it. `gift` says which option makes good
    what was lost, for how many periods and why, where an option does.
    """

    from_on: date
    until_on: date | None = None
    begun: bool = False
    stops_billing: bool = False
    makes_good: MakesGood = MakesGood.none
    gift: Mapping[str, Any] | None = None

    def covers(self, day: date) -> bool:
        """True where service is stopped that day."""
        return self.from_on <= day and (self.until_on is None or day < self.until_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The one answer that a merchant's site needs. `until` is the first day on which it no longer holds, where known.

    `why` is a stable code: `active`, `trial`, `cancelled`, `unpaid`, `suspended`, `not_started`, `not_paid`, `ended`.
    """

    access: Access
    why: str
    until: date | None = None


def access(
    *,
    status: Status,
    today: date,
    payment_state: PaymentState = PaymentState.ok,
    dunning: DunningEffect = DunningEffect.none,
    suspension: Suspension | None = None,
    start_on: date | None = None,
    service_ends_on: date | None = None,
) -> Verdict:
    """Access on a day, from the rule table for status, dunning, suspension and end. The strictest answer wins.

    Money under way (`processing`) closes nothing; a failed payment is `grace` until a dunning step says otherwise.

    >>> access(status=Status.active, today=date(2026, 5, 14), service_ends_on=date(2026, 6, 1)).why
    'cancelled'
    >>> access(status=Status.active, today=date(2026, 6, 1), service_ends_on=date(2026, 6, 1)).access.value
    'none'
    """
    if status is Status.ended or (service_ends_on is not None and service_ends_on <= today):
        return Verdict(access=Access.none, why="ended")
    if status is Status.incomplete:
        return Verdict(access=Access.none, why="not_paid")
    if status is Status.scheduled:
        return Verdict(access=Access.none, why="not_started", until=start_on)
    if dunning is DunningEffect.suspend:
        return Verdict(access=Access.none, why="unpaid")
    if suspension is not None and suspension.covers(today):
        return Verdict(access=Access.none, why="suspended", until=suspension.until_on)
    if status is Status.suspended and suspension is None:
        return Verdict(access=Access.none, why="suspended")
    until = _earliest(service_ends_on, suspension.from_on if suspension and suspension.from_on > today else None)
    if dunning is DunningEffect.restrict:
        return Verdict(access=Access.restricted, why="unpaid", until=until)
    if payment_state in (PaymentState.retrying, PaymentState.overdue):
        return Verdict(access=Access.grace, why="unpaid", until=until)
    if service_ends_on is not None:
        return Verdict(access=Access.full, why="cancelled", until=until)
    return Verdict(access=Access.full, why="trial" if status is Status.trialing else "active", until=until)


def _earliest(*days: date | None) -> date | None:
    return min((day for day in days if day is not None), default=None)
