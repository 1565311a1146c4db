"""The billing app."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Where Django finds the billing app."""

    name = "billing"

    def ready(self) -> None:
        """Follow every settlement of an invoice: its unpaid case ends in the same transaction."""
        from billing.flows import cases
        from invoices.services import settlement

        settlement.followed_by(cases.close)
