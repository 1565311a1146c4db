"""The billing app."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Where Django finds the billing app."""

    name = "billing"
