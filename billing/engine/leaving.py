"""When a subscription may end at the earliest, and what of its running period is given back (domain 14). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from billing.engine.committing import committed_until
from billing.engine.schedule import walk
from billing.engine.step import StepKind
from billing.engine.wishes import Catalogue, paid_until
from invoices.credit_formulas import CreditRule
from invoices.crediting import Ask
from merchants.money import round_ratio
from subscribers.lifecycle import Status
from subscribers.periods import Anchor, Interval, Period, Unit, boundary
from subscribers.snapshots import Commitment, SubscriptionSnapshot


class Refunding(StrEnum):
    """What of the running period is given back when a subscription ends in it."""

    none = "none"
    prorated = "prorated"
    full = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """A line of an invoice that billed some days: `charged` after discount and what is `left` of it after earlier
    credits, in minor units and the invoice's own terms; `inputs` as the line stores them."""

    charged: int
    left: int
    start: date
    end: date
    inputs: Mapping[str, Any]


def notice_over(commitment: Commitment | None, today: date) -> date:
    """The first day on which it may end, were notice given today: days are counted, months go to the same day of their
    month, or its last one (code de procédure civile, art. 641).

    >>> notice_over(Commitment(intervals=0, notice_days=30), date(2027, 1, 31))
    datetime.date(2027, 3, 2)
    >>> notice_over(Commitment(intervals=0, notice_months=1), date(2027, 1, 31))
    datetime.date(2027, 2, 28)
    """
    if commitment is None:
        return today
    if commitment.notice_months:
        return boundary(Anchor(day=today.day), Interval(Unit.month, 1), today, commitment.notice_months)
    return today + timedelta(days=commitment.notice_days)


def earliest_end(snapshot: SubscriptionSnapshot, today: date, *, catalogue: Catalogue | None = None) -> date | None:
    """The first day without it, were it cancelled today by its own rules: the end of the free stage, else of the first
    period by which the commitment is over and the notice has passed. None where no period runs."""
    end = paid_until(snapshot)
    if end is None or snapshot.status is Status.trialing:
        return end
    least = max(notice_over(snapshot.offer.commitment, today), committed_until(snapshot) or today)
    if end >= least:
        return end
    for step in walk(replace(snapshot, service_ends_on=None, billing_ends_on=None), catalogue=catalogue):
        if step.kind is StepKind.end:
            return step.on
        end = paid_until(step.after) or end
        if end >= least:
            return end
    return end


def given_back(line: Billed, day: date, refund: Refunding) -> Ask | None:
    """What a line gives back where its subscription ends on `day`, the first without it; None for nothing.

    Prorated: the price of its whole period × the days not had / the whole period's days, after discounts, rounded half
    away from zero once, never more than is left. A line of a part of a period with a discount gives back in proportion
    to its own days, on which alone that discount was given.

    >>> inputs = {"currency": "EUR", "unit_amount": 2990, "quantity": 1, "days": 31, "whole_days": 31}
    >>> may = Billed(charged=2990, left=2990, start=date(2026, 5, 1), end=date(2026, 6, 1), inputs=inputs)
    >>> given_back(may, date(2026, 5, 14), Refunding.prorated).amount           # 29.90 × 18/31
    1736
    >>> given_back(replace(may, left=1000), date(2026, 5, 14), Refunding.prorated).amount
    1000
    >>> given_back(may, date(2026, 5, 14), Refunding.full).amount, given_back(may, date(2026, 6, 1), Refunding.full)
    (2990, None)
    """
    if refund is Refunding.none or line.end <= day or not line.left:
        return None
    currency = str(line.inputs["currency"])
    rest: dict[str, Any] = {"currency": currency, "charged": line.charged, "credited": line.charged - line.left}
    if refund is Refunding.full:
        return Ask(amount=line.left, rule=CreditRule.rest_of_line, inputs=rest)
    return lost_of(line, Period(max(line.start, day), line.end))


def lost_of(line: Billed, lost: Period) -> Ask | None:
    """What a line gives back for days that were not had, anywhere in its period: `price of the whole period × days /
    days of the whole`, rounded once, never above what is left of it; None for nothing.

    >>> inputs = {"currency": "EUR", "unit_amount": 2990, "quantity": 1, "days": 31, "whole_days": 31}
    >>> may = Billed(charged=2990, left=2990, start=date(2026, 5, 1), end=date(2026, 6, 1), inputs=inputs)
    >>> lost_of(may, Period(date(2026, 5, 10), date(2026, 5, 20))).amount           # 29.90 × 10/31
    965
    """
    span = Period(line.start, line.end).overlap(lost.start, lost.end)
    if span is None or not line.left:
        return None
    currency, own = str(line.inputs["currency"]), (line.end - line.start).days
    amount, whole = line.charged, own
    if "unit_amount" in line.inputs and not line.inputs.get("discounts") and not line.inputs.get("instead_of"):
        amount = int(line.inputs["unit_amount"]) * int(line.inputs["quantity"])
        whole = int(line.inputs.get("whole_days", own))
    back = round_ratio(amount * span.days, whole)
    if back >= line.left:
        rest = {"currency": currency, "charged": line.charged, "credited": line.charged - line.left}
        return Ask(amount=line.left, rule=CreditRule.rest_of_line, inputs=rest)
    inputs = {"currency": currency, "of": amount, "days": span.days, "whole_days": whole}
    inputs |= {"from": span.start.isoformat(), "until": span.end.isoformat()}
    return Ask(amount=back, rule=CreditRule.days_not_had, inputs=inputs) if back else None
