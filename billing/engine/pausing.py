"""Days without service, and renewals that are moved (domain 15). Pure.

A suspension that stops billing lets no period begin while it lasts; days of a period that was billed before are paid
and lost. Moving a renewal moves the whole grid: its anchor, and the boundary from which the stage counts, so that the
end of the running period stays boundary number `period_index`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import count
from zoneinfo import ZoneInfo

from billing.engine.discounts import discounted
from billing.engine.lines import option_line, stage_line
from invoices.drafts import DraftInvoice
from merchants.now import local_instant
from subscribers.lifecycle import MakesGood, Status
from subscribers.periods import Alignment, Anchor, Interval, Part, Period, boundary, containing
from subscribers.snapshots import Billing, Scheduled, SubscriptionSnapshot


def without(period: Period, holes: Iterable[Period]) -> tuple[Period, ...]:
    """What is left of a period without some spans, in order.

    >>> may = Period(date(2026, 5, 1), date(2026, 6, 1))
    >>> lost = Period(date(2026, 5, 10), date(2026, 5, 20))
    >>> [(left.start.day, left.end.isoformat()) for left in without(may, [lost])]
    [(1, '2026-05-10'), (20, '2026-06-01')]
    >>> without(may, [Period(date(2026, 4, 1), date(2026, 7, 1))])
    ()
    """
    left = [period]
    for hole in holes:
        found = (part for one in left for part in (one.overlap(None, hole.start), one.overlap(hole.end, None)))
        left = [part for part in found if part is not None]
    return tuple(left)


def had(snapshot: SubscriptionSnapshot, part: Part) -> tuple[Part, ...]:
    """The parts of a period in arrears that were had: without the days on which a suspension stopped billing."""
    holes, wish = list(snapshot.unbilled), snapshot.suspension
    if wish is not None and wish.stops_billing and wish.from_on < part.period.end:
        end = part.period.end if wish.until_on is None else wish.until_on
        holes += [Period(wish.from_on, end)] if wish.from_on < end else []
    return tuple(Part(left, part.whole) for left in without(part.period, holes))


def days_lost(snapshot: SubscriptionSnapshot, until: date) -> int:
    """Days that were paid (or free) and lost to the suspension, were it over on `until`, the first day with service
    again. In arrears none is lost where billing stops.

    A month paid to 1 June, suspended from 10 May, billing stopped: on 1 July 22 days are lost, those of May.
    """
    wish, period = snapshot.suspension, snapshot.current_period
    if wish is None or until <= wish.from_on:
        return 0
    if wish.stops_billing:
        if snapshot.stage.billing is Billing.arrears or period is None:
            return 0
        until = min(until, period.end)
        if until <= wish.from_on:
            return 0
    return sum(left.days for left in without(Period(wish.from_on, until), snapshot.unbilled))


def not_billed(snapshot: SubscriptionSnapshot, until: date) -> tuple[Period, ...]:
    """The days that nothing bills because the suspension stopped billing, were it over on `until`."""
    wish, period = snapshot.suspension, snapshot.current_period
    if wish is None or not wish.stops_billing:
        return ()
    start = wish.from_on
    if period is not None and snapshot.stage.billing is Billing.advance:
        start = max(start, period.end)
    return (Period(start, until),) if start < until else ()


def stage_over(snapshot: SubscriptionSnapshot, day: date) -> bool:
    """True where the stage has had all its periods by that day. A last period of which a suspension cut off a part goes
    on to its own end."""
    stage = snapshot.stage
    if stage.recurrences is None or snapshot.period_index < stage.recurrences:
        return False
    if not snapshot.period_index or snapshot.cycle_from is None:
        return True
    end = boundary(snapshot.anchor, stage.interval, snapshot.cycle_from, snapshot.period_index)
    return end <= day or snapshot.current_period is None or snapshot.current_period.end >= end


def reopened(snapshot: SubscriptionSnapshot, day: date) -> tuple[SubscriptionSnapshot, Part]:
    """The subscription in the period that begins on `day`, after a suspension: what is left of the aligned one.

    Boundaries that passed in the suspension are not counted: the grid's first boundary moves along with them, so that
    what a stage or a commitment counts in periods comes so much later.
    """
    if snapshot.cycle_from is None:
        raise ValueError("a subscription that has begun counts from a day")
    anchor, interval = snapshot.anchor, snapshot.stage.interval
    n, whole = containing(anchor, interval, snapshot.cycle_from, day)
    part = Part(Period(day, whole.end), whole)
    index = snapshot.period_index + part.is_whole
    first = boundary(anchor, interval, snapshot.cycle_from, n + 1 - index)
    end = snapshot.billed_until(day)
    billed = part.within(None, end) or part
    opened = replace(
        snapshot,
        cycle_from=first,
        current_period=billed.period,
        period_index=index,
        free_until=_free_later(snapshot, first - snapshot.cycle_from),
    )
    return opened, part


def _free_later(snapshot: SubscriptionSnapshot, by: timedelta) -> datetime | None:
    """The end of a free stage in days, so many days later at the same local time of day; None without one."""
    if snapshot.free_until is None:
        return None
    over = snapshot.free_until.astimezone(ZoneInfo(snapshot.zone))
    return local_instant(over.date() + by, over.time(), snapshot.zone)


def moved(snapshot: SubscriptionSnapshot, day: date) -> SubscriptionSnapshot:
    """The subscription with its running period ended on `day`, which becomes the anchor. What waits for the period's
    end, and options that end with it, move along, a move to another version to the first renewal from the day on that
    was announced; a free stage in days keeps its time of day."""
    period = snapshot.current_period
    if period is None:
        raise ValueError("there is no running period")
    stage = snapshot.stage
    anchor = anchored(snapshot.anchor, stage.interval, day, snapshot.alignment)
    first = boundary(anchor, stage.interval, day, -snapshot.period_index)
    return replace(
        snapshot,
        anchor=anchor,
        billing_day=None if snapshot.billing_day is None else day.day,
        cycle_from=first,
        current_period=Period(period.start, day),
        free_until=_free_later(snapshot, day - period.end),
        options=tuple(
            replace(option, ends_on=day) if option.ends_on == period.end else option for option in snapshot.options
        ),
        scheduled=tuple(
            replace(wish, effective_on=_announced(wish, anchor, stage.interval, day))
            if wish.effective_on == period.end
            else wish
            for wish in snapshot.scheduled
        ),
    )


def _announced(wish: Scheduled, anchor: Anchor | None, interval: Interval, day: date) -> date:
    """The first renewal, from that of `day` on, for which a wish may be carried out."""
    announced = wish.payload.get("not_before")
    if announced is None:
        return day
    first = date.fromisoformat(str(announced))
    return next(on for n in count() if (on := boundary(anchor, interval, day, n)) >= first)


def anchored(anchor: Anchor | None, interval: Interval, day: date, alignment: Alignment) -> Anchor | None:
    """The anchor of periods that begin on a day from now on; a calendar of months keeps its phase by the month. None
    for days and weeks, which are counted from the day itself.

    >>> from subscribers.periods import Unit
    >>> anchored(None, Interval(Unit.month), date(2026, 2, 28), Alignment.anniversary)
    Anchor(day=28, month=None, weekday=None)
    """
    if interval.months is None:
        return None
    phased = alignment is Alignment.calendar or (anchor is not None and anchor.month is not None)
    return Anchor(day=day.day, month=day.month if phased else None)


def added_draft(snapshot: SubscriptionSnapshot, day: date, *, on: date) -> DraftInvoice | None:
    """The document of the days that a later renewal adds, charged pro rata: the stage and the recurring options, less
    the coupons that last for ever (one that counts periods counts none for them). None where they cost nothing."""
    period, parts, after = snapshot.current_period, added_parts(snapshot, day), moved(snapshot, day)
    if period is None or not parts:
        return None
    lines = []
    for part in parts:
        lines.append(stage_line(after, after.stage, part, on=on))
        options = (option_line(after, option, part, on=on)[0] for option in after.options if not option.is_one_off)
        lines += [line for line in options if line is not None]
    lasting = tuple(coupon for coupon in snapshot.coupons if coupon.most_periods is None)
    share = sum((part.share for part in parts), Fraction())
    charged, _ = discounted(lines, lasting, paid_period=True, share=share)
    invoice = DraftInvoice(
        payer=snapshot.payer,
        subscription=snapshot.id,
        currency=snapshot.offer.currency,
        tax_behavior=snapshot.offer.tax_behavior,
        on=on,
        lines=charged,
        period=Period(period.end, day),
    )
    return invoice if invoice.makes_invoice else None


def added_parts(snapshot: SubscriptionSnapshot, day: date) -> tuple[Part, ...]:
    """The days that a later renewal adds, as parts of the new grid's periods, oldest first."""
    period = snapshot.current_period
    return _on_grid(moved(snapshot, day), Period(period.end, day)) if period is not None and period.end < day else ()


def billed_parts(snapshot: SubscriptionSnapshot, part: Part) -> tuple[Part, ...]:
    """What is left of the running period as it is to be billed: where its renewal was put off and the days charged, it
    costs more than one price, so by the grid's periods. Days that were given leave it one period at one price."""
    period = snapshot.current_period
    given = period is None or any(span.overlap(period.start, period.end) for span in snapshot.unbilled)
    return (part,) if given or part.whole != period else _on_grid(snapshot, part.period)


def _on_grid(snapshot: SubscriptionSnapshot, days: Period) -> tuple[Part, ...]:
    if snapshot.cycle_from is None:
        return ()
    found, at = [], days.start
    while at < days.end:
        _, whole = containing(snapshot.anchor, snapshot.stage.interval, snapshot.cycle_from, at)
        found.append(Part(Period(at, min(whole.end, days.end)), whole))
        at = whole.end
    return tuple(found)


def resumed(snapshot: SubscriptionSnapshot, day: date) -> tuple[SubscriptionSnapshot, Part | None]:
    """The subscription with its suspension over on `day`, and the period that begins then, where none runs.

    Where the renewal makes good what was lost, it comes as many days later, and is the anchor from then on. A debt goes
    on suspending.
    """
    wish = snapshot.suspension
    if wish is None:
        return snapshot, None
    lost = days_lost(snapshot, day) if wish.makes_good is MakesGood.move_renewal else 0
    unbilled = (*snapshot.unbilled, *not_billed(snapshot, day))
    own = Status.trialing if snapshot.stage_position == 0 and snapshot.stage.is_free else Status.active
    status = Status.suspended if snapshot.debt_suspends else own
    after = replace(snapshot, suspension=None, unbilled=unbilled, status=status)
    period, stop = snapshot.current_period, snapshot.bills_until
    advance = snapshot.stage.billing is Billing.advance
    stood = wish.stops_billing and (period is None or period.end < day) and (stop is None or day < stop)
    if stop is not None and period is not None and stop <= period.end:
        return after, None
    if lost and advance and period is not None:
        end = max(period.end, day) + timedelta(days=lost)
        gift = Period(max(period.end, day), end)
        after = moved(replace(after, unbilled=_joined((*unbilled, gift))), end)
        if stood:
            after = replace(after, current_period=gift)
        return after, None
    if not stood:
        return after, None
    opened, part = reopened(after, day)
    return opened, part


def _joined(spans: Sequence[Period]) -> tuple[Period, ...]:
    """Spans that touch, as one."""
    found: list[Period] = []
    for span in spans:
        if found and found[-1].end == span.start:
            found[-1] = Period(found[-1].start, span.end)
        else:
            found.append(span)
    return tuple(found)
