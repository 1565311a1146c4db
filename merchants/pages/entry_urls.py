"""Addresses outside any merchant's office."""

from django.urls import path

from merchants.pages import brand, entry, invitations

urlpatterns = [
    path("", entry.entry, name="entry"),
    path("welcome", entry.welcome, name="welcome"),
    path("language", entry.set_language, name="set_language"),
    path("brand/<str:merchant>.css", brand.brand, name="brand"),
    path("brand/<str:merchant>/logo.svg", brand.logo, name="brand_logo"),
    path("invitations/<str:token>", invitations.invitation, name="invitation"),
]
