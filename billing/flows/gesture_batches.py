"""One gesture for all whom an incident touched (domain 13): seen beforehand, begun, and taken back as a whole.

The population is data, and is written down one row each when the batch begins: a worker then gives to each in a
transaction of its own (`gesture_work`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.engine.giving import Worth
from billing.flows.give import Giving, Kind, check
from billing.flows.worths import Worths
from billing.selectors.touched import Population, in_pieces, touched
from merchants.actors import Actor
from merchants.gesture_limits import API_KEY, limit_for, limits_of, may_give
from merchants.ids import new_id
from merchants.models import Merchant, Option
from merchants.money import decimal_text
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, Refusal, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.services.coupons import gesture_coupon
from merchants.tenancy import bulk
from merchants.tenancy.scope import tenant
from subscribers.models import GestureBatch, GestureMember, Subscription

LONGEST = timedelta(days=366)
"""Between the first and the last day of an incident."""
SAMPLE = 5
MOST = 100_000
"""Subscriptions of one batch."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What it would do: how many subscriptions were touched, how many can have it, what it costs in the
    merchant's currency (None: without end), why others cannot by code with their number, and some of those who can."""

    touched: int
    able: int
    cost: int | None
    per_period: int | None
    refused: Mapping[str, tuple[str, int]]
    sample: tuple[tuple[Subscription, Worth], ...]


def check_population(population: Population, now: Now) -> Population:
    """A population that makes sense. Raises Invalid naming the field."""
    if population.until_on <= population.from_on:
        detail = gettext_noop("The incident was over after it began: the first day without it.")
        raise Invalid.at("population.until", "ends_before_it_begins", detail)
    if population.from_on > now.today:
        raise Invalid.at("population.from", "date_in_future", gettext_noop("This day has not come yet."))
    if population.until_on - population.from_on > LONGEST:
        raise Invalid.at("population.until", "out_of_range", gettext_noop("A year at most."))
    return population


def foresee(*, merchant_id: UUID, giving: Giving, population: Population, role: str | None) -> Seen:
    """What it would do for everyone, with the refusals that each would meet; nothing is written. Its queries grow with
    the number of pieces, not of subscriptions.

    Raises Invalid, or Conflict (`option_archived`, `batch_too_large`, `batch_above_limit`).
    """
    with tenant(merchant_id):
        merchant = Merchant.objects.get(id=merchant_id)
        _check(giving, population, now_for(merchant, None))
        rows = touched(population, zone=merchant.timezone).select_related("subscriber")
        worths = Worths(giving, merchant=merchant, role=role)
        seen, able, endless, foreign, cost, per_period = 0, 0, False, False, 0, 0
        refused: Counter[str] = Counter()
        said: dict[str, str] = {}
        sample: list[tuple[Subscription, Worth]] = []
        for piece in in_pieces(rows):
            seen += len(piece)
            if seen > MOST:
                raise _too_large()
            found = worths.of(piece)
            for row in piece:
                worth = found[row.pk]
                if isinstance(worth, Refusal):
                    refused[worth.code] += 1
                    said.setdefault(worth.code, worth.detail)
                    continue
                able += 1
                if row.currency == merchant.currency:
                    cost += worth.cost or 0
                    per_period += worth.per_period or 0
                foreign = foreign or row.currency != merchant.currency
                endless = endless or worth.cost is None
                if len(sample) < SAMPLE:
                    sample.append((row, worth))
        total = None if endless else cost
        _check_batch_limit(None if foreign else total, merchant, role)  # another currency is beyond any limit
        return Seen(
            touched=seen,
            able=able,
            cost=total,
            per_period=per_period if endless else None,
            refused={code: (said[code], count) for code, count in refused.most_common()},
            sample=tuple(sample),
        )


def begin(
    *,
    merchant_id: UUID,
    giving: Giving,
    population: Population,
    role: str | None,
    actor: Actor,
    batch_id: UUID | None = None,
) -> GestureBatch:
    """Write the batch and everyone whom it is for; a worker gives. `batch_id`: the id that it shall have; sent twice,
    it is the same batch. Raises what `foresee` raises, and Conflict (`nobody_touched`)."""
    with tenant(merchant_id):
        merchant = Merchant.objects.select_for_update(of=("self",), no_key=True).get(id=merchant_id)
        known = GestureBatch.objects.filter(id=batch_id).first() if batch_id else None
        if known is not None:
            return known
        now = now_for(merchant, None)
        seen = foresee(merchant_id=merchant_id, giving=giving, population=population, role=role)
        if not seen.able:
            raise Conflict(
                gettext_noop("Nobody can be given this."),
                code="nobody_touched",
                way_out=gettext_noop("Choose other days, sites or offers."),
            )
        coupon = None
        if giving.kind == Kind.PERCENT and giving.percent_off is not None:
            coupon = gesture_coupon(percent_off=giving.percent_off, periods=giving.periods or 1, now=now)
        batch = GestureBatch(
            id=batch_id or new_id(),
            kind=giving.kind,
            terms=_terms(giving),
            reason=giving.reason.strip()[:200],
            incident=giving.incident.strip()[:200],
            population=population.plain(),
            currency=merchant.currency,
            foreseen={"touched": seen.touched, "able": seen.able, "cost": seen.cost},
            coupon=coupon,
            actor_kind=actor.kind.value,
            actor_id=actor.id[:64],
            given_by=actor.label[:120],
            given_as=role or API_KEY,
            channel=actor.channel.value,
            created_at=now.at,
        )
        batch.save(force_insert=True)
        for piece in in_pieces(touched(population, zone=merchant.timezone).only("id")):
            bulk.insert([GestureMember(batch=batch, subscription_id=row.pk) for row in piece])
        return batch


def undo(*, merchant_id: UUID, batch_id: UUID, actor: Actor, reason: str = "") -> GestureBatch:
    """Take the whole batch back: who waits is not given to any more, and a worker takes back what was not had yet; what
    stands on an invoice stays, and its member says so. Asked twice it stays as it is.

    Members are locked before their batch, as a worker does, whose gesture refers to the batch when it is written.
    """
    with tenant(merchant_id):
        waiting = GestureMember.objects.filter(batch_id=batch_id, status=GestureMember.Status.WAITING)
        waiting.update(status=GestureMember.Status.REFUSED, code="taken_back", detail=TAKEN_BACK)
        batch = GestureBatch.objects.select_for_update(of=("self",), no_key=True).get(id=batch_id)
        if batch.status in (GestureBatch.Status.UNDOING, GestureBatch.Status.UNDONE):
            return batch
        batch.status, batch.beaten_at, batch.settled_at = GestureBatch.Status.UNDOING, None, None
        batch.actor_kind, batch.actor_id, batch.channel = actor.kind.value, actor.id[:64], actor.channel.value
        batch.undone_by, batch.undo_reason = actor.label[:120], reason.strip()[:200]
        batch.save()
        return batch


TAKEN_BACK = gettext_noop("The gesture was taken back before it came to them.")


def giving_of(batch: GestureBatch) -> Giving:
    """What each of a batch gets. Needs the tenant's scope."""
    terms: dict[str, Any] = dict(batch.terms)
    option = terms.pop("option", None)
    until, percent = terms.pop("until", None), terms.pop("percent_off", None)
    return Giving(
        kind=batch.kind,
        reason=batch.reason,
        incident=batch.incident,
        option=Option.objects.get(id=UUID(option)) if option else None,
        until=date.fromisoformat(until) if until else None,
        percent_off=Decimal(percent) if percent else None,
        **terms,
    )


def _terms(giving: Giving) -> dict[str, Any]:
    return {
        "option": str(giving.option.pk) if giving.option else None,
        "quantity": giving.quantity,
        "days": giving.days,
        "percent_off": f"{giving.percent_off:f}" if giving.percent_off is not None else None,
        "amount": giving.amount,
        "periods": giving.periods,
        "until": giving.until.isoformat() if giving.until else None,
    }


def _check(giving: Giving, population: Population, now: Now) -> None:
    check(replace(giving))
    check_population(population, now)
    if giving.option is not None and giving.option.archived_at is not None:
        raise Conflict(gettext_noop("This option is not sold any more."), code="option_archived")
    if giving.until is not None and giving.until <= now.today:
        raise Invalid.at("until", "ends_in_past", gettext_noop("A day after it begins."))


def _check_batch_limit(cost: int | None, merchant: Merchant, role: str | None) -> None:
    limits = limits_of(merchant.gesture_limits)
    most = limit_for(limits, role or API_KEY).batch
    if most is None or (cost is not None and cost <= most):
        return
    who = ", ".join(may_give(limits, cost, part="batch"))
    raise Conflict(
        gettext_noop("You may give up to %(most)s %(currency)s to all of them together."),
        code="batch_above_limit",
        params={"most": decimal_text(most, merchant.currency), "currency": merchant.currency, "who": who},
        way_out=gettext_noop("Give less, or ask one of: %(who)s.")
        if who
        else gettext_noop("Give less: the limits let nobody give so much."),
    )


def _too_large() -> Conflict:
    return Conflict(
        gettext_noop("More than %(most)s subscriptions were touched."),
        code="batch_too_large",
        params={"most": MOST},
        way_out=gettext_noop("Name sites or offers, one after the other."),
    )
