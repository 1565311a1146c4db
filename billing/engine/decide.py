"""The one next step of a subscription, and why (architecture, How work flows, 1). A pure function of a snapshot and a
date: a preview is the same call with nothing written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime

from billing.engine import due
from billing.engine.drafting import draft
from billing.engine.early_end import early_end_fee
from billing.engine.lines import early_end_line
from billing.engine.opening import begin, enter
from billing.engine.pausing import had, not_billed, resumed, stage_over
from billing.engine.step import Step, StepKind
from billing.engine.usage_lines import ending
from subscribers.lifecycle import LIVE, Status, check_move
from subscribers.periods import Part, next_part
from subscribers.snapshots import Billing, OptionSnapshot, StageSnapshot, SubscriptionSnapshot

MOST_STEPS = 120
"""How many steps one run may catch up; a subscription further behind is parked and shown to someone."""


def decide(snapshot: SubscriptionSnapshot, today: date, *, at: datetime | None = None) -> Step:
    """The next step on `today`, a local date; `wait` where nothing is due.

    One step at a time, in the order of their days; on one day an end comes before the end of a suspension, then come a
    suspension, a scheduled change, the next period. Whoever runs late calls again with `after`, and every missed period
    is made with its own dates (`catch_up`). Give `at`, the present instant, where the call is not made by what selected
    `next_action_at`: a free stage in days ends at a time of day.
    """
    if snapshot.status is Status.scheduled:
        return _start(snapshot, today, at)
    day = due.next_due_on(snapshot)
    if day is None or day > today:
        why = "ended" if snapshot.status is Status.ended else "not_paid" if snapshot.status not in LIVE else "not_due"
        return Step(kind=StepKind.wait, on=day or today, why=why, after=snapshot)
    if day == due.ends_due(snapshot):
        return _end(snapshot, day, snapshot.end_reason or "cancelled")
    if day == due.resume_due(snapshot):
        return _resume(snapshot, day)
    if day == due.suspend_due(snapshot):
        return _suspend(snapshot, day)
    if day == due.apply_due(snapshot):
        return _apply(snapshot, day)
    if day == due.closing_due(snapshot):
        return _close(snapshot, day)
    if due.waits_for_free_until(snapshot) and at is not None and snapshot.free_until and at < snapshot.free_until:
        return Step(kind=StepKind.wait, on=day, why="free_until", after=snapshot)
    return _boundary(snapshot, day)


def catch_up(
    snapshot: SubscriptionSnapshot,
    today: date,
    *,
    at: datetime | None = None,
    apply: Callable[[Step], SubscriptionSnapshot] | None = None,
    most: int = MOST_STEPS,
) -> Iterator[Step]:
    """Every step due up to `today`, in order, each with its own dates; nothing where nothing is due.

    `apply` carries out the scheduled changes of an `apply` step and answers the changed snapshot, without them; without
    it the walk stops after such a step. Beyond `most` steps the last one is `park`.
    """
    for _ in range(most):
        step = decide(snapshot, today, at=at)
        if step.kind is StepKind.wait:
            return
        yield step
        if step.kind is StepKind.apply:
            if apply is None:
                return
            snapshot = apply(step)
        else:
            snapshot = step.after
    left = decide(snapshot, today, at=at)
    if left.kind is not StepKind.wait:
        yield Step(kind=StepKind.park, on=left.on, why="too_many_steps_behind", after=snapshot)


def _start(snapshot: SubscriptionSnapshot, today: date, at: datetime | None) -> Step:
    if snapshot.ends_on is not None and snapshot.ends_on <= min(today, snapshot.start_on):
        return _end(snapshot, snapshot.ends_on, snapshot.end_reason or "cancelled")
    if snapshot.start_on > today:
        return Step(kind=StepKind.wait, on=snapshot.start_on, why="not_started", after=snapshot)
    opened = begin(snapshot, at=at)
    return Step(
        kind=StepKind.activate,
        on=snapshot.start_on,
        why="start_reached",
        after=opened.after,
        drafted=opened.invoice,
    )


def _arrears(snapshot: SubscriptionSnapshot) -> tuple[StageSnapshot, tuple[Part, ...]] | None:
    """The stage and what was had of its period, to be billed now that it has ended, where it is in arrears and not in a
    draft already."""
    part = snapshot.current_part
    if part is None or snapshot.stage.billing is not Billing.arrears:
        return None
    if snapshot.closed_through is not None and snapshot.closed_through >= part.period.end:
        return None
    return snapshot.stage, had(snapshot, part)


def _boundary(snapshot: SubscriptionSnapshot, day: date) -> Step:
    stage = snapshot.stage
    if stage_over(snapshot, day):
        if stage.position + 1 >= len(snapshot.offer.stages):
            return _end(snapshot, day, "term_reached")
        entered, part = enter(snapshot, stage.position + 1, day)
        status = Status.active if snapshot.status is Status.trialing else snapshot.status
        entered = replace(entered, status=check_move(snapshot.status, status))
        return _opens(snapshot, entered, part, day, kind=StepKind.next_stage, why="stage_over")
    part = next_part(snapshot.anchor, stage.interval, snapshot.cycle_from or day, day)
    billed = part.within(None, snapshot.billed_until(day)) or part
    begun = part.period.start == part.whole.start
    entered = replace(snapshot, current_period=billed.period, period_index=snapshot.period_index + begun)
    return _opens(snapshot, entered, part, day, kind=StepKind.renew, why="period_over")


def _suspend(snapshot: SubscriptionSnapshot, day: date) -> Step:
    """A suspension takes effect; what is paid stays paid."""
    assert snapshot.suspension is not None  # its day is due
    after = replace(
        snapshot,
        status=check_move(snapshot.status, Status.suspended),
        suspension=replace(snapshot.suspension, begun=True),
    )
    return Step(kind=StepKind.suspend, on=day, why="wished", after=after)


def _resume(snapshot: SubscriptionSnapshot, day: date) -> Step:
    """Service again: what is left of the aligned period is billed, where billing stood still."""
    period = snapshot.current_period
    stood = snapshot.stands_still(period.end) if period else True
    after, part = resumed(snapshot, day)
    over = stood and part is not None and stage_over(snapshot, day)
    if over and snapshot.stage_position + 1 < len(snapshot.offer.stages):
        base = replace(snapshot, suspension=None, unbilled=after.unbilled, status=after.status)
        after, part = enter(base, snapshot.stage_position + 1, day)
        own = Status.suspended if snapshot.debt_suspends else Status.active
        after = replace(after, status=check_move(snapshot.status, own))
    if part is None:
        return Step(kind=StepKind.resume, on=day, why="suspension_over", after=after)
    return _opens(snapshot, after, part, day, kind=StepKind.resume, why="suspension_over")


def _opens(
    before: SubscriptionSnapshot, entered: SubscriptionSnapshot, part: Part, day: date, *, kind: StepKind, why: str
) -> Step:
    """Close what was in arrears, open the next period, on one document; end options that have no price any more."""
    options, ended = _options_at(entered, day)
    if options != entered.options:
        entered = replace(entered, options=options)
    metered = ending(before)
    drafted = draft(entered, on=day, opens=part, closes=_arrears(before), metered=metered)
    after = replace(
        entered, options=drafted.options, coupons=drafted.coupons, charges=drafted.charges, closed_through=None
    )
    return Step(kind=kind, on=day, why=why, after=after, drafted=drafted.invoice, ended_options=ended, metered=metered)


def _options_at(snapshot: SubscriptionSnapshot, day: date) -> tuple[tuple[OptionSnapshot, ...], tuple[str, ...]]:
    """Options as a period begins: one without a price for the interval ends here, unless the stage is free. And the ids
    of all that end this day."""
    kept, ended = [], []
    for option in snapshot.options:
        unpriced = (
            not option.is_one_off
            and not option.complimentary
            and not snapshot.stage.is_free
            and option.lives(day)
            and option.price(snapshot.stage.interval) is None
        )
        kept.append(replace(option, ends_on=day) if unpriced else option)
        if unpriced or option.ends_on == day:
            ended.append(option.id)
    return tuple(kept), tuple(ended)


def _apply(snapshot: SubscriptionSnapshot, day: date) -> Step:
    """Scheduled changes of one day. Where the period ends that day, its arrears and its usage are drafted before
    anything changes; so are lines of earlier changes that wait, where another offer may have other terms of tax."""
    changes = tuple(wish for wish in snapshot.scheduled if wish.effective_on == day)
    over = snapshot.current_period is not None and snapshot.current_period.end == day
    closes, metered = (_arrears(snapshot), ending(snapshot)) if over else (None, None)
    leaves = any(wish.kind == "change_offer" for wish in changes)
    held = tuple(charge for charge in snapshot.charges if leaves and charge.held is not None)
    bare = replace(snapshot, options=(), charges=held)
    drafted = draft(bare, on=day, closes=closes, metered=metered) if closes or metered or held else None
    after = replace(
        snapshot,
        charges=tuple(charge for charge in snapshot.charges if charge not in held),
        coupons=drafted.coupons if drafted else snapshot.coupons,
        closed_through=day if closes or metered else snapshot.closed_through,
        scheduled=tuple(wish for wish in snapshot.scheduled if wish.effective_on != day),
    )
    return Step(
        kind=StepKind.apply,
        on=day,
        why="change_due",
        after=after,
        drafted=drafted.invoice if drafted else None,
        changes=changes,
        metered=metered,
    )


def _close(snapshot: SubscriptionSnapshot, day: date) -> Step:
    """Billing stops while service goes on, in a stage in arrears or with usage: what was had is billed, nothing is left
    to bill."""
    metered = ending(snapshot, on=day)
    drafted = draft(snapshot, on=day, closes=_arrears(snapshot), metered=metered)
    after = replace(
        snapshot,
        current_period=None,
        options=drafted.options,
        coupons=drafted.coupons,
        charges=drafted.charges,
        closed_through=None,
    )
    return Step(kind=StepKind.close, on=day, why="billing_over", after=after, drafted=drafted.invoice, metered=metered)


def _end(snapshot: SubscriptionSnapshot, day: date, reason: str) -> Step:
    """The end, with a closing document where a period was in arrears or had usage, charges wait, or a commitment's
    early end costs; nothing where all is given back. What a wish left open ends that day."""
    bills = snapshot.status in LIVE and not snapshot.owes_nothing
    metered = ending(snapshot, on=day) if bills else None
    owed = early_end_fee(snapshot, day) if snapshot.owes_early_end else None
    fee = (early_end_line(snapshot, owed.amount, owed.told, on=day),) if owed else ()
    drafted = draft(snapshot, on=day, closes=_arrears(snapshot), metered=metered, beside=fee) if bills else None
    if not bills and not snapshot.owes_nothing and (snapshot.charges or fee):
        drafted = replace(draft(replace(snapshot, options=()), on=day, beside=fee), options=snapshot.options)
    after = replace(
        snapshot,
        status=check_move(snapshot.status, Status.ended),
        end_reason=reason,
        service_ends_on=snapshot.service_ends_on or day,
        billing_ends_on=snapshot.billing_ends_on or day,
        options=drafted.options if drafted else snapshot.options,
        coupons=drafted.coupons if drafted else snapshot.coupons,
        charges=drafted.charges if drafted else () if snapshot.owes_nothing else snapshot.charges,
        scheduled=(),
        closed_through=None,
        suspension=None,
        unbilled=(*snapshot.unbilled, *not_billed(snapshot, day)),
    )
    return Step(
        kind=StepKind.end,
        on=day,
        why=reason,
        after=after,
        drafted=drafted.invoice if drafted else None,
        ended_options=tuple(
            option.id
            for option in snapshot.options
            if not option.is_one_off and (option.ends_on is None or option.ends_on >= day)
        ),
        metered=metered,
    )
