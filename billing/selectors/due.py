"""Who is due: found by the index, locked in the one order, looked at again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from billing.engine.wishes import Catalogue
from merchants.models import Merchant, OfferVersion
from merchants.now import Now
from subscribers.models import Subscriber, Subscription
from subscribers.selectors.pictures import WantedOption, coupon_pictures, offer_pictures, option_pictures
from subscribers.snapshots import SubscriptionSnapshot

Place = tuple[datetime, UUID]
"""A place in the order of due work: when, and which."""


def due(now: Now, until: datetime | None = None) -> Q:
    """What a run takes: due by now (or by `until`, before now), of real time or of one test clock, not parked."""
    return _due_by(until or now.at, now.test_clock)


def due_rows(due_by: datetime, test_clock_id: UUID | None = None) -> QuerySet[Subscription]:
    """The subscriptions that a run takes which comes at `due_by`, an instant that may be ahead."""
    return Subscription.objects.filter(_due_by(due_by, test_clock_id))


def _due_by(at: datetime, test_clock_id: UUID | None) -> Q:
    return Q(next_action_at__lte=at, parked_at=None, test_clock_id=test_clock_id)


def next_places(now: Now, *, after: Place | None, most: int, until: datetime | None = None) -> list[Place]:
    """The next due subscriptions, those longest due first. Needs the tenant's scope."""
    rows = Subscription.objects.filter(due(now, until)).order_by("next_action_at", "id")
    if after is not None:
        rows = rows.filter(Q(next_action_at__gt=after[0]) | Q(next_action_at=after[0], id__gt=after[1]))
    return [(at, id_) for at, id_ in rows.values_list("next_action_at", "id")[:most] if at is not None]


def lock_due(
    batch: Sequence[UUID], *, merchant: Merchant, now: Now, until: datetime | None = None
) -> tuple[list[Subscription], dict[UUID, Subscriber]]:
    """The subscriptions of a batch that are still due, and their people by id: both locked until COMMIT, people first,
    each in the order of ids.

    Whose people another transaction holds is left for the next run (SKIP LOCKED). Where invoices are made one a payer,
    every due subscription of these payers is taken with them, so that they stand on one document.
    """
    wanted = Q(id__in=batch)
    if merchant.grouping == Merchant.Grouping.PAYER:
        payers = Subscription.objects.filter(id__in=batch).values_list("payer_id", flat=True)
        wanted |= Q(payer_id__in=list(payers))
    known = list(Subscription.objects.filter(due(now, until), wanted).values_list("id", "payer_id", "subscriber_id"))
    people = {id_ for _, payer_id, beneficiary_id in known for id_ in (payer_id, beneficiary_id)}
    locked = Subscriber.objects.filter(id__in=people).select_for_update(skip_locked=True, no_key=True).order_by("id")
    held = {row.pk: row for row in locked}
    free = [id_ for id_, payer_id, beneficiary_id in known if payer_id in held and beneficiary_id in held]
    found = Subscription.objects.filter(due(now, until), id__in=free)
    rows = list(found.select_for_update(of=("self",), no_key=True).order_by("id"))
    versions = OfferVersion.objects.in_bulk({row.offer_version_id for row in rows})
    for row in rows:
        row.offer_version = versions[row.offer_version_id]
    return rows, held


def catalogue_of(pictures: Iterable[SubscriptionSnapshot]) -> Catalogue:
    """What the waiting wishes of these subscriptions name: offers and options, in a fixed number of queries."""
    offers: set[UUID] = set()
    options: set[UUID] = set()
    coupons: set[UUID] = set()
    for picture in pictures:
        for wish in picture.scheduled:
            version = wish.payload.get("offer_version")
            if version:
                offers.add(UUID(str(version)))
            put_on = wish.payload.get("coupons_on")
            coupons |= {UUID(str(id_)) for id_ in (put_on if isinstance(put_on, list | tuple) else ())}
            named = wish.payload.get("options")
            for option in named if isinstance(named, list | tuple) else ():
                if isinstance(option, dict) and "version" in option:
                    options.add(UUID(str(option["version"])))
    patterns = option_pictures([WantedOption(id=version, version_id=version) for version in sorted(options)])
    return Catalogue(
        offers={str(version): offer for version, offer in offer_pictures(offers).items()} if offers else {},
        options={pattern.id: pattern for pattern in patterns},
        coupons={picture.id: picture for picture in coupon_pictures(sorted(coupons))},
    )
