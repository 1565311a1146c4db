"""Frozen pictures of what the engine needs to know, made by selectors, changed by nobody.

Amounts are minor units of the offer's currency, before tax where the offer is `exclusive`, with tax where `inclusive`.
Ids are opaque texts. Dates are local to the subscription's `zone`; `…_until` instants are aware UTC.
"""

from subscribers.snapshots.coupon import CouponSnapshot, Duration
from subscribers.snapshots.offer import (
    Billing,
    Commitment,
    FeatureKind,
    GrantSnapshot,
    OfferSnapshot,
    StageSnapshot,
    TaxBehavior,
)
from subscribers.snapshots.option import OptionSnapshot
from subscribers.snapshots.subscription import Collection, PurchaseSnapshot, SubscriptionSnapshot
from subscribers.snapshots.waiting import ChargeSnapshot, Scheduled, UsageSpan, Used

__all__ = [
    "Billing",
    "ChargeSnapshot",
    "Collection",
    "Commitment",
    "CouponSnapshot",
    "Duration",
    "FeatureKind",
    "GrantSnapshot",
    "OfferSnapshot",
    "OptionSnapshot",
    "PurchaseSnapshot",
    "Scheduled",
    "StageSnapshot",
    "SubscriptionSnapshot",
    "TaxBehavior",
    "UsageSpan",
    "Used",
]
