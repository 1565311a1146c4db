"""Subscribers of an offer's earlier versions moved to another one (domain 16): seen beforehand, begun, taken back.

The population is data, and is listed when the campaign begins; who comes to an earlier version later (an old quote) is
not in it. A worker then plans one wish for each in a transaction of its own (`campaign_work`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from billing.engine.versions import Move, move
from billing.models import Campaign, CampaignMember
from billing.selectors.due import catalogue_of
from billing.selectors.snapshots import snapshots
from billing.selectors.touched import in_pieces
from merchants.actors import Actor
from merchants.ids import new_id
from merchants.models import Merchant, Offer, OfferVersion
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, Refusal, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy import bulk
from merchants.tenancy.scope import tenant
from subscribers.lifecycle import LIVE, Status
from subscribers.models import Subscription
from subscribers.selectors.pictures import offer_pictures

NOTICE_DAYS = 30
"""At least a month: article L. 224-33 of the French consumer code asks as much of telecom operators."""
LONGEST_NOTICE = 366
FURTHEST = timedelta(days=731)
"""How far ahead an effect date may lie."""
SAMPLE = 10
NAMED = 3
"""Of those who are left out for one reason, how many a preview names."""
MOST = 100_000
"""Subscriptions of one campaign."""


@dataclass(frozen=True, kw_only=True)
class Moving:
    """Whom to move where: to one version of an offer from `versions` (numbers; none: all others), sold or managed at
    `sites` (none: whichever), begun from and before some days; in real time, or on one test clock. `effect_on`: at the
    first renewal from this day on, `notice_days` after it was told at least."""

    offer: Offer
    to: int
    effect_on: date
    reason: str
    versions: tuple[int, ...] = ()
    sites: tuple[UUID, ...] = ()
    subscribed_from: date | None = None
    subscribed_before: date | None = None
    test_clock_id: UUID | None = None
    notice_days: int = NOTICE_DAYS
    keep_commitment: bool = True

    def population(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "versions": sorted(self.versions),
            "sites": [str(id_) for id_ in self.sites],
            "subscribed_from": self.subscribed_from.isoformat() if self.subscribed_from else None,
            "subscribed_before": self.subscribed_before.isoformat() if self.subscribed_before else None,
        }


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What it would do: how many subscriptions are in the population, how many move, what those pay in a year before
    and after (minor units), why others are left out by code with their number, and the first of those who move."""

    population: int
    moved: int
    currency: str
    yearly_before: int
    yearly_after: int
    left_out: Mapping[str, tuple[str, int]]
    left_first: Mapping[str, tuple[Subscription, ...]]
    sample: tuple[tuple[Subscription, Move], ...]


def foresee(*, merchant_id: UUID, moving: Moving) -> Seen:
    """What it would do for everyone, by the calculation that plans it; nothing is written. Its queries grow with the
    number of pieces, not of subscriptions. Raises Invalid naming the field, Conflict (`campaign_too_large`)."""
    with tenant(merchant_id):
        merchant = Merchant.objects.get(id=merchant_id)
        now = now_for(merchant, moving.test_clock_id)
        version = check(moving, now)
        count = moved = before = after = 0
        left: Counter[str] = Counter()
        said: dict[str, str] = {}
        first: defaultdict[str, list[Subscription]] = defaultdict(list)
        sample: list[tuple[Subscription, Move]] = []
        for row, found in _moves(moving, version, merchant, now):
            count += 1
            if isinstance(found, Refusal):
                left[found.code] += 1
                said.setdefault(found.code, found.detail)
                if len(first[found.code]) < NAMED:
                    first[found.code].append(row)
                continue
            moved, before, after = moved + 1, before + found.yearly_before, after + found.yearly_after
            if len(sample) < SAMPLE:
                sample.append((row, found))
        return Seen(
            population=count,
            moved=moved,
            currency=version.currency,
            yearly_before=before,
            yearly_after=after,
            left_out={code: (said[code], number) for code, number in left.most_common()},
            left_first={code: tuple(rows) for code, rows in first.items()},
            sample=tuple(sample),
        )


def begin(*, merchant_id: UUID, moving: Moving, actor: Actor, campaign_id: UUID | None = None) -> Campaign:
    """Write the campaign and everyone whom it is for; a worker plans and tells. `campaign_id`: the id that it
    shall have; sent twice, it is the same campaign. Raises what `foresee` raises, and Conflict (`nobody_to_move`)."""
    with tenant(merchant_id):
        Merchant.objects.select_for_update(of=("self",), no_key=True).get(id=merchant_id)  # one begins at a time
        known = Campaign.objects.filter(id=campaign_id).first() if campaign_id else None
        if known is not None:
            return known
        seen = foresee(merchant_id=merchant_id, moving=moving)
        if not seen.moved:
            raise Conflict(
                gettext_noop("Nobody can be moved."),
                code="nobody_to_move",
                way_out=gettext_noop("Choose other versions, sites or days."),
            )
        now = now_for(Merchant.objects.get(id=merchant_id), None)
        campaign = Campaign(
            id=campaign_id or new_id(),
            offer=moving.offer,
            to_version=OfferVersion.objects.get(offer=moving.offer, number=moving.to),
            population=moving.population(),
            test_clock_id=moving.test_clock_id,
            effect_on=moving.effect_on,
            notice_days=moving.notice_days,
            keep_commitment=moving.keep_commitment,
            reason=moving.reason.strip()[:200],
            foreseen={
                "population": seen.population,
                "moved": seen.moved,
                "yearly_before": seen.yearly_before,
                "yearly_after": seen.yearly_after,
            },
            actor_kind=actor.kind.value,
            actor_id=actor.id[:64],
            channel=actor.channel.value,
            begun_by=actor.label[:120],
            created_at=now.at,
        )
        campaign.save(force_insert=True)
        for piece in in_pieces(members(moving).only("id")):
            bulk.insert([CampaignMember(campaign=campaign, subscription_id=row.pk) for row in piece])
        return campaign


def cancel(*, merchant_id: UUID, campaign_id: UUID, actor: Actor) -> Campaign:
    """Stop it: who waits is not moved any more, and a worker takes planned moves back; who has moved stays. Asked twice
    it stays as it is."""
    with tenant(merchant_id):
        campaign = Campaign.objects.select_for_update(of=("self",), no_key=True).get(id=campaign_id)
        if campaign.status in (Campaign.Status.CANCELLING, Campaign.Status.CANCELLED):
            return campaign
        campaign.status, campaign.beaten_at, campaign.settled_at = Campaign.Status.CANCELLING, None, None
        campaign.actor_kind, campaign.actor_id, campaign.channel = actor.kind.value, actor.id[:64], actor.channel.value
        campaign.cancelled_by = actor.label[:120]
        campaign.save()
        waiting = CampaignMember.objects.filter(campaign=campaign, status=CampaignMember.Status.WAITING)
        waiting.update(status=CampaignMember.Status.SKIPPED, code="campaign_cancelled", detail=CANCELLED)
        return campaign


CANCELLED = gettext_noop("The campaign was cancelled.")


def earliest(effect_on: date, notice_days: int, today: date) -> date:
    """The first day on which who is told today may be moved.

    >>> earliest(date(2026, 3, 1), 30, date(2026, 1, 15)).isoformat()
    '2026-03-01'
    >>> earliest(date(2026, 3, 1), 30, date(2026, 2, 15)).isoformat()
    '2026-03-17'
    """
    return max(effect_on, today + timedelta(days=notice_days))


def check(moving: Moving, now: Now) -> OfferVersion:
    """The version to move to, of wishes that make sense. Raises Invalid naming the field."""
    version = OfferVersion.objects.filter(offer=moving.offer, number=moving.to).first()
    if version is None:
        raise Invalid.at("version", "unknown_version", gettext_noop("This offer has no version of this number."))
    known = set(OfferVersion.objects.filter(offer=moving.offer).values_list("number", flat=True))
    if not set(moving.versions) <= known - {moving.to}:
        raise Invalid.at("population.versions", "unknown_version", gettext_noop("Other versions of this offer."))
    if not 0 <= moving.notice_days <= LONGEST_NOTICE:
        raise Invalid.at("notice_days", "out_of_range", gettext_noop("From 0 days to a year."))
    first = now.today + timedelta(days=moving.notice_days)
    if moving.effect_on < first:
        raise Invalid.at(
            "effect_on",
            "notice_too_short",
            gettext_noop("Subscribers must be told %(days)s days before: %(first)s at the earliest."),
            {"days": moving.notice_days, "first": first.isoformat()},
        )
    if moving.effect_on > now.today + FURTHEST:
        raise Invalid.at("effect_on", "out_of_range", gettext_noop("Two years ahead at most."))
    if not moving.reason.strip():
        raise Invalid.at("reason", "reason_required", gettext_noop("Say why."))
    first_on, last_on = moving.subscribed_from, moving.subscribed_before
    if first_on is not None and last_on is not None and last_on <= first_on:
        detail = gettext_noop("After the day from which they subscribed.")
        raise Invalid.at("population.subscribed_before", "ends_before_it_begins", detail)
    return version


def members(moving: Moving) -> QuerySet[Subscription]:
    """The population: who lives, or will, on another version of the offer."""
    statuses = [status.value for status in (*LIVE, Status.scheduled)]
    rows = Subscription.objects.filter(offer_version__offer=moving.offer, status__in=statuses)
    rows = rows.exclude(offer_version__number=moving.to)
    released = Q(test_clock=None) | Q(test_clock__status="released")
    rows = rows.filter(test_clock=moving.test_clock_id) if moving.test_clock_id else rows.filter(released)
    if moving.versions:
        rows = rows.filter(offer_version__number__in=moving.versions)
    else:  # who has a site's own price keeps it, unless their version is named
        rows = rows.filter(offer_version__site=None)
    if moving.sites:
        rows = rows.filter(Q(sold_at__in=moving.sites) | Q(managed_at__in=moving.sites))
    if moving.subscribed_from:
        rows = rows.filter(start_on__gte=moving.subscribed_from)
    if moving.subscribed_before:
        rows = rows.filter(start_on__lt=moving.subscribed_before)
    return rows.order_by("id")


def held(offer: Offer) -> dict[int, int]:
    """How many subscriptions live, or will, on each version of an offer, by its number: those whom a campaign of real
    time reaches."""
    statuses = [status.value for status in (*LIVE, Status.scheduled)]
    rows = Subscription.objects.filter(offer_version__offer=offer, status__in=statuses)
    rows = rows.filter(Q(test_clock=None) | Q(test_clock__status="released"))
    counted = rows.values("offer_version__number").annotate(n=Count("id"))
    return {row["offer_version__number"]: row["n"] for row in counted}


def _moves(
    moving: Moving, version: OfferVersion, merchant: Merchant, now: Now
) -> Iterator[tuple[Subscription, Move | Refusal]]:
    picture = offer_pictures([version.pk])[version.pk]
    day, count = earliest(moving.effect_on, moving.notice_days, now.today), 0
    for piece in in_pieces(members(moving).select_related("subscriber")):
        count += len(piece)
        if count > MOST:
            raise Conflict(
                gettext_noop("More than %(most)s subscriptions would be moved."),
                code="campaign_too_large",
                params={"most": MOST},
                way_out=gettext_noop("Name sites or days, one after the other."),
            )
        pictures = snapshots(piece, merchant)
        asked: dict[str, Any] = {"earliest": day, "keep_commitment": moving.keep_commitment}
        asked["catalogue"] = catalogue_of(pictures.values())
        for row in piece:
            try:
                yield row, move(pictures[row.pk], picture, **asked)
            except Refusal as refusal:
                yield row, refusal
