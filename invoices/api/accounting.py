"""`/legal_entities/{id}/accounting`: under which numbers and journals a company's ledger is told to its accountant."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from invoices.chart import ACCOUNTS, JOURNALS
from invoices.chart_rules import MOST_ACCOUNTS, MOST_RATES
from invoices.selectors.charts import AccountingShape, chart_of_entity, show_accounting
from invoices.services.charts import set_chart
from merchants.http.bodies import Body, several
from merchants.http.fields import Choice, Currency, Day, DecimalText, Text, Whole
from merchants.http.operations import operation
from merchants.http.views import ApiView
from merchants.models import LegalEntity
from merchants.selectors.shapes import decimal_string

MOST_PERCENT = Decimal("99.999")


class AccountBody(Body):
    """Where a part of the ledger is told; `percent` and `tax_code` narrow it."""

    account = Choice(choices=list(ACCOUNTS))
    number = Text(max_length=20)
    label = Text(max_length=100)  # type: ignore[assignment] # a field of that name, not the field's own
    percent = DecimalText(decimals=3, least=Decimal(0), most=MOST_PERCENT, required=False, allow_null=True)
    tax_code = Text(max_length=40, required=False, allow_blank=True)


class JournalBody(Body):
    """A journal's code and name."""

    journal = Choice(choices=list(JOURNALS))
    code = Text(max_length=10)
    label = Text(max_length=100)  # type: ignore[assignment] # a field of that name, not the field's own


class ExchangeRateBody(Body):
    """Euros for one unit of a currency, from a day on."""

    currency = Currency()
    from_on = Day()
    euros = DecimalText(decimals=8, least=Decimal("0.00000001"), most=Decimal(10**9))


class AccountingBody(Body):
    """Each list is given whole; an empty one brings the defaults back."""

    closing_month = Whole(least=1, most=12, required=False)
    accounts = several(AccountBody, MOST_ACCOUNTS, required=False)
    journals = several(JournalBody, len(JOURNALS), required=False)
    exchange_rates = several(ExchangeRateBody, MOST_RATES, required=False)


class EntityAccounting(ApiView):
    """One company's chart of accounts."""

    scopes = {"GET": "accounting:read", "PATCH": "accounting:write"}

    @operation("Read a legal entity's accounting", answer=AccountingShape)
    def get(self, request: Request, legal_entity: str) -> Response:
        """What was said, and the French default of all that was not."""
        entity = self.find(LegalEntity.objects.all(), legal_entity)
        return Response(show_accounting(entity, chart_of_entity(entity.pk)))

    @operation("Change a legal entity's accounting", answer=AccountingShape, body=AccountingBody)
    def patch(self, request: Request, legal_entity: str) -> Response:
        """The ledger itself stays: files of accounting entries that are made later tell all entries so."""
        entity = self.find(LegalEntity.objects.all(), legal_entity)
        said = {name: _plain(value) for name, value in self.body.items()}
        return Response(show_accounting(entity, set_chart(entity, actor=self.actor, now=self.now, **said)))


def _plain(value: Any) -> Any:
    """Dates and decimals as the texts that are kept."""
    if isinstance(value, list):
        return [{name: _text(part) for name, part in each.items()} for each in value]
    return value


def _text(value: Any) -> Any:
    if isinstance(value, Decimal):
        return decimal_string(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
