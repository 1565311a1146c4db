"""Features as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypedDict

from merchants.models import Feature
from merchants.selectors.shapes import InstantText, Says, Texts, instant_text


class FeatureShape(TypedDict):
    """Something that the merchant's service checks. `levels` go from low to high; `aggregation` says how
    records of what is metered add up."""

    id: str
    object: str
    reference: str
    kind: Annotated[str, Says(one_of=("switch", "quota", "level", "metered"))]
    aggregation: Annotated[str, Says(one_of=("sum", "max", "count", "unique"))] | None
    title: Texts
    levels: list[str]
    archived: bool
    metadata: dict[str, str]
    created_at: InstantText


def show_features(features: Sequence[Feature]) -> list[FeatureShape]:
    """Features as the API shows them, without a query."""
    return [
        {
            "id": feature.public_id,
            "object": "feature",
            "reference": feature.reference,
            "kind": feature.kind,
            "aggregation": feature.aggregation or None,
            "title": feature.title,
            "levels": feature.levels,
            "archived": feature.archived_at is not None,
            "metadata": feature.metadata,
            "created_at": instant_text(feature.created_at),
        }
        for feature in features
    ]
