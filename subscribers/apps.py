"""The subscribers app."""

from django.apps import AppConfig


class SubscribersConfig(AppConfig):
    """Where Django finds the subscribers app."""

    name = "subscribers"

    def ready(self) -> None:
        """Say what this floor holds on a person."""
        from subscribers import holdings
        from subscribers.services import person

        holdings.register(*person.HELD)
