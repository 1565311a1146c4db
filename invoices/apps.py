"""The invoices app."""

from django.apps import AppConfig


class InvoicesConfig(AppConfig):
    """Where Django finds the invoices app."""

    name = "invoices"
