"""What leaving before the end of a commitment costs (domain 14): the offer's formula on what was left to pay. Pure.

Left to pay are the prices of the periods from the day of the end (from the end of what is billed already, where that is
later) until the commitment is over: as their documents would have said them, stage by stage, after discounts, without
options.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from billing.engine.committing import Commits, commits
from billing.engine.drafting import draft
from billing.engine.opening import enter
from invoices.drafts import LineKind
from merchants.early_end import EarlyEnd
from merchants.money import round_half_away, round_ratio
from subscribers.periods import containing, next_part
from subscribers.snapshots import Billing, SubscriptionSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyEndFee:
    """The fee in minor units, above zero, in the offer's own terms of tax; `told` is its calculation, as a line stores
    it (`invoices.early_end`)."""

    amount: int
    told: Mapping[str, Any]


def early_end_fee(snapshot: SubscriptionSnapshot, day: date) -> EarlyEndFee | None:
    """What ending on `day`, the first without it, costs; None for nothing. Never more than what was left to pay.

    It asks the offer's terms only; whether the fee is owed is the cancellation's to say (`owes_early_end`).
    """
    commitment, bound = snapshot.offer.commitment, commits(snapshot)
    if commitment is None or commitment.early_end is None or bound is None or day >= bound.until:
        return None
    left = list(left_to_pay(snapshot, day, bound.until))
    remaining = sum(amount for _, amount in left)
    computed, told = _computed(commitment.early_end, bound, day, left)
    amount = min(computed, remaining)
    if amount <= 0:
        return None
    told |= {
        "formula": commitment.early_end.formula,
        "computed": computed,
        "remaining": remaining,
        "ends_on": day.isoformat(),
        "committed_until": bound.until.isoformat(),
    }
    return EarlyEndFee(amount=amount, told=told)


def _computed(fee: EarlyEnd, bound: Commits, day: date, left: list[tuple[date, int]]) -> tuple[int, dict[str, Any]]:
    """What the formula gives, rounded half away from zero once, and its figures."""
    if fee.formula == "flat":
        return fee.amount or 0, {"of": fee.amount or 0}
    if fee.formula == "degressive":
        figures = {"of": fee.amount or 0, "left": bound.to_come(day), "intervals": bound.intervals}
        return round_ratio(figures["of"] * figures["left"], bound.intervals), figures
    turn = bound.boundary(fee.later_from) if fee.later_from is not None else bound.until
    parts = [
        (sum(amount for start, amount in left if start < turn), fee.percent or Decimal(0)),
        (sum(amount for start, amount in left if start >= turn), fee.later_percent or Decimal(0)),
    ]
    exact = sum((Fraction(of) * Fraction(percent) / 100 for of, percent in parts), Fraction(0))
    said = [{"of": of, "percent": f"{percent.normalize():f}"} for of, percent in parts if of]
    return round_half_away(exact), {"parts": said}


def left_to_pay(snapshot: SubscriptionSnapshot, day: date, until: date) -> Iterator[tuple[date, int]]:
    """Each period still to be billed, were it not ended on `day`: its first day and its price after discounts, in minor
    units. The last one begins before `until`."""
    stands = replace(snapshot, service_ends_on=None, billing_ends_on=None, options=(), charges=(), suspension=None)
    period, at = snapshot.current_period, day
    if period is not None and stands.stage.billing is Billing.advance:
        at = max(day, period.end)
    entered = period is not None and at < period.end  # in arrears: what runs is counted already
    while at < until and (cycle_from := stands.cycle_from) is not None:
        stage = stands.stage
        _, running = containing(stands.anchor, stage.interval, cycle_from, at)
        over = stage.recurrences is not None and stands.period_index >= stage.recurrences
        if over and running.start == at and not entered:
            if stage.position + 1 >= len(stands.offer.stages):
                return
            stands, part = enter(stands, stage.position + 1, at)
        else:
            part = next_part(stands.anchor, stage.interval, cycle_from, at)
            begun = part.period.start == part.whole.start and not entered
            stands = replace(stands, current_period=part.period, period_index=stands.period_index + begun)
        in_advance = stands.stage.billing is Billing.advance
        drafted = draft(
            stands,
            on=at if in_advance else part.period.end,
            opens=part if in_advance else None,
            closes=None if in_advance else (stands.stage, (part,)),
        )
        lines = drafted.invoice.lines if drafted.invoice else ()
        yield at, sum(line.charged for line in lines if line.kind is LineKind.stage)
        stands = replace(stands, coupons=drafted.coupons)
        at, entered = part.period.end, False
