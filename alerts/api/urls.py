"""Addresses."""

from django.urls import URLPattern, path

from alerts.api import events

urlpatterns: list[URLPattern] = [
    path("events", events.Events.as_view(), name="events"),
    path("events/<str:event>", events.OneEvent.as_view(), name="event"),
]
