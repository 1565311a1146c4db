"""The life ahead: what will be done when, if nothing else happens. The same steps as the real run, taken in advance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from billing.engine import due
from billing.engine.decide import decide
from billing.engine.step import Step, StepKind
from billing.engine.wishes import Catalogue, apply_wishes
from subscribers.periods import LATEST
from subscribers.snapshots import SubscriptionSnapshot

FURTHEST = 4000
"""Steps at most: eleven years of days."""


def walk(
    snapshot: SubscriptionSnapshot,
    *,
    until: date | None = None,
    most: int = FURTHEST,
    catalogue: Catalogue | None = None,
) -> Iterator[Step]:
    """The steps ahead in order, lazily: periods, stages and the end, each with its document to be.

    Wishes are carried out by the `catalogue` that names what they want; without it the walk stops at the first one.
    It also stops at the end, before the first step after `until`, or after `most` steps.
    """
    for _ in range(most):
        day = due.next_due_on(snapshot)
        if day is None or day > (until or LATEST):
            return
        step = decide(snapshot, day)
        if step.kind is StepKind.wait or (step.kind is StepKind.apply and catalogue is None):
            return
        if step.kind is StepKind.apply and catalogue is not None:
            step = replace(step, after=apply_wishes(step.after, step.changes, catalogue=catalogue))
        yield step
        snapshot = step.after


def is_steady(snapshot: SubscriptionSnapshot) -> bool:
    """True where every period from now on will be as the next one: the last stage, without end, nothing that counts or
    ends, nothing used so far. What will be used is not known, and stands in no document ahead."""
    stage = snapshot.stage
    return (
        stage.recurrences is None
        and not any(span.used and span.start == _begun(snapshot) for span in snapshot.usage)
        and snapshot.ends_on is None
        and not snapshot.scheduled
        and snapshot.suspension is None
        and not snapshot.charges
        and all(coupon.most_periods is None or coupon.is_spent for coupon in snapshot.coupons)
        and all(_is_settled(snapshot, option_at) for option_at in range(len(snapshot.options)))
        and (part := snapshot.current_part) is not None
        and part.is_whole
    )


def _begun(snapshot: SubscriptionSnapshot) -> date | None:
    return snapshot.current_period.start if snapshot.current_period else None


def _is_settled(snapshot: SubscriptionSnapshot, option_at: int) -> bool:
    option, period = snapshot.options[option_at], snapshot.current_period
    if option.is_one_off:
        return not option.is_due_once
    if option.ends_on is not None:
        return period is not None and option.ends_on <= period.start
    started = option.starts_on is None or (period is not None and option.starts_on <= period.start)
    return option.term is None and started
