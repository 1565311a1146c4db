"""What a subscriber may do now, and the one verdict a merchant's site needs. Computed from dates: never stale."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from merchants.ids import read
from merchants.models import Feature, Stage
from merchants.now import Now, local_date
from subscribers.lifecycle import Access, DunningEffect, MakesGood, PaymentState, Status, Suspension, Verdict, access
from subscribers.models import Grant, QuotaCounter, Subscription
from subscribers.rights import LiveGrant, Right, Source, SourceKind, rights
from subscribers.selectors.pictures import grant_picture
from subscribers.selectors.quotas import counted, period_of, used_in

ORDER = (Access.none, Access.restricted, Access.grace, Access.full)
OPEN = (Access.full, Access.grace)

RHYTHM = {"unit": "interval", "count": "interval_count", "recurrences": "recurrences", "amount": "amount"}
"""What is read of a subscription's running stage, by its name in the answer."""


@dataclass(frozen=True, kw_only=True)
class AccessOf:
    """A subscriber's verdict, and the one of each subscription."""

    verdict: Verdict
    by_subscription: dict[UUID, Verdict]


def suspension_of(subscription: Subscription) -> Suspension | None:
    """The suspension that was wished for a subscription, planned or begun; a debt's is in `dunning` alone."""
    if subscription.suspended_from is None:
        return None
    return Suspension(
        from_on=subscription.suspended_from,
        until_on=subscription.suspended_until,
        begun=subscription.suspension_begun,
        stops_billing=subscription.suspension_stops_billing,
        makes_good=MakesGood(subscription.suspension_makes_good or "none"),
    )


def verdict_of(subscription: Subscription, today: date) -> Verdict:
    """The verdict of one subscription on a day: a debt's suspension comes before one that was wished."""
    dunning = DunningEffect(subscription.dunning)
    return access(
        status=Status(subscription.status),
        today=today,
        payment_state=PaymentState(subscription.payment_state),
        dunning=dunning,
        suspension=suspension_of(subscription),
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


@dataclass(frozen=True, kw_only=True)
class Held:
    """A subscriber's rights by feature reference, and those features in the order of the catalogue. `shut`: the best
    verdict among the subscriptions that would open a feature and give no access."""

    rights: dict[str, Right]
    features: dict[str, Feature]
    shut: dict[str, Verdict]


def held(subscriber_id: UUID, now: Now, **only: Any) -> Held:
    """The best of the subscriber's live grants, with what is used of quotas: one query, save where a quota's period
    began otherwise than its counter thought (another source took over): then its uses are summed. `only`: conditions
    on the grants, such as `feature_id`."""
    grants = list(_live_grants(subscriber_id, now, **only))
    live, shut = _open(grants, now)
    found = rights(live, today=now.today)
    for reference, right in found.items():
        if right.period is not None:
            grant = next(one for one in grants if one.feature.reference == reference)
            counter = counted(cast(Any, grant).counter)
            used = used_in(right.period.start, counter, subscriber_id=subscriber_id, feature_id=grant.feature_id)
            found[reference] = replace(right, used=used)
    known = {grant.feature_id: grant.feature for grant in grants}
    return Held(
        rights=found,
        features={known[key].reference: known[key] for key in sorted(known) if known[key].reference in found},
        shut=shut,
    )


def with_override(subscriber_id: UUID, feature: Feature, override: LiveGrant | None, now: Now) -> Right | None:
    """What they could do with a feature if this were the right set by hand, or none were; None where it is not theirs.
    Nothing is written."""
    others = _live_grants(subscriber_id, now, feature_id=feature.pk).exclude(source=Grant.Source.OVERRIDE)
    live, _shut = _open(others, now)
    right = rights([*live, *([override] if override else [])], today=now.today).get(feature.reference)
    if right is None or right.period is None:
        return right
    counter = QuotaCounter.objects.filter(subscriber_id=subscriber_id, feature=feature).first()
    used = used_in(right.period.start, counter, subscriber_id=subscriber_id, feature_id=feature.pk)
    return replace(right, used=used)


def held_named(subscriber_id: UUID, now: Now, name: str) -> Iterator[tuple[Feature, Right]]:
    """The right to the feature that an address names, where they have it: one query knows both."""
    if "\x00" in name:
        return
    if name.startswith("ref:"):
        only: dict[str, Any] = {"feature__reference": name.removeprefix("ref:")}
    else:
        only = {"feature_id": read("fea", name)}
    if all(only.values()):
        found = held(subscriber_id, now, **only)
        for reference, right in found.rights.items():
            yield found.features[reference], right


def rights_of(subscriber_id: UUID, now: Now) -> dict[str, Right]:
    """The best of the subscriber's live grants, by feature reference: one query (see `held`)."""
    return held(subscriber_id, now).rights


def rights_among(grants: Iterable[Grant], now: Now) -> dict[str, Right]:
    """The best of these live grants, by feature reference; what they point to is loaded.

    A grant of a subscription counts only while that subscription gives access; what stands on its own counts alone.
    """
    return rights(_open(grants, now)[0], today=now.today)


def _live_grants(subscriber_id: UUID, now: Now, **only: Any) -> QuerySet[Grant]:
    """Live grants with all that they point to, their subscription's rhythm and their feature's counter."""
    counter = QuotaCounter.objects.filter(subscriber_id=subscriber_id, feature_id=OuterRef("feature_id"))
    stage = Stage.objects.filter(
        version_id=OuterRef("subscription__offer_version_id"), position=OuterRef("subscription__stage_position")
    )
    return (
        Grant.objects.filter(subscriber_id=subscriber_id, starts_at__lte=now.at, **only)
        .filter(Q(ends_at=None) | Q(ends_at__gt=now.at))
        .select_related("feature", "subscription__offer_version", "subscription_option__option_version")
        .annotate(
            counter=Subquery(counter.values(found=JSONObject(since="since", used="used", last_on="last_on"))[:1]),
            rhythm=Subquery(stage.values(found=JSONObject(**RHYTHM))[:1]),
        )
        .order_by("id")
    )


def _open(grants: Iterable[Grant], now: Now) -> tuple[list[LiveGrant], dict[str, Verdict]]:
    """What counts of these grants; and, by feature, the verdict of what does not."""
    verdicts: dict[UUID, Verdict] = {}
    live: list[LiveGrant] = []
    shut: dict[str, Verdict] = {}
    for grant in grants:
        subscription: Subscription | None = grant.subscription
        if subscription is not None:
            verdict = verdicts.setdefault(subscription.pk, verdict_of(subscription, now.today))
            if verdict.access not in OPEN:
                reference = grant.feature.reference
                shut[reference] = max(shut.get(reference, verdict), verdict, key=lambda one: ORDER.index(one.access))
                continue
        live.append(_live(grant, now))
    return live, shut


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
        period=period_of(grant, now) if grant.feature.kind == Feature.Kind.QUOTA else None,
    )
