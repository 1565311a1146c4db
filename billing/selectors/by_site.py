"""What each site and each seller did, month by month: enrolled, ended, invoiced, taken. Five queries, whatever their
number; without what stands on test clocks, which live in another time.

A sale counts where it was sold and by whom; an end where the subscriber belonged; an invoice at the site whose number
it bears; money where it was taken (by hand, at a reader, by whoever bought at
a counter on their own phone), without what was taken back since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate, TruncMonth

from billing.models import CheckoutSession, Enrolment
from invoices.models import CreditNote, Invoice, Payment
from invoices.selectors.money import REAL
from subscribers.models import Subscription

Status = Subscription.Status
WHAT = ("enrolled", "ended", "invoiced", "credited", "taken")


@dataclass(slots=True)
class Tally:
    """Of a site, a seller or a month. Sums in minor units by currency: `invoiced` without VAT and less credit notes,
    `taken` with it, `first` what those who were enrolled paid on that day."""

    enrolled: int = 0
    ended: int = 0
    invoiced: dict[str, int] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, currency: str, amount: int) -> None:
        """So much more of one of the sums."""
        sums: dict[str, int] = getattr(self, name)
        sums[currency] = sums.get(currency, 0) + amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """By site, by seller at a site, and by month (its first day)."""

    sites: Mapping[UUID, Tally]
    sellers: Mapping[tuple[UUID, UUID], Tally]
    months: Mapping[date, Tally]
    by_month: Mapping[tuple[date, UUID], Tally]


def enrolled_in(start: date, end: date) -> QuerySet[Subscription]:
    """Subscriptions that were sold at a site and began from `start` up to but without `end`. A purchase that was never
    paid is none."""
    rows = Subscription.objects.filter(REAL, sold_at__isnull=False, start_on__gte=start, start_on__lt=end)
    return rows.exclude(status=Status.INCOMPLETE).exclude(end_reason="not_paid")


def ended_in(start: date, end: date) -> QuerySet[Subscription]:
    """Subscriptions of a site whose service ended in those days."""
    rows = Subscription.objects.filter(REAL, managed_at__isnull=False, status=Status.ENDED)
    return rows.filter(service_ends_on__gte=start, service_ends_on__lt=end).exclude(end_reason="not_paid")


def invoiced_in(start: date, end: date) -> QuerySet[Invoice]:
    """Numbered invoices of a site issued in those days."""
    rows = Invoice.objects.filter(REAL, site__isnull=False, number__isnull=False)
    return rows.filter(issued_on__gte=start, issued_on__lt=end)


def credited_in(start: date, end: date) -> QuerySet[CreditNote]:
    """Credit notes for a site's invoices issued in those days."""
    return CreditNote.objects.filter(REAL, invoice__site__isnull=False, issued_on__gte=start, issued_on__lt=end)


def taken_in(start: date, end: date, *, zone: ZoneInfo) -> QuerySet[Payment]:
    """Payments taken at a site on those days, and not taken back. `on` is the day, the merchant's own in `zone`."""
    rows = Payment.objects.filter(REAL, site__isnull=False, status=Payment.Status.SUCCEEDED, reversed_at=None)
    return rows.annotate(on=Coalesce("received_on", TruncDate("settled_at", tzinfo=zone))).filter(
        on__gte=start, on__lt=end
    )


def tallies(start: date, end: date, *, zone: ZoneInfo, site_id: UUID | None = None) -> Tallies:
    """All figures of those days as the merchant counts them in `zone`, at one site or at all."""
    sites: dict[UUID, Tally] = defaultdict(Tally)
    sellers: dict[tuple[UUID, UUID], Tally] = defaultdict(Tally)
    months: dict[date, Tally] = defaultdict(Tally)
    cells: dict[tuple[date, UUID], Tally] = defaultdict(Tally)

    def count(site: UUID, seller: UUID | None, month: date, put: Callable[[Tally], None]) -> None:
        if site_id is not None and site != site_id:
            return
        put(sites[site])
        put(months[month])
        put(cells[month, site])
        if seller is not None:
            put(sellers[site, seller])

    def counted(name: str, number: int) -> Callable[[Tally], None]:
        return lambda tally: setattr(tally, name, getattr(tally, name) + number)

    def summed(name: str, currency: str, amount: int) -> Callable[[Tally], None]:
        return lambda tally: tally.add(name, currency, amount)

    for site, seller, month, number in _counts(enrolled_in(start, end), "sold_at", "start_on"):
        count(site, seller, month, counted("enrolled", number))
    for site, seller, month, number in _counts(ended_in(start, end), "managed_at", "service_ends_on"):
        count(site, seller, month, counted("ended", number))
    for site, month, currency, amount in _sums(invoiced_in(start, end), "site", "issued_on", "currency", "net"):
        count(site, None, month, summed("invoiced", currency, amount))
    for site, month, currency, amount in _credited(start, end):
        count(site, None, month, summed("invoiced", currency, -amount))
    for site, month, currency, amount in _sums(taken_in(start, end, zone=zone), "site", "on", "currency", "captured"):
        count(site, None, month, summed("taken", currency, amount))
    for site, seller, currency, amount in _first(start, end):
        if site_id is None or site == site_id:
            sellers[site, seller].add("first", currency, amount)
    return Tallies(sites=dict(sites), sellers=dict(sellers), months=dict(months), by_month=dict(cells))


def _counts(rows: QuerySet[Subscription], site: str, day: str) -> Any:
    grouped = rows.annotate(month=TruncMonth(day)).values(f"{site}_id", "sold_by_id", "month")
    return grouped.annotate(n=Count("id")).order_by().values_list(f"{site}_id", "sold_by_id", "month", "n")


def _sums(rows: QuerySet[Any], site: str, day: str, currency: str, amount: str) -> Any:
    grouped = rows.annotate(month=TruncMonth(day)).values(f"{site}_id", "month", currency)
    return grouped.annotate(n=Sum(amount)).order_by().values_list(f"{site}_id", "month", currency, "n")


def _credited(start: date, end: date) -> Any:
    grouped = (
        credited_in(start, end)
        .annotate(month=TruncMonth("issued_on"))
        .values("invoice__site_id", "month", "invoice__currency")
    )
    found = grouped.annotate(n=Sum("net")).order_by()
    return found.values_list("invoice__site_id", "month", "invoice__currency", "n")


def _first(start: date, end: date) -> Any:
    """What was paid when somebody was enrolled, by who enrolled them."""
    paid = Q(payment__isnull=False, payment__reversed_at=None) | Q(session__status=CheckoutSession.Status.COMPLETE)
    live = Q(subscription__test_clock=None) | Q(subscription__test_clock__status="released")
    rows = Enrolment.objects.filter(paid, live, subscription__start_on__gte=start, subscription__start_on__lt=end)
    grouped = rows.values("site_id", "member_id", "currency").annotate(n=Sum("due")).order_by()
    return grouped.values_list("site_id", "member_id", "currency", "n")
