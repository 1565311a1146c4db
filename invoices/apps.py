"""The invoices app."""

from django.apps import AppConfig


class InvoicesConfig(AppConfig):
    """Where Django finds the invoices app."""

    name = "invoices"

    def ready(self) -> None:
        """Tell who changes a legal entity's numbers which ones were given."""
        from invoices.services import numbering as series
        from merchants.services import numbering

        numbering.given_by(series.given)
