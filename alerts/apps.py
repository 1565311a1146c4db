"""The alerts app."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Where Django finds the alerts app."""

    name = "alerts"

    def ready(self) -> None:
        """Say what this floor holds on a person."""
        from alerts.services import person
        from subscribers import holdings

        holdings.register(*person.HELD)
