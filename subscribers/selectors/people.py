"""Finding subscribers: by words, by view, by card; and what a list says of each, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from merchants.models import OfferVersion, TestClock
from subscribers.models import PaymentMethod, Subscriber, Subscription
from subscribers.search_text import patterns

M = TypeVar("M", bound=Model)
COUNTED_UP_TO = 10_000
"""A count above this is not worth the reading: it is shown as “more than”."""
RARE = 1_000
"""What fewer subscribers than these match is found by index; what more match is met soon by walking down the list."""
LIVE = (Subscription.Status.TRIALING, Subscription.Status.ACTIVE, Subscription.Status.SUSPENDED)
UNPAID = (Subscription.PaymentState.RETRYING, Subscription.PaymentState.OVERDUE)

VIEWS: Mapping[str, Q] = {
    "active": Q(status=Subscription.Status.ACTIVE),
    "trial": Q(status=Subscription.Status.TRIALING),
    "ending": Q(service_ends_on__isnull=False, status__in=LIVE),
    "unpaid": Q(payment_state__in=UNPAID, status__in=LIVE),
}
"""The saved views, as what one of the subscriptions must be; each has its partial index (`active` is most of them)."""


def _gone() -> QuerySet[TestClock, Any]:
    """The test clocks that were deleted: a set that the database builds once a query, not a join. Whoever lived on one
    that was released before lives in real time, with all that was issued to them."""
    return TestClock.objects.exclude(deleted_at=None).exclude(status=TestClock.Status.RELEASED).values("pk")


def visible() -> QuerySet[Subscriber]:
    """The subscribers that are shown: those of a test clock that was deleted are hidden with it."""
    return Subscriber.objects.exclude(test_clock__in=_gone())


def on_shown_clocks(rows: QuerySet[M], named: str = "test_clock") -> QuerySet[M]:
    """Those of `rows` (subscriptions, documents, payments: whatever names its test clock) that are shown."""
    return rows.exclude(**{f"{named}__in": _gone()})


def of_shown_people(rows: QuerySet[M]) -> QuerySet[M]:
    """Those of `rows` (alerts, payment methods, purchases: whatever names its subscriber) that are shown."""
    return rows.exclude(subscriber__in=Subscriber.objects.filter(test_clock__in=_gone()).values("pk"))


def searched(rows: QuerySet[Subscriber], query: str) -> QuerySet[Subscriber]:
    """Those found by what someone typed: every word stands somewhere in name, company, e-mail, phone or reference."""
    wanted = patterns(query)
    if not wanted:
        return rows
    ids = _found(wanted, most=RARE + 1)
    if len(ids) <= RARE:
        return rows.filter(id__in=ids)
    return rows.extra(where=["subscribers_subscriber.search LIKE ALL (%s::text[])"], params=[wanted])


def _found(wanted: Sequence[str], *, most: int) -> list[UUID]:
    """Ids of the newest subscribers that match all patterns, by the trigram index (migration 0003 says how)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM subscribers_found(%s, %s::text[], %s)", [wanted[0], list(wanted[1:]), most])
        return [id_ for (id_,) in cursor.fetchall()]


def in_view(rows: QuerySet[Subscriber], view: str) -> QuerySet[Subscriber]:
    """Those with a subscription such as the view says; all for a view that is none of VIEWS."""
    if view not in VIEWS:
        return rows
    return rows.filter(Exists(Subscription.objects.filter(VIEWS[view], subscriber_id=OuterRef("pk"))))


def on_offer(rows: QuerySet[Subscriber], offer_id: UUID) -> QuerySet[Subscriber]:
    """Those who have a live subscription to an offer, whichever version."""
    live = Subscription.objects.filter(subscriber_id=OuterRef("pk"), offer_version__offer_id=offer_id, status__in=LIVE)
    return rows.filter(Exists(live))


@dataclass(frozen=True, slots=True)
class Count:
    """How many, exact up to COUNTED_UP_TO; `more` where there are more than `number`."""

    number: int
    more: bool = False


def count(rows: QuerySet[Subscriber], most: int = COUNTED_UP_TO) -> Count:
    """How many there are, reading at most `most` and one."""
    found = rows.order_by().values("pk")[: most + 1].count()
    return Count(min(found, most), found > most)


def view_counts() -> dict[str, Count]:
    """How many subscribers each view shows, `all` included: a query a view, each on its index."""
    counts = {"all": count(visible())}
    for view, wanted in VIEWS.items():
        shown = Subscription.objects.filter(wanted).exclude(test_clock__in=_gone())
        found = shown.order_by().values("subscriber").distinct()[: COUNTED_UP_TO + 1].count()
        counts[view] = Count(min(found, COUNTED_UP_TO), found > COUNTED_UP_TO)
    return counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A subscriber as a list says it: with the subscription that matters most, how many others, and the card."""

    subscriber: Subscriber
    subscription: Subscription | None = None
    others: int = 0
    method: PaymentMethod | None = None


def rows_of(subscribers: Sequence[Subscriber]) -> list[Row]:
    """What a list says of these: three queries, however many. A live subscription comes before an ended one."""
    ids = [row.pk for row in subscribers]
    if not ids:
        return []
    kept: dict[UUID, list[Subscription]] = {}
    found = Subscription.objects.filter(subscriber_id__in=ids).exclude(status=Subscription.Status.INCOMPLETE)
    subscriptions = list(found.order_by("-id"))
    versions = OfferVersion.objects.in_bulk(
        {row.offer_version_id for row in subscriptions}
    )  # a join misleads the planner
    for subscription in subscriptions:
        subscription.offer_version = versions[subscription.offer_version_id]
        kept.setdefault(subscription.subscriber_id, []).append(subscription)
    methods = default_methods({row.payer_id or row.pk for row in subscribers})
    return [
        Row(
            subscriber=row,
            subscription=min(kept[row.pk], key=lambda one: one.status not in LIVE) if row.pk in kept else None,
            others=sum(one.status in LIVE for one in kept.get(row.pk, [])[1:]),
            method=methods.get(row.payer_id or row.pk),
        )
        for row in subscribers
    ]


def default_methods(payer_ids: Iterable[UUID]) -> dict[UUID, PaymentMethod]:
    """The method that each payer is charged by: one query."""
    rows = PaymentMethod.objects.filter(subscriber_id__in=set(payer_ids), is_default=True, detached_at=None)
    return {row.subscriber_id: row for row in rows}


def quick_search(query: str, *, most: int = 8) -> list[Subscriber]:
    """The newest subscribers found by name, e-mail, phone, reference or the last four digits of a card on file."""
    wanted = patterns(query)
    if not wanted:
        return []
    digits = query.strip()
    by_card: list[UUID] = []
    if len(digits) == 4 and digits.isascii() and digits.isdigit():
        cards = PaymentMethod.objects.filter(last4=digits, detached_at=None)
        by_card = list(cards.order_by("-id").values_list("subscriber_id", flat=True)[:most])
    rows = visible().filter(id__in={*_found(wanted, most=most), *by_card}).order_by("-id")
    return sorted(rows, key=lambda row: row.pk not in by_card)[:most]
