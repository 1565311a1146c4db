"""How a payer is taxed: frozen pictures of a legal entity's table, as the engine wants them (domain 6). Rates are in
percent; a rate holds for local dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from merchants.refusals import Conflict, gettext_noop

Texts = Mapping[str, str]
"""A text per locale: `{"en": "Month", "fr": "Mois"}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRate:
    """A rate in percent, with the category of EN 16931 (S, Z, E, AE, K, G, O) and the mention that goes with it."""

    rate: Decimal
    category: str = "S"
    mention: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRow:
    """One row of a legal entity's table, already chosen for the payer's country: a code's rate in `[from, until)`."""

    tax_code: str
    rate: TaxRate
    from_on: date | None = None
    until_on: date | None = None


class TaxRateMissing(Conflict):
    """The legal entity's table has no rate for that code, country and date."""

    code = "tax_rate_missing"
    detail = gettext_noop("There is no tax rate for the code “%(tax_code)s” in %(country)s on %(day)s.")
    way_out = gettext_noop("Add a rate to the tax table of the legal entity.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxProfile:
    """How a payer is taxed: the payer's own rate where there is one, else the legal entity's table (domain 6)."""

    country: str
    table: tuple[TaxRow, ...] = ()
    own: TaxRate | None = None

    def rate(self, tax_code: str, day: date, *, line: TaxRate | None = None) -> TaxRate:
        """The one rate of a line: the line's own, else the payer's, else the table's row for that code and day.

        Raises `TaxRateMissing`.

        >>> profile = TaxProfile(country="FR", table=(TaxRow(tax_code="electronic", rate=TaxRate(rate=Decimal(20))),))
        >>> profile.rate("electronic", date(2026, 5, 14)).rate
        Decimal('20')
        """
        if line is not None:
            return line
        if self.own is not None:
            return self.own
        live = [
            row
            for row in self.table
            if row.tax_code == tax_code
            and (row.from_on is None or row.from_on <= day)
            and (row.until_on is None or day < row.until_on)
        ]
        if not live:
            raise TaxRateMissing(params={"tax_code": tax_code, "country": self.country, "day": day.isoformat()})
        return max(live, key=lambda row: row.from_on or date.min).rate
