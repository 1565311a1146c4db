"""A subscription that ran in another system, as it stands once we go on with it: what it paid there is paid (domain 2,
3, 5). Pure.

Its stages are counted from its first day, as if it had always been here, so that a commitment and a price for the
first months end when they should. The running period ends on the day until which it is paid; where that is no boundary
of its calendar, the renewal was moved in the old system, and its calendar moves along. No document of ours bills a day
before: all of them are declared so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from billing.engine.pausing import moved
from billing.engine.spans import StageSpan, stage_spans
from merchants.refusals import Invalid, gettext_noop
from subscribers.lifecycle import Status, check_move
from subscribers.periods import Period, boundary, containing
from subscribers.snapshots import OfferSnapshot, PurchaseSnapshot, SubscriptionSnapshot

LONGEST_BEHIND = 92
"""Days that may have gone unpaid by the day of the import: they are billed at once, all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """Since when they had it, and the first day that is not paid yet: the next period begins on it."""

    start_on: date
    paid_until: date


def taken_over(
    purchase: PurchaseSnapshot, former: Former, *, id: str, payer: str, beneficiary: str, today: date
) -> SubscriptionSnapshot:
    """The subscription as it stands `today`: scheduled where nothing of it is paid, else in its paid period.

    Raises Invalid at `paid_until` (`paid_before_start`, `paid_too_long_ago`, `paid_too_far_ahead`, `paid_ahead`) or
    `start_on` (`term_over`).
    """
    _check(former, today)
    snapshot = SubscriptionSnapshot(
        id=id,
        payer=payer,
        beneficiary=beneficiary,
        offer=purchase.offer,
        tax=purchase.tax,
        zone=purchase.zone,
        status=Status.scheduled,
        start_on=former.start_on,
        quantity=purchase.quantity,
        options=purchase.options,
        alignment=purchase.alignment,
        collection=purchase.collection,
    )
    if former.paid_until == former.start_on:
        return snapshot
    span = _paid_last(purchase.offer, former, snapshot)
    interval, last = span.stage.interval, former.paid_until.toordinal() - 1
    n, whole = containing(span.anchor, interval, span.whole_from, date.fromordinal(last))
    first = max(whole.start, span.start)
    free = span.stage.position == 0 and span.stage.is_free
    running = replace(
        snapshot,
        status=check_move(snapshot.status, Status.trialing if free else Status.active),
        anchor=span.anchor if interval.months is not None else None,
        stage_position=span.stage.position,
        stage_started_on=span.start,
        cycle_from=span.whole_from,
        current_period=Period(first, whole.end),
        period_index=n + 1,
        unbilled=(Period(former.start_on, former.paid_until),),
    )
    if whole.end == former.paid_until:
        return running
    before = boundary(span.anchor, interval, span.whole_from, n)
    nearer = (former.paid_until - before).days < (whole.end - former.paid_until).days
    return moved(replace(running, period_index=max(0, n if nearer else n + 1)), former.paid_until)


def _paid_last(offer: OfferSnapshot, former: Former, snapshot: SubscriptionSnapshot) -> StageSpan:
    """The stage of the last day that is paid."""
    for span in stage_spans(offer, former.start_on, alignment=snapshot.alignment):
        if span.end is None or former.paid_until <= span.end:
            return span
    detail = gettext_noop("Begun on this day, this offer's last stage was over before it was paid until.")
    raise Invalid.at("start_on", "term_over", detail)


def _check(former: Former, today: date) -> None:
    behind = (today - former.paid_until).days
    if former.paid_until < former.start_on:
        detail = gettext_noop("It is paid until a day before it begins.")
        raise Invalid.at("paid_until", "paid_before_start", detail)
    if former.start_on > today and former.paid_until > former.start_on:
        detail = gettext_noop("It begins later than today: what is paid ahead cannot be taken over.")
        raise Invalid.at("paid_until", "paid_ahead", detail)
    if behind > LONGEST_BEHIND:
        detail = gettext_noop("More than %(days)s days are unpaid: all of them would be billed at once.")
        raise Invalid.at("paid_until", "paid_too_long_ago", detail, {"days": LONGEST_BEHIND})
    if behind < -3 * 366:
        raise Invalid.at("paid_until", "paid_too_far_ahead", gettext_noop("More than three years ahead: look again."))
