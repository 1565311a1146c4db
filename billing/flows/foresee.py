"""Telling what is coming before it comes: a card's last day, the end of a free stage, the end of a subscription.

Billing finds, alerts tells: this writes one event per fact, once for ever, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from billing.engine.foreseeing import Coming, Watch, Watched, told_on, turns
from billing.engine.lives import BEGINS
from billing.engine.schedule import walk
from billing.engine.wishes import Catalogue
from billing.models import Foreseen
from billing.selectors import watching
from billing.selectors.due import catalogue_of
from billing.selectors.snapshots import snapshots
from invoices.totals import totals
from merchants.actors import Actor
from merchants.ids import new_id
from merchants.models import Merchant
from merchants.now import Now, local_date, local_midnight
from merchants.tenancy.scope import current, tenant
from subscribers import shapes
from subscribers.models import PaymentMethod, Subscriber, Subscription
from subscribers.services import facts
from subscribers.services.facts import Lived
from subscribers.snapshots import SubscriptionSnapshot

ACTOR = Actor.system("billing")

LOOKED = "looked"
"""The one row of a merchant that is no fact: when real time was last gone through."""

BATCH = 500
"""Facts in one transaction: that many subscribers are locked at most, and briefly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One coming fact and the row that it is about."""

    watched: Watched
    coming: Coming
    row: PaymentMethod | Subscription

    @property
    def subscriber_id(self) -> UUID:
        """In whose life it is told."""
        whose: UUID = self.row.subscriber_id
        return whose


def foresee(*, merchant_id: UUID, now: Now) -> int:
    """Tell what is coming on `now`'s local date; how many events were written. Asked again that day, none.

    Real time sees the subscribers that are on no test clock, a clock its own. Cards: 30, 15, 7 and 1 days before the
    last day, and once expired, where a live subscription will be charged to them; the end of a free first stage that
    leads to a price: 3 days before, with what will be charged; an end: 7 days before. After an outage only the nearest
    threshold is told. The number of statements does not depend on how many are found, up to BATCH.
    """
    told = 0
    while True:
        with tenant(merchant_id):
            found = _untold(_seen(now))
            told += len(_tell(found[:BATCH], now))
        if len(found) <= BATCH:
            return told


def looked_today(*, now: Now) -> bool:
    """Whether `foresee` went through this merchant on `now`'s local date, in real time. In the tenant's scope."""
    last = Foreseen.objects.filter(fact=LOOKED).values_list("told_at", flat=True).first()
    return last is not None and local_date(last, now.zone) >= now.today


def mark_looked(*, now: Now) -> None:
    """Remember that this local date is done. In the tenant's scope."""
    Foreseen.objects.update_or_create(fact=LOOKED, defaults={"told_at": now.at})


def next_at(*, clock_id: UUID, after: datetime, until: datetime) -> datetime | None:
    """The first local midnight after `after`, and no later than `until`, on which something of that test clock's
    subscribers would be told, if nothing else happened meanwhile; None where there is none. In the tenant's scope.

    What has become visible since the last midnight (a new card that expires next week) is told on the next one.
    """
    zone = Merchant.objects.values_list("timezone", flat=True).get(id=current())
    today, last = local_date(after, zone), local_date(until, zone)
    if last <= today:
        return None
    tomorrow = today + timedelta(days=1)
    days: dict[date, list[str]] = {}
    for watched in _watched(clock_id, zone, last):
        for day in {tomorrow, *(turn for turn in turns(watched) if tomorrow < turn <= last)}:
            if (coming := told_on(watched, day)) is not None:
                days.setdefault(day, []).append(coming.fact)
    known = _known({fact for listed in days.values() for fact in listed})
    first = min((day for day, listed in days.items() if not known.issuperset(listed)), default=None)
    instant = local_midnight(first, zone) if first is not None else None
    return instant if instant is not None and after < instant <= until else None


def _watched(clock_id: UUID | None, zone: str, until: date) -> list[Watched]:
    return [
        *(watched for watched, _ in watching.cards(clock_id=clock_id, until=until)),
        *(watched for watched, _ in watching.subscriptions(clock_id=clock_id, zone=zone, until=until)),
    ]


def _seen(now: Now) -> list[Found]:
    """All that is to be told today, told before or not: five queries."""
    rows: list[tuple[Watched, PaymentMethod | Subscription]] = [
        *watching.cards(clock_id=now.test_clock, until=now.today),
        *watching.subscriptions(clock_id=now.test_clock, zone=now.zone, until=now.today),
    ]
    return [
        Found(watched=watched, coming=coming, row=row)
        for watched, row in rows
        if (coming := told_on(watched, now.today)) is not None
    ]


def _known(wanted: Iterable[str]) -> set[str]:
    listed = list(wanted)
    return set(Foreseen.objects.filter(fact__in=listed).values_list("fact", flat=True)) if listed else set()


def _untold(found: Sequence[Found]) -> list[Found]:
    known = _known(one.coming.fact for one in found)
    return [one for one in found if one.coming.fact not in known]


def _tell(found: Sequence[Found], now: Now) -> list[Found]:
    """Write the facts that are new, and their events; those written. People are locked first, by id, so that two at
    once wait for each other here; the second then finds each fact known."""
    if not found:
        return []
    people = {one.subscriber_id for one in found}
    list(Subscriber.objects.select_for_update().filter(id__in=people).order_by("id").values_list("id"))
    new = _written([one.coming.fact for one in found], now)
    telling = [one for one in found if one.coming.fact in new]
    charges = _first_charges([one.row for one in telling if one.watched.watch is Watch.trial])
    facts.tell_all([_lived(one, charges) for one in telling], actor=ACTOR, now=now)
    return telling


def _written(wanted: Sequence[str], now: Now) -> set[str]:
    """The facts that nobody had told: each is one row for ever."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_foreseen (id, merchant_id, fact, told_at)"
            " SELECT given.id, %s, given.fact, %s FROM unnest(%s::uuid[], %s::text[]) AS given (id, fact)"
            " ON CONFLICT (merchant_id, fact) DO NOTHING RETURNING fact",
            [str(current()), now.at, [str(new_id()) for _ in wanted], list(wanted)],
        )
        return {fact for (fact,) in cursor.fetchall()}


def _lived(one: Found, charges: Mapping[UUID, Mapping[str, Any]]) -> Lived:
    """The fact as an event: the object, how many days are left, and what is known of the end."""
    data: dict[str, Any] = {"days_left": one.coming.days_left}
    if isinstance(one.row, PaymentMethod):
        data |= {"object": shapes.payment_method(one.row), "last_day": _day_before(one.watched.ends_on)}
    else:
        data |= {"object": shapes.subscription(one.row), "ends_on": one.watched.ends_on.isoformat()}
        if one.watched.watch is Watch.trial:
            data["first_charge"] = charges.get(one.row.pk)
        else:
            data["why"] = "cancelled" if one.row.service_ends_on else "term_reached"
    return Lived(subscriber_id=one.subscriber_id, kind=one.coming.kind, object_id=one.row.pk, data=data)


def _day_before(day: date) -> str:
    return (day - timedelta(days=1)).isoformat()


def _first_charges(rows: Sequence[PaymentMethod | Subscription]) -> dict[UUID, Mapping[str, Any]]:
    """What each will be asked for when its free stage is over: `{on, amount, currency}`, with tax, in minor units. A
    fixed number of queries; nothing where a coupon leaves nothing to pay."""
    subscriptions = [row for row in rows if isinstance(row, Subscription)]
    if not subscriptions:
        return {}
    pictures = snapshots(subscriptions, Merchant.objects.get(id=current()))
    catalogue = catalogue_of(pictures.values())
    charges: dict[UUID, Mapping[str, Any]] = {}
    for row in subscriptions:
        if (charge := _first_charge(pictures[row.pk], catalogue)) is not None:
            charges[row.pk] = {**charge, "currency": row.currency}
    return charges


def _first_charge(snapshot: SubscriptionSnapshot, catalogue: Catalogue) -> dict[str, Any] | None:
    """The first document ahead that asks for money, if what follows the free stage has one; what is planned for that
    day is counted in."""
    for step in walk(snapshot, catalogue=catalogue):
        if step.drafted is not None:
            gross = totals(step.drafted.lines, step.drafted.tax_behavior).gross
            if gross:
                return {"on": step.on.isoformat(), "amount": gross}
        if not step.after.stage.is_free and step.kind in BEGINS:
            return None
    return None
