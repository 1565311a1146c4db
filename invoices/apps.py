"""The invoices app."""

from django.apps import AppConfig


class InvoicesConfig(AppConfig):
    """Where Django finds the invoices app."""

    name = "invoices"

    def ready(self) -> None:
        """Tell who changes a legal entity's numbers which ones were given; say what this floor holds on
        a person."""
        from invoices.services import numbering as series
        from invoices.services import person
        from merchants.services import numbering
        from subscribers import holdings

        numbering.given_by(series.given)
        holdings.register(*person.HELD)
