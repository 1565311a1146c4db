"""How a legal entity's ledger is told to its accountant: numbers of accounts, codes of journals, the fiscal year."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from invoices.chart import Chart, chart_of
from merchants.tenancy.models import TenantForeignKey, TenantModel


class ChartOfAccounts(TenantModel):
    """What a merchant said of one legal entity's accounts; whatever is not said has its French default
    (`invoices.chart`). Checked by `invoices.chart_rules` before it is kept."""

    legal_entity = TenantForeignKey("merchants.LegalEntity")
    closing_month = models.PositiveSmallIntegerField(default=12, help_text="The fiscal year ends with its last day")
    accounts = models.JSONField(default=list, help_text="[{account, number, label, percent, tax_code}]")
    journals = models.JSONField(default=list, help_text="[{journal, code, label}]")
    exchange_rates = models.JSONField(default=list, help_text="[{currency, from_on, euros}]: euros for one unit")
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "legal_entity"], name="an_entity_has_one_chart"),
            models.CheckConstraint(condition=Q(closing_month__range=(1, 12)), name="a_year_closes_in_a_month"),
        ]

    @property
    def chart(self) -> Chart:
        """As the arithmetic wants it."""
        return chart_of(self.accounts, self.journals, self.closing_month, self.exchange_rates)
