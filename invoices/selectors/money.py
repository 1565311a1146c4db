"""Figures of money: of a month, of one payer. A fixed number of queries each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from invoices.models import BalanceEntry, CreditNote, Invoice, LedgerEntry, Payment, Refund
from invoices.selectors.lists import OWED, due, payments_in
from merchants.models import TestClock
from subscribers.models import Subscriber

Account = LedgerEntry.Account
MONEY = (Account.PROVIDER, Account.CASH, Account.CHEQUES, Account.BANK, Account.TERMINAL)
"""Where money that came lies."""
REAL = Q(test_clock=None) | Q(test_clock__status=TestClock.Status.RELEASED)
"""Of the merchant's own time, not of a test clock that still stands elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """So much of a currency, in minor units, in so many rows."""

    currency: str
    amount: int
    rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Takings:
    """Money that came in less what went back, by day, as the ledger has it."""

    days: Sequence[tuple[date, str, int]]

    def between(self, start: date, end: date) -> list[Money]:
        """From `start` up to but without `end`, by currency."""
        found: dict[str, int] = {}
        for on, currency, amount in self.days:
            if start <= on < end:
                found[currency] = found.get(currency, 0) + amount
        return [Money(currency=currency, amount=amount) for currency, amount in sorted(found.items())]

    def curve(self, start: date, end: date, currency: str) -> list[int]:
        """Day by day, without a gap."""
        by_day = {on: amount for on, kept, amount in self.days if kept == currency}
        return [by_day.get(start + timedelta(days=at), 0) for at in range((end - start).days)]


def takings(start: date, end: date) -> Takings:
    """What came in and went back from `start` up to but without `end`, without what test clocks move: theirs is another
    time. What one moved that was released since belongs to the merchant's own past."""
    rows = LedgerEntry.objects.filter(REAL, posted_on__gte=start, posted_on__lt=end, account__in=MONEY)
    by_day = rows.order_by("posted_on", "currency").values_list("posted_on", "currency").annotate(Sum("amount"))
    return Takings(days=list(by_day))


def owed(*, before: date | None = None) -> list[Money]:
    """What is owed on open invoices, by currency; `before`: only on those due before that day."""
    rows = Invoice.objects.filter(REAL, status=Invoice.Status.OPEN)
    if before is not None:
        rows = rows.filter(due_on__lt=before)
    return _by_currency(rows, Sum(due()))


def refused(since: datetime) -> list[Money]:
    """Payments that were refused since an instant, by currency."""
    rows = payments_in("failed").filter(REAL, settled_at__gte=since)
    return _by_currency(rows, Sum("amount"))


def documents_of(row: Subscriber) -> tuple[QuerySet[Invoice], QuerySet[CreditNote]]:
    """A subscriber's documents: those they pay, or, where another pays for them, those of their subscriptions."""
    if row.payer_id is None:
        return Invoice.objects.filter(payer=row), CreditNote.objects.filter(payer=row)
    mine = Q(payer_id=row.payer_id, subscription__subscriber=row)
    theirs = Q(payer_id=row.payer_id, invoice__subscription__subscriber=row)
    return Invoice.objects.filter(mine), CreditNote.objects.filter(theirs)


def newest_documents(row: Subscriber, most: int) -> list[Invoice | CreditNote]:
    """The newest of a subscriber's invoices and credit notes together: two queries."""
    invoices, notes = documents_of(row)
    newest = invoices.exclude(status=Invoice.Status.DRAFT).order_by("-issued_on", "-id")[:most]
    credits = notes.select_related("invoice").order_by("-id")[:most]
    found: list[Any] = list(chain(newest, credits))
    return sorted(found, key=lambda each: (each.issued_on, each.created_at, each.pk), reverse=True)[:most]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a payer stands, by currency: what they paid ever (less refunds), owe, and have on their balance."""

    paid: list[Money]
    owes: list[Money]
    balances: list[Money]
    refunding: list[Money]


def standing_of(row: Subscriber) -> Standing:
    """A payer's standing: four queries."""
    paid = Payment.objects.filter(payer=row, status=Payment.Status.SUCCEEDED, reversed_at=None)
    open_ = Invoice.objects.filter(payer=row, status__in=OWED)
    waiting = Refund.objects.filter(payment__payer=row, status__in=(Refund.Status.PENDING, Refund.Status.UNKNOWN))
    held = BalanceEntry.objects.filter(payer=row)
    return Standing(
        paid=_by_currency(paid, Sum("captured") - Sum("refunded")),
        owes=_by_currency(open_, Sum(due())),
        balances=_by_currency(held, Sum("amount")),
        refunding=_by_currency(waiting, Sum("amount")),
    )


def _by_currency(rows: QuerySet[Any], amount: Any) -> list[Money]:
    found = rows.order_by("currency").values("currency").annotate(found=amount, count=Count("pk"))
    return [
        Money(currency=each["currency"], amount=each["found"], rows=each["count"]) for each in found if each["found"]
    ]
