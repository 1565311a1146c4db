"""The alerts app."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Where Django finds the alerts app."""

    name = "alerts"
