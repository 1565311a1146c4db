"""The stages of a subscription on a time line: past, running, to come, with prices and dates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from merchants.languages import said_in
from merchants.wording import amount_text, short_date_text
from subscribers.models import Subscription
from subscribers.periods import (
    LATEST,
    Alignment,
    Anchor,
    Interval,
    Unit,
    anchor_for,
    boundary,
    first_boundary,
)
from subscribers.selectors.pictures import anchor_of
from subscribers.snapshots import OfferSnapshot, StageSnapshot

ENDLESS_MONTHS = 2
"""How wide a stage without end is drawn."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stage's dates: `[start, end)`, open where no end is known."""

    start: date
    end: date | None


def spans(row: Subscription, offer: OfferSnapshot, *, entered: date | None = None) -> dict[int, Span]:
    """The dates of each stage by its position, from where the subscription stands: the running stage as stored, those
    before counted from its start, those after from the running one's end. Who came from another offer on the day
    `entered` began with the first paid stage (domain 12): the stages before it were never had."""
    begun = row.stage_started_on is not None
    found: dict[int, Span] = {}
    start, anchor = (row.start_on, None) if entered is None else (entered, anchor_of(row))
    first_had = 0 if entered is None else _first_paid(offer, row.stage_position)
    alignment = Alignment.billing_day if row.billing_day else offer.alignment
    for stage in offer.stages[first_had:]:
        if begun and stage.position == row.stage_position:
            start, anchor = row.stage_started_on or start, anchor_of(row)
            first = row.cycle_from or start
        else:
            anchor = _anchor(stage.interval, start, anchor, alignment, offer, row)
            first = first_boundary(anchor, stage.interval, start, alignment=alignment)
        end = None if stage.recurrences is None else boundary(anchor, stage.interval, first, stage.recurrences)
        found[stage.position] = Span(start, end)
        if end is None or end > LATEST:
            break
        anchor = anchor if stage.interval.months is not None else None
        start = end
    return found


def _first_paid(offer: OfferSnapshot, running: int) -> int:
    return next((stage.position for stage in offer.stages[: running + 1] if not stage.is_free), running)


def _anchor(
    interval: Interval,
    start: date,
    anchor: Anchor | None,
    alignment: Alignment,
    offer: OfferSnapshot,
    row: Subscription,
) -> Anchor | None:
    if interval.months is None:
        return None
    return anchor or anchor_for(
        interval, start, alignment=alignment, calendar_anchor=offer.calendar_anchor, billing_day=row.billing_day
    )


def stage_rows(
    row: Subscription, offer: OfferSnapshot, *, today: date, language: str, entered: date | None = None
) -> list[dict[str, Any]]:
    """What `{% stages %}` draws."""
    return list(_rows(row, offer, spans(row, offer, entered=entered), today=today, language=language))


def _rows(
    row: Subscription, offer: OfferSnapshot, dates: Mapping[int, Span], *, today: date, language: str
) -> Iterator[dict[str, Any]]:
    stop = row.service_ends_on or (row.ended_at.date() if row.ended_at else None)
    for position, span in dates.items():
        stage = offer.stages[position]
        running = row.stage_started_on is not None and stage.position == row.stage_position
        when = "now" if running else "past" if row.stage_started_on and span.end and span.end <= today else "next"
        if stop is not None and when == "next" and span.start >= stop:
            return
        if row.status == Subscription.Status.ENDED:
            when = "past"
        starts = short_date_text(span.start, language, today=today)
        yield {
            "name": stage_name(stage, language),
            "price": price_words(stage, offer.currency, row.quantity, language),
            "starts": starts if span.end is not None or stop else _("%(day)s, without end") % {"day": starts},
            "months": _months(stage),
            "when": when,
            "share": _share(span.start, span.end or stop or row.current_period_end, today) if when == "now" else 0,
        }


def _share(start: date, end: date | None, today: date) -> float:
    if end is None or end <= start:
        return 0.0
    return min(max((today - start).days / (end - start).days, 0.0), 1.0)


def _months(stage: StageSnapshot) -> int:
    if stage.recurrences is None:
        return ENDLESS_MONTHS
    days = stage.interval.days
    months = stage.interval.months if days is None else None
    return stage.recurrences * months if months else max(round(stage.recurrences * (days or 0) / 30), 1)


def stage_name(stage: StageSnapshot, language: str) -> str:
    """The stage's own name, else what it is."""
    return said_in(stage.label, language) or (_("Free stage") if stage.is_free else _("Price"))


def price_words(stage: StageSnapshot, currency: str, quantity: int, language: str) -> str:
    """`€6.99 per month, 3 times`; what is free is `€0.00`: its dates say how long."""
    price = amount_text(stage.amount * quantity, currency, language)
    if stage.is_free:
        return price
    per = per_interval(price, stage.interval)
    if stage.recurrences is None:
        return per
    return f"{per}, {ngettext('once', '%(count)s times', stage.recurrences) % {'count': stage.recurrences}}"


def per_interval(price: str, interval: Interval) -> str:
    """`€6.99 per month`, `€18.00 every 3 months`."""
    count = interval.count
    words = {
        Unit.day: ngettext("%(price)s per day", "%(price)s every %(count)s days", count),
        Unit.week: ngettext("%(price)s per week", "%(price)s every %(count)s weeks", count),
        Unit.month: ngettext("%(price)s per month", "%(price)s every %(count)s months", count),
        Unit.year: ngettext("%(price)s per year", "%(price)s every %(count)s years", count),
    }
    return words[interval.unit] % {"price": price, "count": count}
