"""Options as they are read: current versions, their parts, terms, and the API's shape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, TypedDict
from uuid import UUID

from merchants.models import Option, OptionFeature, OptionPrice, OptionVersion
from merchants.selectors.offer_shapes import OpenedFeatureShape
from merchants.selectors.shapes import InstantText, Says, Texts, instant_text
from merchants.terms import FeatureTerm, OptionTerms, PriceTerm


class OptionPriceShape(TypedDict):
    """What an option costs for one interval, in minor units."""

    interval: Annotated[str, Says(one_of=("day", "week", "month", "year"))]
    interval_count: int
    amount: int


class OptionShape(TypedDict):
    """An extra on a subscription, as its current version says it: `amount` is paid once, `prices` per interval."""

    id: str
    object: str
    reference: str
    version: int
    title: Texts
    description: Texts
    currency: str
    tax_code: str | None
    amount: int | None
    prices: list[OptionPriceShape]
    features: list[OpenedFeatureShape]
    adds: bool
    archived: bool
    metadata: dict[str, str]
    created_at: InstantText


@dataclass(frozen=True, slots=True)
class Parts:
    """Prices and features by version."""

    prices: dict[UUID, list[OptionPrice]]
    features: dict[UUID, list[OptionFeature]]


def current_option_versions(options: Collection[UUID]) -> dict[UUID, OptionVersion]:
    """What is sold now, by option. One query."""
    newest = OptionVersion.objects.filter(option_id__in=options).order_by("option_id", "-number").distinct("option_id")
    return {version.option_id: version for version in newest}


def parts_of(versions: Collection[UUID]) -> Parts:
    """Prices and features of versions, in two queries."""
    found = Parts(defaultdict(list), defaultdict(list))
    for price in OptionPrice.objects.filter(version_id__in=versions).order_by("id"):
        found.prices[price.version_id].append(price)
    for row in OptionFeature.objects.filter(version_id__in=versions).select_related("feature").order_by("id"):
        found.features[row.version_id].append(row)
    return found


def terms_of(versions: Collection[OptionVersion]) -> dict[UUID, OptionTerms]:
    """What versions say, by their id."""
    parts = parts_of([version.pk for version in versions])
    return {
        version.pk: OptionTerms(
            title=version.title,
            description=version.description,
            currency=version.currency,
            tax_code=version.tax_code,
            one_off_amount=version.one_off_amount,
            adds=version.adds,
            prices=tuple(
                PriceTerm(interval=price.interval, interval_count=price.interval_count, amount=price.amount)
                for price in parts.prices[version.pk]
            ),
            features=tuple(
                FeatureTerm(feature=row.feature_id, quota=row.quota, level=row.level)
                for row in parts.features[version.pk]
            ),
        )
        for version in versions
    }


def show_options(options: Sequence[Option]) -> list[OptionShape]:
    """Options as the API shows them, in three queries whatever their number."""
    versions = current_option_versions([option.pk for option in options])
    parts = parts_of([version.pk for version in versions.values()])
    return [_show(option, versions[option.pk], parts) for option in options]


def _show(option: Option, version: OptionVersion, parts: Parts) -> OptionShape:
    return {
        "id": option.public_id,
        "object": "option",
        "reference": option.reference,
        "version": version.number,
        "title": version.title,
        "description": version.description,
        "currency": version.currency,
        "tax_code": version.tax_code or None,
        "amount": version.one_off_amount,
        "prices": [
            {"interval": price.interval, "interval_count": price.interval_count, "amount": price.amount}
            for price in parts.prices[version.pk]
        ],
        "features": [
            {
                "feature": row.feature.public_id,
                "reference": row.feature.reference,
                "quota": row.quota,
                "level": row.level or None,
            }
            for row in parts.features[version.pk]
        ],
        "adds": version.adds,
        "archived": option.archived_at is not None,
        "metadata": option.metadata,
        "created_at": instant_text(option.created_at),
    }
