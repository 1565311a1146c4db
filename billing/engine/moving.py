"""Where a subscription stands in the calendar when it enters another offer within a period (domain 12). Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo

from billing.engine.opening import enter, first_paid
from merchants.now import local_instant
from merchants.refusals import Invalid, gettext_noop
from subscribers.lifecycle import Status, check_move
from subscribers.periods import Alignment, Interval, Part, Period, Unit, boundary, containing, first_boundary, next_part
from subscribers.snapshots import OfferSnapshot, StageSnapshot, SubscriptionSnapshot

MONTH = Interval(Unit.month)


class Anchoring(StrEnum):
    """What becomes of the renewal day where the new offer is sold for another interval: a new period begins on the day
    of the change, or a first part leads to the next date of the old day."""

    restart = "restart"
    keep = "keep"


def on_trial(snapshot: SubscriptionSnapshot) -> bool:
    """True in a free first stage that will end: who changes offers in it keeps it."""
    return snapshot.status is Status.trialing and snapshot.stage.is_free and snapshot.stage.recurrences is not None


def moved(
    before: SubscriptionSnapshot, offer: OfferSnapshot, day: date, *, anchoring: Anchoring = Anchoring.restart
) -> tuple[SubscriptionSnapshot, Part]:
    """The subscription in another offer from `day` on, and the part of a period that begins then.

    Same interval: the period goes on, so do its anchor and its end. Another interval: as `anchoring` says. Who is still
    in a free stage keeps it, counted from the first day by the new offer's own length; where that is over, or the new
    offer has none, its first paid stage begins that day.

    Raises `Invalid` (`anchor_cannot_be_kept`) where either interval has no day of the month.
    """
    alignment = Alignment.billing_day if before.billing_day is not None else offer.alignment
    entering = replace(before, offer=offer, alignment=alignment, free_until=None, closed_through=None)
    if on_trial(before):
        free = _free_still(before, entering, day)
        if free is not None:
            return free
    stage = first_paid(offer)
    held = before.current_part
    if held is not None and goes_on(before, stage, alignment):
        begins = day == held.whole.start
        part = Part(Period(day, held.period.end), held.whole)
        entered = replace(
            entering,
            stage_position=stage.position,
            stage_started_on=day,
            cycle_from=held.whole.start if begins else held.whole.end,
            current_period=part.period,
            period_index=int(begins),
        )
    elif anchoring is Anchoring.keep:
        entered, part = _kept(entering, stage, day)
    else:
        entered, part = enter(replace(entering, anchor=None), stage.position, day)
    if before.status is Status.trialing and not stage.is_free:
        entered = replace(entered, status=check_move(before.status, Status.active))
    return entered, part


def goes_on(before: SubscriptionSnapshot, stage: StageSnapshot, alignment: Alignment) -> bool:
    """True where the running period stays as it is: as long as the new stage's, on the same days, and no free stage
    that ends."""
    own = before.stage
    if own.is_free and own.recurrences is not None:
        return False
    same = (own.interval.months, own.interval.days) == (stage.interval.months, stage.interval.days)
    return same and (alignment is not Alignment.calendar or before.alignment is Alignment.calendar)


def _kept(entering: SubscriptionSnapshot, stage: StageSnapshot, day: date) -> tuple[SubscriptionSnapshot, Part]:
    anchor = entering.anchor
    if anchor is None or anchor.day is None or stage.interval.months is None:
        detail = gettext_noop("There is no day of the month to keep: let a new period begin.")
        raise Invalid.at("anchor", "anchor_cannot_be_kept", detail)
    first = first_boundary(anchor, MONTH, day, alignment=Alignment.billing_day)
    part = next_part(anchor, stage.interval, first, day)
    entered = replace(
        entering,
        stage_position=stage.position,
        stage_started_on=day,
        cycle_from=first,
        current_period=part.period,
        period_index=int(part.is_whole),
    )
    return entered, part


def _free_still(
    before: SubscriptionSnapshot, entering: SubscriptionSnapshot, day: date
) -> tuple[SubscriptionSnapshot, Part] | None:
    """The new offer's own free stages walked from the subscription's first day; None where none holds that day."""
    begun, walked = before.start_on, replace(entering, anchor=None, service_ends_on=None, billing_ends_on=None)
    for stage in entering.offer.stages:
        if not stage.is_free or stage.recurrences is None:
            return None
        walked, _part = enter(walked, stage.position, begun)
        if walked.cycle_from is None:
            return None
        end = boundary(walked.anchor, stage.interval, walked.cycle_from, stage.recurrences)
        if day < end:
            n, whole = containing(walked.anchor, stage.interval, walked.cycle_from, day)
            period = Period(max(whole.start, begun), whole.end)
            stands = replace(
                walked,
                current_period=period,
                period_index=n + 1,
                service_ends_on=before.service_ends_on,
                billing_ends_on=before.billing_ends_on,
            )
            if before.free_until is not None and stage.interval.unit is Unit.day:
                began_at = before.free_until.astimezone(ZoneInfo(before.zone)).time()
                stands = replace(stands, free_until=local_instant(end, began_at, before.zone))
            return stands, Part(period, whole)
        begun = end
    return None
