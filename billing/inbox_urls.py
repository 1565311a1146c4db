"""Addresses that providers call."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
