"""The state that a subscription starts with, and the one in which it enters a stage (domain 2, 3, 9, 10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from billing.engine.drafting import draft
from invoices.drafts import DraftInvoice
from merchants.now import local_date, local_instant
from subscribers.lifecycle import Status, check_move
from subscribers.periods import Part, Unit, anchor_for, boundary, first_boundary, next_part
from subscribers.snapshots import OfferSnapshot, PurchaseSnapshot, StageSnapshot, SubscriptionSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A subscription at its start: how it stands, and its first document (None where nothing is due yet)."""

    after: SubscriptionSnapshot
    invoice: DraftInvoice | None


def open_subscription(
    purchase: PurchaseSnapshot,
    *,
    id: str,
    payer: str,
    beneficiary: str,
    today: date,
    at: datetime | None = None,
) -> Opened:
    """What a purchase becomes: scheduled where it starts later than `today`, else begun on its start date.

    `at` is the instant at which it begins: a free stage counted in days ends at that local time of day.
    """
    snapshot = SubscriptionSnapshot(
        id=id,
        payer=payer,
        beneficiary=beneficiary,
        offer=purchase.offer,
        tax=purchase.tax,
        zone=purchase.zone,
        status=Status.scheduled,
        start_on=purchase.start_on or today,
        quantity=purchase.quantity,
        options=purchase.options,
        coupons=purchase.coupons,
        alignment=purchase.alignment,
        billing_day=purchase.billing_day,
        collection=purchase.collection,
        reactivates=purchase.reactivates,
    )
    if snapshot.start_on > today:
        return Opened(after=snapshot, invoice=None)
    return begin(snapshot, at=at)


def begin(snapshot: SubscriptionSnapshot, *, at: datetime | None = None) -> Opened:
    """Start on the start date: first stage, first period, first document.

    Who comes back enters the first paid stage (one free stage per subscriber and offer, domain 12) and pays no setup
    fee again.
    """
    position = first_paid(snapshot.offer).position if snapshot.reactivates else 0
    entered, part = enter(snapshot, position, snapshot.start_on, at=at)
    status = Status.trialing if entered.stage.is_free else Status.active
    drafted = draft(entered, on=snapshot.start_on, opens=part, first=not snapshot.reactivates)
    after = replace(
        entered,
        status=check_move(snapshot.status, status),
        options=drafted.options,
        coupons=drafted.coupons,
        charges=drafted.charges,
    )
    return Opened(after=after, invoice=drafted.invoice)


def first_paid(offer: OfferSnapshot) -> StageSnapshot:
    """The stage that somebody enters who changes to an offer or comes back to it: its first paid one, or the first
    where all are free."""
    return next((stage for stage in offer.stages if not stage.is_free), offer.stages[0])


def enter(
    snapshot: SubscriptionSnapshot, position: int, on: date, *, at: datetime | None = None
) -> tuple[SubscriptionSnapshot, Part]:
    """The snapshot at the start of a stage, in its first period, and that period with its whole.

    Stages in months and years share one anchor. One in days or weeks begins where it begins and leaves none behind, so
    that the next stage anchors at its end. What was aligned is aligned again: a yearly stage of a calendar offer that
    begins on 1 April has a short first period to 1 January.
    """
    stage = snapshot.offer.stages[position]
    anchor = None
    if stage.interval.months is not None:
        anchor = snapshot.anchor or anchor_for(
            stage.interval,
            on,
            alignment=snapshot.alignment,
            calendar_anchor=snapshot.offer.calendar_anchor,
            billing_day=snapshot.billing_day,
        )
    first = first_boundary(anchor, stage.interval, on, alignment=snapshot.alignment)
    part = next_part(anchor, stage.interval, first, on)
    billed = part.within(None, replace(snapshot, stage_position=position).billed_until(on)) or part
    free_until = None
    if at is not None and local_date(at, snapshot.zone) == on and stage.is_free and stage.interval.unit is Unit.day:
        free_until = _free_until(snapshot, stage.recurrences, first, position, at)
    entered = replace(
        snapshot,
        stage_position=position,
        stage_started_on=on,
        anchor=anchor,
        cycle_from=first,
        current_period=billed.period,
        period_index=1 if part.is_whole else 0,
        free_until=free_until,
    )
    return entered, part


def _free_until(
    snapshot: SubscriptionSnapshot, recurrences: int | None, first: date, position: int, at: datetime
) -> datetime | None:
    if recurrences is None:
        return None
    end = boundary(None, snapshot.offer.stages[position].interval, first, recurrences)
    return local_instant(end, at.astimezone(ZoneInfo(snapshot.zone)).time(), snapshot.zone)
