"""What became of an old member file: rows by state, and, of those who were enrolled, the file held against what stands.

The file's side are its own cells, kept with each row when it was checked; ours was read back from the subscriptions
after they were written (`import_work`). Sums are made by the database, a fixed number of queries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, Q, Sum

from billing.models import ImportRow, MemberImport
from merchants.ids import show
from merchants.money import decimal_text
from subscribers.models import Mandate, Subscription

Status = ImportRow.Status
AT_ONCE = 1_000
DIFFERS = ~Q(paid_until=F("next_on")) | (Q(amount__isnull=False) & ~Q(amount=F("next_amount")))
"""Rows that do not stand as the file says: there should be none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """One line of the proof: how many rows, what their amounts come to in the file, and what ours do. `in_file` is None
    where the file names no amount."""

    of: Any
    currency: str
    count: int
    named: int
    in_file: int | None
    ours: int

    @property
    def agrees(self) -> bool:
        """Whether both come to the same, where every row of the file names its amount."""
        return self.named < self.count or self.in_file == self.ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a page of the proof shows."""

    by_offer: Sequence[Sums]
    by_day: Sequence[tuple[date, int, int]]
    differing: int
    mandates_in_file: int
    mandates: int
    subscriptions: int

    @property
    def holds(self) -> bool:
        """Whether everything stands as the file says."""
        return (
            not self.differing
            and self.mandates == self.mandates_in_file
            and all(one.agrees for one in self.by_offer)
            and all(file == ours for _, file, ours in self.by_day)
            and self.subscriptions == sum(one.count for one in self.by_offer)
        )


def counts(row: MemberImport) -> dict[str, int]:
    """How many rows stand how."""
    found = dict.fromkeys(Status.values, 0)
    rows = ImportRow.objects.filter(member_import=row).values_list("status").annotate(n=Count("id"))
    return found | dict(rows)


def proof(row: MemberImport) -> Proof:
    """The file held against what stands. Needs the tenant's scope."""
    rows = ImportRow.objects.filter(member_import=row, status=Status.ENROLLED)
    sums = rows.values("offer__reference", "currency").annotate(
        n=Count("id"), named=Count("amount"), in_file=Sum("amount"), ours=Sum("next_amount")
    )
    days: dict[date, list[int]] = {}
    for at, column in enumerate(("paid_until", "next_on")):
        for day, n in rows.exclude(**{column: None}).values_list(column).annotate(n=Count("id")):
            days.setdefault(day, [0, 0])[at] = n
    lives = rows.values_list("subscription_id", flat=True)
    people = Subscription.objects.filter(id__in=lives).values_list("subscriber_id", flat=True)
    return Proof(
        by_offer=[
            Sums(
                of=one["offer__reference"],
                currency=one["currency"],
                count=one["n"],
                named=one["named"],
                in_file=one["in_file"],
                ours=one["ours"] or 0,
            )
            for one in sums.order_by("offer__reference", "currency")
        ],
        by_day=[(day, file, ours) for day, (file, ours) in sorted(days.items())],
        differing=rows.filter(DIFFERS).count(),
        mandates_in_file=rows.filter(with_mandate=True).count(),
        mandates=Mandate.objects.filter(subscriber_id__in=people).values("subscriber_id").distinct().count(),
        subscriptions=Subscription.objects.filter(id__in=lives).count(),
    )


HEADINGS = (
    "row", "member_number", "subscriber", "subscription", "offer", "paid_until_in_file", "next_period_on",
    "amount_in_file", "next_charge", "currency", "mandate_in_file", "mandate", "agrees",
)  # fmt: skip


def proof_rows(row: MemberImport) -> Iterator[Sequence[str]]:
    """Each enrolled row with what stands, for a file; a block at a time."""
    rows = ImportRow.objects.filter(member_import=row, status=Status.ENROLLED).select_related(
        "subscription__subscriber", "offer"
    )
    last = 0
    while block := list(rows.filter(line__gt=last).order_by("line")[:AT_ONCE]):
        people = {one.subscription.subscriber_id for one in block if one.subscription}
        signed = dict(Mandate.objects.filter(subscriber_id__in=people).values_list("subscriber_id", "reference"))
        for one in block:
            yield _cells(one, signed)
        last = block[-1].line


def _cells(one: ImportRow, signed: dict[Any, str]) -> Sequence[str]:
    life = one.subscription
    assert life is not None and one.offer is not None  # the database holds it
    mandate = signed.get(life.subscriber_id, "")
    same = one.paid_until == one.next_on and one.amount in (None, one.next_amount) and bool(mandate) == one.with_mandate
    return (
        str(one.line),
        life.subscriber.reference,
        show("cus", life.subscriber_id),
        show("sub", life.pk),
        one.offer.reference,
        one.paid_until.isoformat() if one.paid_until else "",
        one.next_on.isoformat() if one.next_on else "",
        _amount(one.amount, one.currency),
        _amount(one.next_amount, one.currency),
        one.currency,
        "yes" if one.with_mandate else "no",
        mandate,
        "yes" if same else "no",
    )


def _amount(minor: int | None, currency: str) -> str:
    return "" if minor is None else decimal_text(minor, currency)
