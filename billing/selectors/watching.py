"""What ends soon, of real time or of one test clock: cards, free stages, subscriptions. A fixed number of queries."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from billing.engine.foreseeing import CARD_DAYS, ENDING_DAYS, TRIAL_DAYS, Watch, Watched, card_ends_on
from merchants.models import Stage
from merchants.now import local_date
from subscribers.models import PaymentMethod, Subscription
from subscribers.periods import boundary
from subscribers.selectors.pictures import anchor_of, offer_pictures
from subscribers.snapshots import OfferSnapshot

LIVE = (Subscription.Status.TRIALING, Subscription.Status.ACTIVE, Subscription.Status.SUSPENDED)


def cards(*, clock_id: UUID | None, until: date) -> list[tuple[Watched, PaymentMethod]]:
    """Default cards that are, or before `until` come, within sight of their last day, of payers who will be charged by
    us again: one query."""
    charged = Subscription.objects.filter(
        Q(billing_ends_on=None) | Q(billing_ends_on__gt=F("current_period_end")),
        payer=OuterRef("subscriber"),
        status__in=LIVE,
        collection="automatic",
    )
    last = until + timedelta(days=CARD_DAYS[0])
    rows = PaymentMethod.objects.filter(
        Q(exp_year__lt=last.year) | Q(exp_year=last.year, exp_month__lte=last.month),
        Exists(charged),
        kind=PaymentMethod.Kind.CARD,
        is_default=True,
        detached_at=None,
        exp_month__isnull=False,
        subscriber__test_clock=clock_id,
    ).order_by("id")
    return [
        (Watched(watch=Watch.card, id=row.public_id, ends_on=card_ends_on(row.exp_year, row.exp_month)), row)
        for row in rows
        if row.exp_year is not None and row.exp_month is not None
    ]


def subscriptions(*, clock_id: UUID | None, zone: str, until: date) -> list[tuple[Watched, Subscription]]:
    """Subscriptions whose free first stage, or which themselves, end within sight of `until`: four queries.

    A cancelled free stage is an end, not a charge to come. A fixed term ends with its last stage.
    """
    rows = list(_near(clock_id, until))
    offers = offer_pictures(row.offer_version_id for row in rows)
    found = []
    for row in rows:
        watched = _watched(row, offers[row.offer_version_id], zone)
        if watched is not None:
            found.append((watched, row))
    return found


def _near(clock_id: UUID | None, until: date) -> QuerySet[Subscription]:
    """Those that may end by then; a stage ends no earlier than its present period."""
    here = Stage.objects.filter(version=OuterRef("offer_version"))
    counted = here.filter(position=OuterRef("stage_position"), recurrences__isnull=False)
    further = here.filter(position__gt=OuterRef("stage_position"))
    trial = Q(status=Subscription.Status.TRIALING, current_period_end__lte=until + timedelta(days=TRIAL_DAYS))
    last = until + timedelta(days=ENDING_DAYS)
    term = Q(current_period_end__lte=last) & ~Exists(further)
    found: QuerySet[Subscription] = (
        Subscription.objects.filter(
            Q(service_ends_on__lte=last) | (Q(service_ends_on=None) & Exists(counted) & (trial | term)),
            status__in=LIVE,
            test_clock=clock_id,
        )
        .select_related("offer_version")
        .order_by("id")
    )
    return found


def _watched(row: Subscription, offer: OfferSnapshot, zone: str) -> Watched | None:
    if row.service_ends_on is not None:
        known_on = local_date(row.cancelled_at, zone) if row.cancelled_at else None
        return Watched(watch=Watch.ending, id=row.public_id, ends_on=row.service_ends_on, known_on=known_on)
    stage = offer.stages[row.stage_position]
    if stage.recurrences is None or row.cycle_from is None:
        return None
    over_on = boundary(anchor_of(row), stage.interval, row.cycle_from, stage.recurrences)
    if row.stage_position + 1 == len(offer.stages):
        return Watched(watch=Watch.ending, id=row.public_id, ends_on=over_on, known_on=row.start_on)
    charged = row.billing_ends_on is None or row.billing_ends_on > over_on
    if row.stage_position or not stage.is_free or not charged or offer.stages[1].is_free:
        return None
    return Watched(watch=Watch.trial, id=row.public_id, ends_on=over_on)
