"""What a subscriber may do now, and the one verdict a merchant's site needs. Computed from dates: never stale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q

from merchants.now import Now, local_date
from subscribers.lifecycle import Access, DunningEffect, PaymentState, Status, Suspension, Verdict, access
from subscribers.models import Grant, Subscription
from subscribers.rights import LiveGrant, Right, Source, SourceKind, rights
from subscribers.selectors.pictures import grant_picture

ORDER = (Access.none, Access.restricted, Access.grace, Access.full)
OPEN = (Access.full, Access.grace)


@dataclass(frozen=True, kw_only=True)
class AccessOf:
    """A subscriber's verdict, and the one of each subscription."""

    verdict: Verdict
    by_subscription: dict[UUID, Verdict]


def verdict_of(subscription: Subscription, today: date) -> Verdict:
    """The verdict of one subscription on a day. Who is suspended for a debt is suspended for nothing else."""
    dunning = DunningEffect(subscription.dunning)
    suspended = subscription.status == Subscription.Status.SUSPENDED and dunning is not DunningEffect.suspend
    return access(
        status=Status(subscription.status),
        today=today,
        payment_state=PaymentState(subscription.payment_state),
        dunning=dunning,
        suspension=Suspension(from_on=subscription.start_on) if suspended else None,
        start_on=subscription.start_on,
        service_ends_on=subscription.service_ends_on,
    )


def access_of(subscriptions: Iterable[Subscription], now: Now) -> AccessOf:
    """The best verdict among a subscriber's subscriptions; `none`, `no_subscription` where there is none."""
    verdicts = {row.pk: verdict_of(row, now.today) for row in subscriptions}
    best = max(
        verdicts.values(),
        key=lambda verdict: (ORDER.index(verdict.access), verdict.until is None, verdict.until or date.min),
        default=Verdict(access=Access.none, why="no_subscription"),
    )
    return AccessOf(verdict=best, by_subscription=verdicts)


def live_subscriptions(subscriber_id: UUID) -> list[Subscription]:
    """A subscriber's subscriptions that are not over, newest first, with their offer."""
    rows = Subscription.objects.filter(subscriber_id=subscriber_id).exclude(status=Subscription.Status.ENDED)
    return list(rows.select_related("offer_version__offer").order_by("-id"))


def rights_of(subscriber_id: UUID, now: Now) -> dict[str, Right]:
    """The best of the subscriber's live grants, by feature reference: one query."""
    grants = (
        Grant.objects.filter(subscriber_id=subscriber_id, starts_at__lte=now.at)
        .filter(Q(ends_at=None) | Q(ends_at__gt=now.at))
        .select_related("feature", "subscription__offer_version", "subscription_option__option_version")
        .order_by("id")
    )
    return rights_among(grants, now)


def rights_among(grants: Iterable[Grant], now: Now) -> dict[str, Right]:
    """The best of these live grants, by feature reference; what they point to is loaded.

    A grant of a subscription counts only while that subscription gives access; what stands on its own counts alone.
    """
    verdicts: dict[UUID, Verdict] = {}
    live = []
    for grant in grants:
        subscription: Subscription | None = grant.subscription
        if subscription is not None:
            verdict = verdicts.setdefault(subscription.pk, verdict_of(subscription, now.today))
            if verdict.access not in OPEN:
                continue
        live.append(_live(grant, now))
    return rights(live, today=now.today)


def _live(grant: Grant, now: Now) -> LiveGrant:
    option = grant.subscription_option
    if option is not None:
        title = option.option_version.title
    else:
        title = grant.subscription.offer_version.title if grant.subscription else {}
    until = local_date(grant.ends_at, now.zone) if grant.ends_at else None
    ends_on = grant.subscription.service_ends_on if grant.subscription else None
    return LiveGrant(
        grant=grant_picture(grant.feature, grant.quota, grant.level, adds=grant.adds),
        source=Source(
            kind=SourceKind(grant.source),
            id=str(grant.subscription_option_id or grant.subscription_id or ""),
            title=title,
            subscription=str(grant.subscription_id) if grant.subscription_id else None,
        ),
        until_on=min((day for day in (until, ends_on) if day is not None), default=None),
    )
