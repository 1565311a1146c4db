"""The ground floor's tables: people, merchants, catalogue, clocks, journal."""

from merchants.models.catalogue import (
    Feature,
    Offer,
    OfferAtSite,
    OfferVersion,
    Option,
    OptionFeature,
    OptionPrice,
    OptionVersion,
    Stage,
    StageFeature,
    VersionOption,
)
from merchants.models.coupons import Coupon, CouponTarget
from merchants.models.devices import Device
from merchants.models.entities import LegalEntity, Site, TaxRate
from merchants.models.journal import Event, IdempotentReply
from merchants.models.logos import Logo
from merchants.models.merchants import Merchant, ProviderAccount, TestClock
from merchants.models.people import ApiKey, Invitation, Membership, User
from merchants.models.seals import Seal

__all__ = [
    "ApiKey",
    "Coupon",
    "CouponTarget",
    "Device",
    "Event",
    "Feature",
    "IdempotentReply",
    "Invitation",
    "LegalEntity",
    "Logo",
    "Membership",
    "Merchant",
    "Offer",
    "OfferAtSite",
    "OfferVersion",
    "Option",
    "OptionFeature",
    "OptionPrice",
    "OptionVersion",
    "ProviderAccount",
    "Seal",
    "Site",
    "Stage",
    "StageFeature",
    "TaxRate",
    "TestClock",
    "User",
    "VersionOption",
]
