"""The billing app."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Where Django finds the billing app."""

    name = "billing"

    def ready(self) -> None:
        """Know our broker, whoever sends a task (a command too); and follow every settlement of an invoice: its unpaid
        case ends in the same transaction; and say what this floor holds on a person."""
        import billing.celery  # noqa: F401 - imported for what it does
        from billing.flows import cases, person
        from invoices.services import settlement
        from subscribers import holdings

        settlement.followed_by(cases.close)
        holdings.register(*person.HELD)
