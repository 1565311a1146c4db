"""What a subscriber may do now, and the one verdict a merchant's site needs. Computed from dates: never stale."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from merchants.ids import read
from merchants.models import Feature
from merchants.now import Now, local_date
from subscribers.lifecycle import Access, DunningEffect, MakesGood, PaymentState, Status, Suspension, Verdict, access
from subscribers.models import Grant, QuotaCounter, Subscription
from subscribers.rights import LiveGrant, Right, Source, SourceKind, rights
from subscribers.selectors.live_grants import live_grants
from subscribers.selectors.pictures import grant_picture
from subscribers.selectors.quotas import Rhythm, period_of, used_in

ORDER = (Access.none, Access.restricted, Access.grace, Access.full)
OPEN = (Access.full, Access.grace)


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
        gift=subscription.suspension_gift,
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


def held(subscriber_id: UUID, now: Now, *, feature_id: UUID | None = None, reference: str = "") -> Held:
    """The best of the subscriber's live grants, or of those of one feature, with what is used of quotas: one query,
    save where a quota's period began otherwise than its counter thought (another source took over): then its uses are
    summed."""
    found = live_grants(subscriber_id, now, feature_id=feature_id, reference=reference)
    live, shut = _open([(one.grant, one.rhythm) for one in found], now)
    best_of = rights(live, today=now.today)
    for name, right in best_of.items():
        if right.period is not None:
            one = next(one for one in found if one.grant.feature.reference == name)
            start, feature = right.period.start, one.grant.feature_id
            used = used_in(start, one.counter, subscriber_id=subscriber_id, feature_id=feature)
            best_of[name] = replace(right, used=used)
    known = {one.grant.feature_id: one.grant.feature for one in found}
    return Held(
        rights=best_of,
        features={known[key].reference: known[key] for key in sorted(known) if known[key].reference in best_of},
        shut=shut,
    )


def with_override(subscriber_id: UUID, feature: Feature, override: LiveGrant | None, now: Now) -> Right | None:
    """What they could do with a feature if this were the right set by hand, or none were; None where it is not theirs.
    Nothing is written."""
    found = live_grants(subscriber_id, now, feature_id=feature.pk)
    others = [(one.grant, one.rhythm) for one in found if one.grant.source != Grant.Source.OVERRIDE]
    live, _shut = _open(others, now)
    right = rights([*live, *([override] if override else [])], today=now.today).get(feature.reference)
    if right is None or right.period is None:
        return right
    counter = QuotaCounter.objects.filter(subscriber_id=subscriber_id, feature=feature).first()
    used = used_in(right.period.start, counter, subscriber_id=subscriber_id, feature_id=feature.pk)
    return replace(right, used=used)


def held_named(subscriber_id: UUID, now: Now, name: str) -> Iterator[tuple[Feature, Right]]:
    """The right to the feature that an address names, where they have it: one query knows both."""
    key, reference = read("fea", name), name.removeprefix("ref:") if name.startswith("ref:") else ""
    if "\x00" in name or not (key or reference):
        return
    found = held(subscriber_id, now, feature_id=key, reference=reference)
    for known, right in found.rights.items():
        yield found.features[known], right


def rights_of(subscriber_id: UUID, now: Now) -> dict[str, Right]:
    """The best of the subscriber's live grants, by feature reference: one query (see `held`)."""
    return held(subscriber_id, now).rights


def rights_among(grants: Iterable[Grant], now: Now) -> dict[str, Right]:
    """The best of these live grants, by feature reference; what they point to is loaded.

    A grant of a subscription counts only while that subscription gives access; what stands on its own counts alone.
    """
    return rights(_open([(grant, None) for grant in grants], now)[0], today=now.today)


def _open(grants: Iterable[tuple[Grant, Rhythm | None]], now: Now) -> tuple[list[LiveGrant], dict[str, Verdict]]:
    """What counts of these grants; and, by feature, the verdict of what does not."""
    verdicts: dict[UUID, Verdict] = {}
    live: list[LiveGrant] = []
    shut: dict[str, Verdict] = {}
    for grant, rhythm in grants:
        subscription: Subscription | None = grant.subscription
        if subscription is not None:
            verdict = verdicts.setdefault(subscription.pk, verdict_of(subscription, now.today))
            if verdict.access not in OPEN:
                reference = grant.feature.reference
                shut[reference] = max(shut.get(reference, verdict), verdict, key=lambda one: ORDER.index(one.access))
                continue
        live.append(_live(grant, rhythm, now))
    return live, shut


def _live(grant: Grant, rhythm: Rhythm | None, now: Now) -> LiveGrant:
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
        period=period_of(grant, rhythm, now) if grant.feature.kind == Feature.Kind.QUOTA else None,
    )
