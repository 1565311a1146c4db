"""Offers as they are read: current versions, their parts in a fixed number of queries, terms, and the API's shape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from merchants.early_end import EarlyEnd
from merchants.metered import usage_terms
from merchants.models import Feature, Offer, OfferAtSite, OfferVersion, Stage, StageFeature, VersionOption
from merchants.selectors.offer_shapes import (
    EarlyEndShape,
    OfferShape,
    OfferTermsShape,
    OfferVersionShape,
    UsagePriceShape,
)
from merchants.selectors.shapes import instant_text, show
from merchants.terms import FeatureTerm, ListedOption, OfferTerms, StageTerm


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of some versions, by version (features by stage), each in its order."""

    stages: dict[UUID, list[Stage]]
    features: dict[UUID, list[StageFeature]]
    options: dict[UUID, list[VersionOption]]
    metered: dict[UUID, Feature]


def current_versions(offers: Collection[UUID]) -> dict[UUID, OfferVersion]:
    """What is sold now, by offer, where no site has a price of its own: the version with the highest number. One
    query."""
    general = OfferVersion.objects.filter(offer_id__in=offers, site=None)
    newest = general.order_by("offer_id", "-number").distinct("offer_id")
    return {version.offer_id: version for version in newest}


def sites_of(offers: Collection[UUID]) -> dict[UUID, list[OfferAtSite]]:
    """What sites do otherwise, by offer. One query."""
    found: dict[UUID, list[OfferAtSite]] = defaultdict(list)
    for row in OfferAtSite.objects.filter(offer_id__in=offers).order_by("site_id"):
        found[row.offer_id].append(row)
    return found


def parts_of(versions: Collection[UUID]) -> Parts:
    """Stages, their features and the options of versions, in three queries; one more where something is metered."""
    found = Parts(defaultdict(list), defaultdict(list), defaultdict(list), {})
    for stage in Stage.objects.filter(version_id__in=versions).order_by("position"):
        found.stages[stage.version_id].append(stage)
    opened = StageFeature.objects.filter(stage__version_id__in=versions).select_related("feature").order_by("id")
    for row in opened:
        found.features[row.stage_id].append(row)
    for listed in VersionOption.objects.filter(version_id__in=versions).select_related("option").order_by("position"):
        found.options[listed.version_id].append(listed)
    stages = (stage for listed in found.stages.values() for stage in listed)
    metered = {term.feature for stage in stages for term in usage_terms(stage.usage)}
    if metered:
        found.metered.update(Feature.objects.in_bulk(metered))
    return found


def terms_of(versions: Collection[OfferVersion]) -> dict[UUID, OfferTerms]:
    """What versions say, by their id: what an editor begins with."""
    parts = parts_of([version.pk for version in versions])
    return {version.pk: _terms(version, parts) for version in versions}


def _terms(version: OfferVersion, parts: Parts) -> OfferTerms:
    stages = tuple(
        StageTerm(
            interval=stage.interval,
            interval_count=stage.interval_count,
            recurrences=stage.recurrences,
            amount=stage.amount,
            billing=stage.billing,
            label=stage.label,
            features=tuple(
                FeatureTerm(feature=row.feature_id, quota=row.quota, level=row.level)
                for row in parts.features[stage.pk]
            ),
            usage=usage_terms(stage.usage),
        )
        for stage in parts.stages[version.pk]
    )
    return OfferTerms(
        title=version.title,
        description=version.description,
        currency=version.currency,
        tax_behavior=version.tax_behavior,
        tax_code=version.tax_code,
        alignment=version.alignment,
        billing_day=version.billing_day,
        setup_amount=version.setup_amount,
        commitment_intervals=version.commitment_intervals,
        notice_days=version.notice_days,
        notice_months=version.notice_months,
        early_end=EarlyEnd.read(version.early_end),
        stages=stages,
        options=tuple(ListedOption(option=row.option_id, included=row.included) for row in parts.options[version.pk]),
    )


def show_offers(offers: Sequence[Offer]) -> list[OfferShape]:
    """Offers as the API shows them, in five queries whatever their number."""
    versions = current_versions([offer.pk for offer in offers])
    parts = parts_of([version.pk for version in versions.values()])
    at_sites = sites_of([offer.pk for offer in offers])
    return [
        {
            "id": offer.public_id,
            "object": "offer",
            "reference": offer.reference,
            "visible": offer.visible,
            "archived": offer.archived_at is not None,
            "everywhere": offer.everywhere,
            "sites": [
                {"site": show("sit", row.site_id), "sold": row.is_sold, "amount": row.amount}
                for row in at_sites[offer.pk]
            ],
            "metadata": offer.metadata,
            "created_at": instant_text(offer.created_at),
            **_show_terms(versions[offer.pk], parts),
        }
        for offer in offers
    ]


def show_versions(versions: Sequence[OfferVersion]) -> list[OfferVersionShape]:
    """Versions as the API shows them, in three queries whatever their number."""
    parts = parts_of([version.pk for version in versions])
    return [
        {
            "id": version.public_id,
            "object": "offer_version",
            "offer": show("off", version.offer_id),
            "site": show("sit", version.site_id) if version.site_id else None,
            "created_at": instant_text(version.created_at),
            **_show_terms(version, parts),
        }
        for version in versions
    ]


def _show_terms(version: OfferVersion, parts: Parts) -> OfferTermsShape:
    return {
        "version": version.number,
        "title": version.title,
        "description": version.description,
        "currency": version.currency,
        "tax_behavior": version.tax_behavior,
        "tax_code": version.tax_code,
        "alignment": version.alignment,
        "billing_day": version.billing_day,
        "setup_amount": version.setup_amount,
        "commitment": {
            "intervals": version.commitment_intervals,
            "notice": version.notice_months or version.notice_days,
            "notice_unit": "month" if version.notice_months else "day",
            "early_end": cast(EarlyEndShape, version.early_end) if version.early_end else None,
        },
        "stages": [
            {
                "label": stage.label,
                "interval": stage.interval,
                "interval_count": stage.interval_count,
                "recurrences": stage.recurrences,
                "amount": stage.amount,
                "billing": stage.billing,
                "features": [
                    {
                        "feature": row.feature.public_id,
                        "reference": row.feature.reference,
                        "quota": row.quota,
                        "level": row.level or None,
                    }
                    for row in parts.features[stage.pk]
                ],
                "usage": _show_usage(stage, parts),
            }
            for stage in parts.stages[version.pk]
        ],
        "options": [
            {"option": row.option.public_id, "reference": row.option.reference, "included": row.included}
            for row in parts.options[version.pk]
        ],
    }


def _show_usage(stage: Stage, parts: Parts) -> list[UsagePriceShape]:
    return [
        {
            "feature": show("fea", term.feature),
            "reference": parts.metered[term.feature].reference,
            "model": term.model,
            "unit_price": term.unit_price,
            "package_size": term.package_size,
            "tiers": [
                {"up_to": tier.up_to, "unit_price": tier.unit_price, "flat_amount": tier.flat_amount}
                for tier in term.tiers
            ],
        }
        for term in usage_terms(stage.usage)
    ]
