"""Frozen pictures of offers, options and coupons for the engine, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from merchants.early_end import EarlyEnd
from merchants.metered import usage_terms
from merchants.models import (
    Coupon,
    CouponTarget,
    OfferAtSite,
    OfferVersion,
    OptionFeature,
    OptionPrice,
    OptionVersion,
    Stage,
    StageFeature,
    VersionOption,
)
from merchants.models import Feature as FeatureRow
from subscribers.models import Subscription
from subscribers.periods import Alignment, Anchor, Interval, Unit
from subscribers.snapshots import (
    Billing,
    Commitment,
    CouponSnapshot,
    Duration,
    FeatureKind,
    GrantSnapshot,
    OfferSnapshot,
    OptionSnapshot,
    StageSnapshot,
    TaxBehavior,
)


def grant_picture(feature: FeatureRow, quota: int | None, level: str, *, adds: bool = False) -> GrantSnapshot:
    """What one row of a stage or an option opens."""
    return GrantSnapshot(
        feature=feature.reference,
        kind=FeatureKind(feature.kind),
        quota=quota,
        level=level or None,
        rank=feature.levels.index(level) if level in feature.levels else None,
        adds=adds,
    )


def anchor_of(row: Subscription) -> Anchor | None:
    """The anchor that a subscription's columns hold.

    >>> anchor_of(Subscription(anchor_kind="month_day", anchor_day=31))
    Anchor(day=31, month=None, weekday=None)
    """
    if row.anchor_kind == "weekday":
        return Anchor(weekday=row.anchor_day)
    return Anchor(day=row.anchor_day, month=row.anchor_month) if row.anchor_kind and row.anchor_day else None


def offer_pictures(version_ids: Iterable[UUID]) -> dict[UUID, OfferSnapshot]:
    """Offer versions by id: four queries, however many versions."""
    wanted = set(version_ids)
    included: dict[UUID, set[str]] = defaultdict(set)
    listed = VersionOption.objects.filter(version_id__in=wanted, included=True)
    for version_id, option_id in listed.values_list("version_id", "option_id"):
        included[version_id].add(str(option_id))
    versions = OfferVersion.objects.filter(id__in=wanted).select_related("offer")
    features: dict[UUID, list[GrantSnapshot]] = defaultdict(list)
    opened = StageFeature.objects.filter(stage__version_id__in=wanted).select_related("feature").order_by("id")
    for row in opened:
        features[row.stage_id].append(grant_picture(row.feature, row.quota, row.level))
    stages: dict[UUID, list[StageSnapshot]] = defaultdict(list)
    for stage in Stage.objects.filter(version_id__in=wanted).order_by("position"):
        stages[stage.version_id].append(
            StageSnapshot(
                position=stage.position,
                interval=Interval(Unit(stage.interval), stage.interval_count),
                amount=stage.amount,
                recurrences=stage.recurrences,
                billing=Billing(stage.billing),
                label=stage.label,
                features=tuple(features[stage.id]),
                usage=usage_terms(stage.usage),
            )
        )
    return {
        version.id: _offer_picture(version, tuple(stages[version.id]), included[version.id]) for version in versions
    }


def _offer_picture(version: OfferVersion, stages: tuple[StageSnapshot, ...], included: Iterable[str]) -> OfferSnapshot:
    commitment = None
    if version.commitment_intervals or version.notice_days or version.notice_months:
        commitment = Commitment(
            intervals=version.commitment_intervals,
            notice_days=version.notice_days,
            notice_months=version.notice_months,
            early_end=EarlyEnd.read(version.early_end),
        )
    yearly = any(stage.interval.unit is Unit.year for stage in stages)
    monthly = any(stage.interval.unit is Unit.month for stage in stages)
    return OfferSnapshot(
        version_id=str(version.id),
        offer_id=str(version.offer_id),
        reference=version.offer.reference,
        title=version.title,
        currency=version.currency,
        tax_behavior=TaxBehavior(version.tax_behavior),
        tax_code=version.tax_code,
        stages=stages,
        alignment=Alignment(version.alignment),
        calendar_anchor=Anchor(day=version.billing_day or 1, month=1 if yearly and not monthly else None),
        setup_amount=version.setup_amount,
        commitment=commitment,
        included=frozenset(included),
    )


@dataclass(frozen=True, kw_only=True)
class WantedOption:
    """An option as someone takes or has it. `id` is the subscription option's (to be)."""

    id: UUID
    version_id: UUID
    quantity: int = 1
    complimentary: bool = False
    reason: str = ""
    term: int | None = None


def option_pictures(wanted: Sequence[WantedOption]) -> tuple[OptionSnapshot, ...]:
    """Options in the order given: three queries, however many."""
    ids = {option.version_id for option in wanted}
    if not ids:
        return ()
    versions = {v.id: v for v in OptionVersion.objects.filter(id__in=ids).select_related("option")}
    prices: dict[UUID, dict[tuple[str, int], int]] = defaultdict(dict)
    for price in OptionPrice.objects.filter(version_id__in=ids):
        prices[price.version_id][price.interval, price.interval_count] = price.amount
    features: dict[UUID, list[GrantSnapshot]] = defaultdict(list)
    for row in OptionFeature.objects.filter(version_id__in=ids).select_related("feature").order_by("id"):
        adds = versions[row.version_id].adds
        features[row.version_id].append(grant_picture(row.feature, row.quota, row.level, adds=adds))
    return tuple(
        OptionSnapshot(
            id=str(option.id),
            option_id=str(versions[option.version_id].option_id),
            reference=versions[option.version_id].option.reference,
            title=versions[option.version_id].title,
            prices=prices[option.version_id],
            one_off_amount=versions[option.version_id].one_off_amount,
            quantity=option.quantity,
            complimentary=option.complimentary,
            reason=option.reason,
            term=option.term,
            features=tuple(features[option.version_id]),
            adds=versions[option.version_id].adds,
            tax_code=versions[option.version_id].tax_code or None,
            version_id=str(option.version_id),
        )
        for option in wanted
    )


def coupon_pictures(coupon_ids: Sequence[UUID], used: Mapping[UUID, int] | None = None) -> tuple[CouponSnapshot, ...]:
    """Coupons in the order given: two queries. `used` counts paid periods already had, by coupon."""
    if not coupon_ids:
        return ()
    rows = {c.id: c for c in Coupon.objects.filter(id__in=coupon_ids)}
    targets: dict[UUID, set[str]] = defaultdict(set)
    for target in CouponTarget.objects.filter(coupon_id__in=coupon_ids):
        targets[target.coupon_id].add(str(target.offer_id or target.option_id))
    return tuple(
        CouponSnapshot(
            id=str(row.id),
            code=row.code,
            duration=Duration(row.duration),
            percent_off=row.percent_off,
            amount_off=row.amount_off,
            currency=row.currency or None,
            periods=row.periods,
            periods_used=(used or {}).get(row.id, 0),
            applies_to=frozenset(targets[row.id]),
        )
        for row in (rows[id_] for id_ in coupon_ids)
    )


def newest_versions(offer_ids: Iterable[UUID], *, site_id: UUID | None = None) -> dict[UUID, UUID]:
    """The version that each offer sells now: at a site the site's own, where it has a price of its own there."""
    wanted = set(offer_ids)
    general = OfferVersion.objects.filter(offer_id__in=wanted, site=None)
    newest = general.order_by("offer_id", "-number").distinct("offer_id").values_list("offer_id", "id")
    found: dict[UUID, UUID] = dict(newest)
    if site_id is not None:
        own = OfferAtSite.objects.filter(offer_id__in=wanted, site_id=site_id, version__isnull=False)
        found |= dict(own.values_list("offer_id", "version_id"))
    return found


def newest_option_versions(option_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The version that each option sells now."""
    rows = OptionVersion.objects.filter(option_id__in=set(option_ids)).order_by("number").values_list("option_id", "id")
    return dict(rows)
