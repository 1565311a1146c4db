"""Addresses of the merchants' pages, under `/office/<merchant>/`."""

from django.urls import path

from merchants.pages import coupons, developers, entities, features, home, identity, members, offers, options, provider

urlpatterns = [
    path("", home.home, name="home"),
    path("switch", home.switch, name="switch"),
    path("offers", offers.offers, name="offers"),
    path("offers/new", offers.offer_new, name="offer_new"),
    path("offers/preview", offers.offer_preview, name="offer_preview"),
    path("offers/<str:offer>", offers.offer, name="offer"),
    path("offers/<str:offer>/edit", offers.offer_edit, name="offer_edit"),
    path("offers/<str:offer>/state", offers.offer_state, name="offer_state"),
    path("options", options.options, name="offer_options"),
    path("options/new", options.option_new, name="offer_option_new"),
    path("options/<str:option>", options.option, name="offer_option"),
    path("options/<str:option>/archive", options.option_archive, name="offer_option_archive"),
    path("features", features.features, name="offer_features"),
    path("features/new", features.feature_new, name="offer_feature_new"),
    path("features/<str:feature>", features.feature_edit, name="offer_feature"),
    path("features/<str:feature>/archive", features.feature_archive, name="offer_feature_archive"),
    path("coupons", coupons.coupons, name="offer_coupons"),
    path("coupons/new", coupons.coupon_new, name="offer_coupon_new"),
    path("coupons/<str:coupon>", coupons.coupon_edit, name="offer_coupon"),
    path("coupons/<str:coupon>/archive", coupons.coupon_archive, name="offer_coupon_archive"),
    path("developers", developers.developers, name="developers"),
    path("developers/keys/<str:key>/revoke", developers.key_revoke, name="developer_key_revoke"),
    path("settings", identity.settings_page, name="settings"),
    path("settings/companies", entities.entities, name="setting_entities"),
    path("settings/companies/new", entities.entity_new, name="setting_entity_new"),
    path("settings/companies/<str:entity>", entities.entity, name="setting_entity"),
    path("settings/companies/<str:entity>/rates", entities.entity_rate, name="setting_entity_rate"),
    path("settings/members", members.members, name="setting_members"),
    path("settings/members/<str:member>/role", members.member_role, name="setting_member_role"),
    path("settings/members/<str:member>/remove", members.member_remove, name="setting_member_remove"),
    path("settings/invitations/<str:invitation>/again", members.invitation_again, name="setting_invitation_again"),
    path(
        "settings/invitations/<str:invitation>/withdraw",
        members.invitation_withdraw,
        name="setting_invitation_withdraw",
    ),
    path("settings/payments", provider.provider_page, name="setting_provider"),
    path("settings/payments/signing", provider.provider_webhook, name="setting_provider_webhook"),
    path("settings/payments/disconnect", provider.provider_disconnect, name="setting_provider_disconnect"),
]
