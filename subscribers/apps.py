"""The subscribers app."""

from django.apps import AppConfig


class SubscribersConfig(AppConfig):
    """Where Django finds the subscribers app."""

    name = "subscribers"
