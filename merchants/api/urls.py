"""Addresses of the merchant, its catalogue, and the reference itself."""

from django.urls import URLPattern, path

from merchants.api import coupons, entities, features, merchant, offers, options, reference

urlpatterns: list[URLPattern] = [
    path("openapi.json", reference.document, name="openapi"),
    path("docs", reference.page, name="docs"),
    path("merchant", merchant.OwnMerchant.as_view(), name="merchant"),
    path("test_clocks", merchant.TestClocks.as_view(), name="test_clocks"),
    path("test_clocks/<str:test_clock>", merchant.OneTestClock.as_view(), name="test_clock"),
    path("legal_entities", entities.LegalEntities.as_view(), name="legal_entities"),
    path("legal_entities/<str:legal_entity>", entities.OneLegalEntity.as_view(), name="legal_entity"),
    path("tax_rates", entities.TaxRates.as_view(), name="tax_rates"),
    path("tax_rates/<str:tax_rate>", entities.OneTaxRate.as_view(), name="tax_rate"),
    path("sites", entities.Sites.as_view(), name="sites"),
    path("sites/<str:site>", entities.OneSite.as_view(), name="site"),
    path("features", features.Features.as_view(), name="features"),
    path("features/<str:feature>", features.OneFeature.as_view(), name="feature"),
    path("offers", offers.Offers.as_view(), name="offers"),
    path("offers/<str:offer>", offers.OneOffer.as_view(), name="offer"),
    path("offers/<str:offer>/versions", offers.OfferVersions.as_view(), name="offer_versions"),
    path("options", options.Options.as_view(), name="options"),
    path("options/<str:option>", options.OneOption.as_view(), name="option"),
    path("coupons", coupons.Coupons.as_view(), name="coupons"),
    path("coupons/<str:coupon>", coupons.OneCoupon.as_view(), name="coupon"),
]
