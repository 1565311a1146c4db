"""How offers look in the API and in events: one TypedDict a part."""

from __future__ import annotations

from typing import Annotated, TypedDict

from merchants.early_end import FORMULAS
from merchants.selectors.shapes import DecimalString, InstantText, Says, Texts


class OpenedFeatureShape(TypedDict):
    """A feature that a stage or an option opens. `quota` is per period; null: without limit."""

    feature: str
    reference: str
    quota: int | None
    level: str | None


class TierShape(TypedDict):
    """Units up to `up_to` (null: all above the former tier). `flat_amount` is asked once where the tier is entered."""

    up_to: DecimalString | None
    unit_price: DecimalString
    flat_amount: int


class UsagePriceShape(TypedDict):
    """What the use of a metered feature costs, billed when the period has ended."""

    feature: str
    reference: str
    model: Annotated[str, Says(one_of=("per_unit", "package", "graduated", "volume"))]
    unit_price: DecimalString | None
    package_size: DecimalString | None
    tiers: list[TierShape]


class StageShape(TypedDict):
    """A span of an offer. `recurrences` null: without end. `amount` is the price of one interval, in minor units."""

    label: Texts
    interval: Annotated[str, Says(one_of=("day", "week", "month", "year"))]
    interval_count: int
    recurrences: int | None
    amount: int
    billing: Annotated[str, Says(one_of=("advance", "arrears"))]
    features: list[OpenedFeatureShape]
    usage: list[UsagePriceShape]


class ListedOptionShape(TypedDict):
    """An option that may be taken with the offer, or is part of it."""

    option: str
    reference: str
    included: bool


class EarlyEndShape(TypedDict):
    """A fee for leaving early, never above what was left to pay: an `amount` (`flat`), a `percent` of what was left
    (`remaining`; from interval `later_from` on `later_percent`), or an `amount` × intervals left / all (`degressive`).
    Amounts in minor units, in the offer's own terms of tax."""

    formula: Annotated[str, Says(one_of=FORMULAS)]
    amount: int | None
    percent: DecimalString | None
    later_from: int | None
    later_percent: DecimalString | None


class CommitmentShape(TypedDict):
    """How many intervals one stays; how long before the end one says so, in days or months; what leaving before the
    end of the commitment costs (null: that is not possible)."""

    intervals: int
    notice: int
    notice_unit: Annotated[str, Says(one_of=("day", "month"))]
    early_end: EarlyEndShape | None


class OfferTermsShape(TypedDict):
    """What a version says."""

    version: int
    title: Texts
    description: Texts
    currency: str
    tax_behavior: Annotated[str, Says(one_of=("inclusive", "exclusive"))]
    tax_code: str
    alignment: Annotated[str, Says(one_of=("anniversary", "calendar"))]
    billing_day: int | None
    setup_amount: int
    commitment: CommitmentShape
    stages: list[StageShape]
    options: list[ListedOptionShape]


class OfferAtSiteShape(TypedDict):
    """What a site does otherwise: whether it sells the offer, and its own `amount` of the last stage (null: as
    elsewhere), in minor units."""

    site: str
    sold: bool
    amount: int | None


class OfferShape(OfferTermsShape):
    """What is sold, as its current version says it. A change makes a new version; who has an old one keeps it.
    `everywhere`: at every site but those that say otherwise in `sites`; else only at those that do."""

    id: str
    object: str
    reference: str
    visible: bool
    archived: bool
    everywhere: bool
    sites: list[OfferAtSiteShape]
    metadata: dict[str, str]
    created_at: InstantText


class OfferVersionShape(OfferTermsShape):
    """One wording of an offer. It never changes. With a `site` it is that site's, at a price of its own."""

    site: str | None
    id: str
    object: str
    offer: str
    created_at: InstantText
