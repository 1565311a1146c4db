"""The merchants app."""

from django.apps import AppConfig


class MerchantsConfig(AppConfig):
    """Where Django finds the merchants app."""

    name = "merchants"
