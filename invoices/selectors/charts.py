"""The chart of accounts of a legal entity: as the arithmetic wants it, and as the API shows it."""

from __future__ import annotations

from typing import Annotated, TypedDict
from uuid import UUID

from django.db.models import Max, Min

from invoices.chart import ACCOUNTS, JOURNALS, Chart, ChartAccount, default
from invoices.models import ChartOfAccounts, LedgerEntry
from merchants.models import LegalEntity
from merchants.selectors.shapes import DayText, DecimalString, Says, decimal_string, show

AccountName = Annotated[str, Says(one_of=tuple(ACCOUNTS))]
JournalName = Annotated[str, Says(one_of=tuple(JOURNALS))]


class AccountShape(TypedDict):
    """Where a part of the ledger is told: `percent` and `tax_code` narrow it. `is_default`: nobody chose it."""

    account: AccountName
    percent: DecimalString | None
    tax_code: str
    number: str
    label: str
    is_default: bool


class JournalShape(TypedDict):
    """One journal of the file of accounting entries."""

    journal: JournalName
    code: str
    label: str
    is_default: bool


class ExchangeRateShape(TypedDict):
    """Euros for one unit of a currency, from a day on."""

    currency: str
    from_on: DayText
    euros: DecimalString


class AccountingShape(TypedDict):
    """How a legal entity's ledger is told to its accountant. The fiscal year ends with the last day of
    `closing_month`."""

    object: str
    legal_entity: str
    closing_month: int
    accounts: list[AccountShape]
    journals: list[JournalShape]
    exchange_rates: list[ExchangeRateShape]


def chart_of_entity(entity_id: UUID) -> Chart:
    """What was said of an entity's accounts; the defaults where nothing was. Needs the tenant's scope."""
    row = ChartOfAccounts.objects.filter(legal_entity_id=entity_id).first()
    return row.chart if row else Chart()


def years_issued(entity_id: UUID) -> list[int]:
    """The calendar years from a company's first posting to its last, newest first. Needs the tenant's scope."""
    ends = LedgerEntry.objects.filter(legal_entity_id=entity_id).aggregate(
        first=Min("posted_on"), last=Max("posted_on")
    )
    return [] if ends["first"] is None else list(range(ends["last"].year, ends["first"].year - 1, -1))


def show_accounting(entity: LegalEntity, chart: Chart) -> AccountingShape:
    """A chart with its defaults: what was said first, then each account and journal of which nothing was."""
    said = {row.account for row in chart.accounts if row.percent is None and not row.tax_code}
    return {
        "object": "accounting",
        "legal_entity": show("ent", entity.pk),
        "closing_month": chart.closing_month,
        "accounts": [
            *(_account(row, is_default=False) for row in chart.accounts),
            *(_account(default(name), is_default=True) for name in ACCOUNTS if name not in said),
        ],
        "journals": [
            {
                "journal": name,
                "code": chart.journal(name).code,
                "label": chart.journal(name).label,
                "is_default": name not in chart.journals,
            }
            for name in JOURNALS
        ],
        "exchange_rates": [
            {"currency": rate.currency, "from_on": rate.from_on.isoformat(), "euros": decimal_string(rate.euros)}
            for rate in chart.rates
        ],
    }


def _account(row: ChartAccount, *, is_default: bool) -> AccountShape:
    return {
        "account": row.account,
        "percent": None if row.percent is None else decimal_string(row.percent),
        "tax_code": row.tax_code,
        "number": row.number,
        "label": row.label,
        "is_default": is_default,
    }
