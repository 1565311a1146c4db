"""◆ E-reporting: over which periods a company reports its sales and receipts, until when, and how each sale is told.

CGI 290 and 290 A, annexe II art. 242 nonies M to P; the rhythm by VAT regime and the days are those of the DGFiP's
external specifications of the reform (general file, 3.7.7). A platform sends on the day after the declarant's last day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from merchants.identity import vat_of
from merchants.territories import FRENCH, in_eu, place


class Regime(StrEnum):
    """A company's regime of VAT."""

    monthly = "monthly"
    """Réel normal, with a return each month."""
    quarterly = "quarterly"
    """Réel normal, with a return each quarter."""
    simplified = "simplified"
    """Réel simplifié."""
    franchise = "franchise"
    """Franchise en base (CGI 293 B)."""


class ReportKind(StrEnum):
    """What is reported."""

    transactions = "transactions"
    """Sales: to consumers by day (flux 10.3), to businesses abroad by document (10.1)."""
    payments = "payments"
    """Receipts for services whose VAT is due on receipt: by day (10.4), by document (10.2)."""


class Rhythm(StrEnum):
    """How long a period is."""

    decade = "decade"
    month = "month"
    two_months = "two_months"


RHYTHMS: Mapping[tuple[Regime, ReportKind], Rhythm] = {
    (Regime.monthly, ReportKind.transactions): Rhythm.decade,
    (Regime.monthly, ReportKind.payments): Rhythm.month,
    (Regime.quarterly, ReportKind.transactions): Rhythm.month,
    (Regime.quarterly, ReportKind.payments): Rhythm.month,
    (Regime.simplified, ReportKind.transactions): Rhythm.month,
    (Regime.simplified, ReportKind.payments): Rhythm.month,
    (Regime.franchise, ReportKind.transactions): Rhythm.two_months,
    (Regime.franchise, ReportKind.payments): Rhythm.two_months,
}
LATE = frozenset({Regime.simplified, Regime.franchise})
"""Regimes that have until the end of the month after the period; the others have ten days."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The days of one report, both included."""

    first: date
    last: date


def span_of(regime: Regime, kind: ReportKind, day: date) -> Span:
    """The period in which a day falls.

    >>> month, sales = Regime.monthly, ReportKind.transactions
    >>> [str(span_of(month, sales, date(2026, 2, day)).last) for day in (1, 11, 28)]
    ['2026-02-10', '2026-02-20', '2026-02-28']
    >>> str(span_of(Regime.franchise, sales, date(2026, 12, 31)).first)
    '2026-11-01'
    """
    rhythm = RHYTHMS[regime, kind]
    if rhythm is Rhythm.decade:
        first = day.replace(day=1 if day.day <= 10 else 11 if day.day <= 20 else 21)
        return Span(first, first + timedelta(days=9) if first.day < 21 else _end_of_month(day))
    if rhythm is Rhythm.month:
        return Span(day.replace(day=1), _end_of_month(day))
    first = day.replace(month=day.month - (day.month - 1) % 2, day=1)
    return Span(first, _end_of_month(_end_of_month(first) + timedelta(days=1)))


def last_day(regime: Regime, kind: ReportKind, span: Span) -> date:
    """The last day on which the company may hand a period's data to its platform.

    >>> decade = span_of(Regime.monthly, ReportKind.transactions, date(2026, 2, 5))
    >>> str(last_day(Regime.monthly, ReportKind.transactions, decade))
    '2026-02-20'
    >>> november = span_of(Regime.simplified, ReportKind.payments, date(2026, 11, 5))
    >>> str(last_day(Regime.simplified, ReportKind.payments, november))
    '2026-12-31'
    """
    after = span.last + timedelta(days=1)
    if regime in LATE:
        return _end_of_month(after)
    if RHYTHMS[regime, kind] is Rhythm.decade:
        return span_of(regime, kind, after).last
    return after.replace(day=10)


def _end_of_month(day: date) -> date:
    following = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return following - timedelta(days=1)


class Audience(StrEnum):
    """How a sale to somebody comes to the administration."""

    consumer = "consumer"
    """Somebody who is no taxable person, here or abroad: in the totals of a day."""
    abroad = "abroad"
    """A business outside France: document by document."""
    invoiced = "invoiced"
    """A business in France: by its electronic invoice, so no report tells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who stands on a document: its `customer`, as it was frozen."""

    name: str = ""
    company: str = ""
    siren: str = ""
    vat_number: str = ""
    country: str = ""
    postal_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """How a sale is told, and for a business abroad by which number, of which scheme of ISO 6523 (`0223`: VAT number of
    another member state; `0227`: outside the Union, the country and sixteen characters of the name)."""

    audience: Audience
    country: str = ""
    scheme: str = ""
    number: str = ""


def known(customer: Customer) -> Known:
    """Whether a customer is a consumer, a business abroad, or one in France. A business in France is known by its SIREN
    or VAT number: without either no electronic invoice can reach it, and its sale is told with the consumers'. One in
    another member state is known by its VAT number alone.

    >>> known(Customer(country="FR", siren="732829320")).audience.value, known(Customer(company="Asso")).audience.value
    ('invoiced', 'consumer')
    >>> known(Customer(country="DE", vat_number="DE136695976")).number, known(Customer(country="DE")).audience.value
    ('DE136695976', 'consumer')
    >>> known(Customer(country="US", company="Great Plains Radio, Inc.")).number
    'USGreat Plains Rad'
    """
    where = place(customer.country, customer.postal_code) or "FR"
    if where in FRENCH:
        numbered = bool(customer.siren or (customer.vat_number and vat_of(customer.vat_number, "FR")))
        return Known(audience=Audience.invoiced if numbered else Audience.consumer, country="FR")
    country = customer.country
    right = vat_of(customer.vat_number, country) if customer.vat_number else None
    if right and in_eu(where, goods=True):
        return Known(audience=Audience.abroad, country=country, scheme="0223", number=right)
    if customer.company and not in_eu(where, goods=True):
        return Known(
            audience=Audience.abroad, country=country, scheme="0227", number=f"{country}{customer.company[:16]}"
        )
    return Known(audience=Audience.consumer, country=country)
