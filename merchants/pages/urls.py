"""Addresses of the merchants' pages, under `/office/<merchant>/`."""

from django.urls import path

from merchants.pages import developers, home, members, provider

urlpatterns = [
    path("", home.home, name="home"),
    path("switch", home.switch, name="switch"),
    path("developers", developers.developers, name="developers"),
    path("developers/keys/<str:key>/revoke", developers.key_revoke, name="developer_key_revoke"),
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
