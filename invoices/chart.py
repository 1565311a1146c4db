"""◆ The chart of accounts (plan comptable) of a legal entity: under which number and journal each account of the ledger
is told to an accountant. French defaults of the plan comptable général (PCG); whatever the merchant says stands first.

A file of accounting entries is written in French and for France (LPF, article A47 A-1), so labels here are French texts
of their own, not translations.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from invoices.parts import Nature, nature_of
from merchants.money import exponent, round_half_away

ACCOUNTS: Mapping[str, tuple[str, str]] = {
    "receivable": ("411000", "Clients"),
    "revenue": ("706000", "Prestations de services"),
    "revenue_goods": ("707000", "Ventes de marchandises"),
    "vat": ("445710", "TVA collectée"),
    "provider": ("517000", "Prestataire de paiement"),
    "bank": ("512000", "Banque"),
    "cheques": ("511200", "Chèques à encaisser"),
    "terminal": ("511500", "Cartes bancaires à encaisser"),
    "cash": ("530000", "Caisse"),
    "balance": ("419700", "Clients - Autres avoirs"),
    "unallocated": ("471000", "Compte d'attente"),
    "write_off": ("654000", "Pertes sur créances irrécouvrables"),
}
"""Each account's number and label unless the merchant says otherwise. `revenue` is that of services."""

JOURNALS: Mapping[str, tuple[str, str]] = {
    "sales": ("VE", "Ventes"),
    "credits": ("AV", "Avoirs"),
    "bank": ("BQ", "Banque et prestataires de paiement"),
    "cash": ("CA", "Caisse"),
    "other": ("OD", "Opérations diverses"),
}
"""Each journal's code and label unless the merchant says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartAccount:
    """One account: the ledger's own name, its number and label. `percent` and `tax_code` narrow it to what is sold at
    that rate or under that code; where both are empty it serves all that nothing narrower does."""

    account: str
    number: str
    label: str
    percent: Decimal | None = None
    tax_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """One journal: its code and label."""

    code: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRate:
    """How many euros one unit of a currency is worth from a day on."""

    currency: str
    from_on: date
    euros: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What a merchant said of one legal entity's accounts; empty: the defaults. `closing_month`: the month with whose
    last day the fiscal year ends."""

    accounts: tuple[ChartAccount, ...] = ()
    journals: Mapping[str, Journal] = field(default_factory=dict)
    closing_month: int = 12
    rates: tuple[ExchangeRate, ...] = ()

    def of(self, account: str, *, percent: Decimal | None = None, tax_code: str = "") -> ChartAccount:
        """Where a leg of the ledger is told: the narrowest of the merchant's own accounts, else the default. Sales are
        narrowed by tax code, then by rate; without a word of the merchant goods have an account of their own.

        >>> chart = Chart(accounts=(ChartAccount(account="revenue", number="7061", label="Abonnements"),))
        >>> chart.of("revenue", tax_code="electronic").number, chart.of("revenue", tax_code="books").number
        ('7061', '707000')
        >>> chart.of("vat", percent=Decimal("5.5")).number
        '44571055'
        """
        kind = "revenue_goods" if account == "revenue" and nature_of(tax_code) is Nature.goods else account
        wanted = {
            (name, rate, code)
            for name in (account, kind)
            for rate in (percent, None)
            for code in (tax_code, "")
            if code or name == kind
        }
        fitting = [own for own in self.accounts if (own.account, own.percent, own.tax_code) in wanted]
        if fitting:
            return max(fitting, key=lambda own: (bool(own.tax_code), own.percent is not None))
        return default(kind, percent=percent)

    def journal(self, name: str) -> Journal:
        """A journal by its name in JOURNALS."""
        own = self.journals.get(name)
        code, label = JOURNALS[name]
        return own or Journal(code=code, label=label)

    def rate(self, currency: str, day: date) -> Decimal | None:
        """Euros for one unit of a currency on a day; None where the merchant gave no rate that counts then.

        >>> chart = Chart(rates=(ExchangeRate(currency="USD", from_on=date(2026, 1, 1), euros=Decimal("0.92")),))
        >>> chart.rate("USD", date(2026, 5, 1)), chart.rate("USD", date(2025, 12, 31)), chart.rate("EUR", date.min)
        (Decimal('0.92'), None, Decimal('1'))
        """
        if currency == "EUR":
            return Decimal(1)
        known = [rate for rate in self.rates if rate.currency == currency and rate.from_on <= day]
        return max(known, key=lambda rate: rate.from_on).euros if known else None

    def euros(self, amount: int, currency: str, day: date) -> int | None:
        """An amount in cents of euro, at a day's rate; None where there is none.

        >>> Chart(rates=(ExchangeRate(currency="JPY", from_on=date.min, euros=Decimal("0.0061")),)).euros(
        ...     1500, "JPY", date(2026, 5, 1))
        915
        """
        rate = self.rate(currency, day)
        if rate is None:
            return None
        return round_half_away(Fraction(rate) * amount * Fraction(100, 10 ** exponent(currency)))

    def year_of(self, day: date) -> tuple[date, date]:
        """First and last day of the fiscal year of a day.

        >>> [each.isoformat() for each in Chart(closing_month=6).year_of(date(2026, 7, 1))]
        ['2026-07-01', '2027-06-30']
        >>> [each.isoformat() for each in Chart(closing_month=2).year_of(date(2028, 2, 29))]
        ['2027-03-01', '2028-02-29']
        """
        year = day.year if day.month <= self.closing_month else day.year + 1
        return _last_day(year - 1, self.closing_month) + timedelta(days=1), _last_day(year, self.closing_month)


def default(account: str, *, percent: Decimal | None = None) -> ChartAccount:
    """An account as it is without a word of the merchant. VAT has a sub-account by rate, in tenths of a percent.

    >>> default("vat", percent=Decimal("20.000")).number, default("vat", percent=Decimal("2.1")).label
    ('44571200', 'TVA collectée 2,1 %')
    """
    number, label = ACCOUNTS[account]
    if account == "vat" and percent:
        tenths = percent * 10
        if tenths == int(tenths):
            rate = f"{percent.normalize():f}".replace(".", ",")
            return ChartAccount(
                account=account, number=f"44571{int(tenths):03}", label=f"{label} {rate} %", percent=percent
            )
    return ChartAccount(account=account, number=number, label=label)


def chart_of(
    accounts: Iterable[Mapping[str, Any]],
    journals: Iterable[Mapping[str, Any]],
    closing_month: int,
    rates: Iterable[Mapping[str, Any]],
) -> Chart:
    """A chart from what was checked by `chart_faults` and kept as JSON.

    >>> chart_of([{"account": "vat", "number": "44571", "label": "TVA", "percent": "20"}], [], 12, []).of(
    ...     "vat", percent=Decimal(20)).number
    '44571'
    """
    return Chart(
        accounts=tuple(
            ChartAccount(
                account=row["account"],
                number=row["number"],
                label=row["label"],
                percent=Decimal(row["percent"]) if row.get("percent") else None,
                tax_code=row.get("tax_code") or "",
            )
            for row in accounts
        ),
        journals={row["journal"]: Journal(code=row["code"], label=row["label"]) for row in journals},
        closing_month=closing_month,
        rates=tuple(
            ExchangeRate(
                currency=row["currency"], from_on=date.fromisoformat(row["from_on"]), euros=Decimal(row["euros"])
            )
            for row in rates
        ),
    )


def _last_day(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])
