"""How a payer is taxed: frozen pictures of a legal entity's table, as the engine wants them (domain 6). Rates are in
percent; a rate holds for local dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from merchants.refusals import Conflict, gettext_noop
from merchants.territories import CORSICA, TAXED_OVERSEAS, country_of
from merchants.vat_rates import EU_RATES, ZERO_RATED, rate_of
from subscribers.tax_texts import mention
from subscribers.taxation import Buyer, Reason, Regime, Seller, decide, kind_of

Texts = Mapping[str, str]
"""A text per locale: `{"en": "Month", "fr": "Mois"}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRate:
    """A rate in percent, with the category of EN 16931 (S, Z, E, AE, K, G, O), the mention that goes with it, why it is
    this one and of which place it is."""

    rate: Decimal
    category: str = "S"
    mention: Texts = field(default_factory=dict)
    reason: str = Reason.home.value
    place: str = ""

    @property
    def told(self) -> dict[str, Any]:
        """What a line keeps of it among its inputs, to explain its rate for ever; nothing where it is the rate at home.

        >>> TaxRate(rate=Decimal(20)).told, TaxRate(rate=Decimal(22), reason="oss", place="IT").told
        ({}, {'tax': {'reason': 'oss', 'category': 'S', 'place': 'IT'}})
        """
        if self.reason == Reason.home.value and self.category == "S":
            return {}
        return {"tax": {"reason": self.reason, "category": self.category, "place": self.place}}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRow:
    """One row of a legal entity's table: a code's rate in `[from, until)` in a country (empty: whichever is meant)."""

    tax_code: str
    rate: TaxRate
    from_on: date | None = None
    until_on: date | None = None
    country: str = ""

    def lives(self, tax_code: str, country: str, day: date) -> bool:
        """Whether it is that code's, there and then."""
        return (
            self.tax_code == tax_code
            and self.country in ("", country)
            and (self.from_on is None or self.from_on <= day)
            and (self.until_on is None or day < self.until_on)
        )


def row_rate(percent: Decimal, country: str, name: str = "") -> TaxRate:
    """The rate of a table's row. 0 % is a true rate of zero (Z) where the country has one, else an exemption (E), as
    everywhere in France, and then the row's name is its mention.

    >>> row_rate(Decimal("20.000"), "FR"), row_rate(Decimal(0), "IE").category
    (TaxRate(rate=Decimal('20'), category='S', mention={}, reason='home', place='FR'), 'Z')
    >>> row_rate(Decimal(0), "FR", "Exonération de TVA, art. 261 C, 2° du CGI").mention["en"]
    'Exonération de TVA, art. 261 C, 2° du CGI'
    """
    if percent:
        return TaxRate(rate=percent.normalize() + 0, place=country)
    if country in ZERO_RATED:
        return TaxRate(rate=Decimal(0), category="Z", place=country)
    said = {"en": name, "fr": name} if name else {}
    return TaxRate(rate=Decimal(0), category="E", mention=said, reason=Reason.exempt.value, place=country)


class TaxRateMissing(Conflict):
    """The legal entity's table has no rate for that code, country and date."""

    code = "tax_rate_missing"
    detail = gettext_noop("There is no tax rate for the code “%(tax_code)s” in %(country)s on %(day)s.")
    way_out = gettext_noop("Add a rate to the tax table of the legal entity.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxProfile:
    """How a payer is taxed: the payer's own rate where there is one, else by the rules of VAT with the legal entity's
    table (domain 6). Without a `seller` the table alone decides. `country` is the payer's, or the entity's where the
    payer's is not known."""

    country: str
    table: tuple[TaxRow, ...] = ()
    own: TaxRate | None = None
    seller: Seller | None = None
    buyer: Buyer = field(default_factory=Buyer)
    _found: dict[tuple[str, date], TaxRate] = field(default_factory=dict, init=False, compare=False, repr=False)
    """What was worked out: a run asks the same for thousands of alike payers."""

    def rate(self, tax_code: str, day: date, *, line: TaxRate | None = None) -> TaxRate:
        """The one rate of a line: the line's own, else the payer's, else that of the rules for that code and day.

        Raises `TaxRateMissing`.

        >>> profile = TaxProfile(country="FR", table=(TaxRow(tax_code="electronic", rate=TaxRate(rate=Decimal(20))),))
        >>> profile.rate("electronic", date(2026, 5, 14)).rate
        Decimal('20')
        >>> berlin = TaxProfile(country="DE", seller=Seller(place="FR"), buyer=Buyer(place="DE", numbered=True))
        >>> berlin.rate("electronic", date(2026, 5, 14)).category
        'AE'
        """
        if line is not None:
            return line
        if self.own is not None:
            return self.own
        found = self._found.get((tax_code, day))
        if found is None:
            seller = self.seller
            found = self._ruled(seller, tax_code, day) if seller else self._listed(tax_code, self.country, day)
            self._found[tax_code, day] = found
        return found

    def _ruled(self, seller: Seller, tax_code: str, day: date) -> TaxRate:
        regime = decide(seller, self.buyer, kind_of(tax_code), day)
        reason, said = regime.reason, mention(regime, seller)
        if reason is Reason.exempt:
            return self._exempt(regime, said, tax_code, day)
        own = self._live(tax_code, country_of(self.buyer.place), day) if regime.table_first else None
        if own is not None:
            if reason is not Reason.oss:
                reason, said = Reason.own_table, own.mention
            return replace(own, reason=reason.value, place=self.buyer.place, mention=said)
        if not regime.place:
            place = self.buyer.place or seller.place
            return TaxRate(rate=Decimal(0), category=regime.category, mention=said, reason=reason.value, place=place)
        if reason is Reason.corsica and tax_code not in EU_RATES[CORSICA]:
            reason, regime = Reason.home, replace(regime, place=seller.place)
        found = self._at(regime.place, seller, tax_code, day)
        if found.category == "E":  # a row of 0 % of the table: why is the row's to say
            exempt = Regime(reason=Reason.exempt, category="E")
            return found if found.mention else replace(found, mention=mention(exempt, seller))
        return replace(found, reason=reason.value, place=regime.place, mention=said)

    def _at(self, place: str, seller: Seller, tax_code: str, day: date) -> TaxRate:
        """The rate at a place: the table's, else the known one. At home the table alone is asked, so that a rate that
        is missing is missed; the French departments and Corsica have rates that the law names."""
        listed = None if place == CORSICA else self._live(tax_code, country_of(place), day)
        if listed is not None:
            return listed
        known = rate_of(place, tax_code, day)
        if known is None or (place == seller.place and place not in TAXED_OVERSEAS):
            return self._listed(tax_code, country_of(place), day)
        return row_rate(known, country_of(place))

    def _exempt(self, regime: Regime, said: Texts, tax_code: str, day: date) -> TaxRate:
        """What is exempt by its code, with the mention of the table's row where that has one of its own."""
        row = self._live(tax_code, country_of(regime.place), day)
        if row is None:
            row = TaxRate(rate=Decimal(0), category="E", reason=Reason.exempt.value, place=regime.place)
        return row if row.rate or row.mention else replace(row, mention=said)

    def _live(self, tax_code: str, country: str, day: date) -> TaxRate | None:
        live = [row for row in self.table if row.lives(tax_code, country, day)]
        return max(live, key=lambda row: row.from_on or date.min).rate if live else None

    def _listed(self, tax_code: str, country: str, day: date) -> TaxRate:
        found = self._live(tax_code, country, day)
        if found is None:
            raise TaxRateMissing(params={"tax_code": tax_code, "country": country, "day": day.isoformat()})
        return found
