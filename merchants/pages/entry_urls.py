"""Addresses outside any merchant's office."""

from django.urls import path

from merchants.pages import entry, invitations

urlpatterns = [
    path("", entry.entry, name="entry"),
    path("welcome", entry.welcome, name="welcome"),
    path("language", entry.set_language, name="set_language"),
    path("invitations/<str:token>", invitations.invitation, name="invitation"),
]
