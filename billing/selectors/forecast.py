"""What a billing run would make, by the same engine, with nothing written: counts, sums, and who by page.

The walk goes by keyset in blocks: whatever is due, memory stays the same and each block asks the same few questions.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.db.models import F
from django.db.models.fields.tuple_lookups import TupleGreaterThan

from billing.engine.decide import MOST_STEPS
from billing.engine.grouping import grouped
from billing.engine.lives import BEGINS, FAULTS, live
from billing.engine.step import Step, StepKind
from billing.engine.wishes import Catalogue
from billing.selectors.alike import likeness
from billing.selectors.due import catalogue_of, due_rows
from billing.selectors.faults import Fault, fault_of
from billing.selectors.snapshots import snapshots
from invoices.drafts import DraftInvoice
from invoices.totals import Totals, totals
from merchants.models import Merchant
from merchants.now import local_date, local_midnight
from subscribers.models import Subscription
from subscribers.snapshots import SubscriptionSnapshot

BLOCK = 500
"""Subscriptions read at once."""
MOST_FOR_A_PAGE = 5_000
"""Subscriptions that a page, or one answer of the API, looks at: beyond, its figures are “at least”."""
REMEMBERED = 5_000
"""Kinds of lives that are remembered while walking."""
BY_DATE = ("next_action_at", "id")
"""What is due longest comes first; an index carries it."""
BY_PAYER = ("payer_id", "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One due subscription and what a run would make of it: its steps in order, or the fault that parks it."""

    row: Subscription
    steps: tuple[Step, ...]
    fault: Fault | None = None
    like: Hashable | None = None
    """What it shares with others (`alike.likeness`), whose steps these may be: their drafts name that other one."""

    @property
    def drafts(self) -> tuple[DraftInvoice, ...]:
        """Its documents to be, before they are grouped."""
        return tuple(draft for step in self.steps for draft in step.drafts)

    @property
    def amount(self) -> int:
        """What it would be billed, tax included, in minor units of its currency."""
        return sum(totals(draft.lines, draft.tax_behavior).gross for draft in self.drafts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What the documents of one currency come to, in minor units."""

    currency: str
    net: int
    tax: int
    gross: int
    invoices: int


@dataclass(slots=True, kw_only=True)
class Day:
    """What the documents of one day and currency come to: how many, and their sum with tax, in minor units."""

    on: date
    currency: str
    invoices: int = 0
    gross: int = 0


@dataclass(slots=True, kw_only=True)
class Faults:
    """How many subscriptions would be parked for one reason; `fault` and `first` are those of the first."""

    fault: Fault
    first: UUID
    count: int = 1


@dataclass(slots=True, kw_only=True)
class Forecast:
    """What a run would make. `parked_before` are left alone until somebody lets them go on; `is_whole` is False where
    the walk stopped at its bound, so that every figure is “at least”."""

    due_by: datetime
    subscriptions: int = 0
    periods: int = 0
    invoices: int = 0
    ended: int = 0
    parked: int = 0
    parked_before: int = 0
    is_whole: bool = True
    sums: list[Sum] = field(default_factory=list)
    days: list[Day] = field(default_factory=list)
    faults: list[Faults] = field(default_factory=list)


def end_of(day: date, zone: str) -> datetime:
    """The last instant of a local date: what a run late that day finds due.

    >>> end_of(date(2026, 7, 1), "Europe/Paris").isoformat()
    '2026-07-01T21:59:59.999999+00:00'
    """
    return local_midnight(day + timedelta(days=1), zone) - timedelta(microseconds=1)


def forecast(
    *,
    merchant: Merchant,
    due_by: datetime,
    now: datetime | None = None,
    test_clock_id: UUID | None = None,
    most: int | None = None,
) -> Forecast:
    """What a run at `due_by` would make, for real time or one test clock. Needs the tenant's scope.

    With `now` it is what all runs from then until `due_by` would make together: nobody is too far behind for the time
    that is still to come. Reads `most` subscriptions at most (None: all of them).
    """
    found = Forecast(due_by=due_by)
    found.parked_before = Subscription.objects.filter(
        parked_at__isnull=False, test_clock_id=test_clock_id, next_action_at__lte=due_by
    ).count()
    sums: dict[str, list[int]] = {}
    days: dict[tuple[date, str], Day] = {}
    faults: dict[str, Faults] = {}
    by_payer = merchant.grouping == Merchant.Grouping.PAYER
    walked = _walk(merchant, due_by, now, test_clock_id, BY_PAYER if by_payer else BY_DATE, most)
    for draft, summed in _documents(_counted(walked, found, faults), by_payer=by_payer):
        kept = sums.setdefault(draft.currency, [0, 0, 0, 0])
        for at, value in enumerate((summed.net, summed.tax, summed.gross, 1)):
            kept[at] += value
        day = days.setdefault((draft.on, draft.currency), Day(on=draft.on, currency=draft.currency))
        day.invoices, day.gross = day.invoices + 1, day.gross + summed.gross
        found.invoices += 1
    found.days = [days[key] for key in sorted(days)]
    found.sums = [
        Sum(currency=currency, net=net, tax=tax, gross=gross, invoices=invoices)
        for currency, (net, tax, gross, invoices) in sorted(sums.items())
    ]
    found.faults = sorted(faults.values(), key=lambda each: (-each.count, each.fault.code))
    found.is_whole = most is None or found.subscriptions < most
    return found


def outlook(
    rows: Sequence[Subscription],
    merchant: Merchant,
    due_by: datetime,
    now: datetime | None = None,
    known: MutableMapping[Hashable, Due] | None = None,
) -> Iterator[Due]:
    """What a run at `due_by` would make of each of these, in their order: a fixed number of queries. For a page of the
    list: `due_rows(…)` in the order `BY_DATE`. `known` remembers those who live alike from one call to the next."""
    most = MOST_STEPS + max(0, (due_by - (now or due_by)).days)
    drawn = list(_pictures(rows, merchant))
    catalogue = catalogue_of(picture for _, picture in drawn if not isinstance(picture, Due))
    for row, picture in drawn:
        if isinstance(picture, Due):
            yield picture
            continue
        like = likeness(picture, row.legal_entity_id) if known is not None else None
        seen = known.get(like) if known is not None and like is not None else None
        if seen is not None:
            yield Due(row=row, steps=seen.steps, fault=seen.fault, like=like)
            continue
        due = replace(_due(row, picture, catalogue, due_by, most), like=like)
        if known is not None and like is not None and len(known) < REMEMBERED:
            known[like] = due
        yield due


def _walk(
    merchant: Merchant,
    due_by: datetime,
    now: datetime | None,
    test_clock_id: UUID | None,
    order: Sequence[str],
    most: int | None,
) -> Iterator[Due]:
    """Every due subscription in that order, block by block."""
    rows = due_rows(due_by, test_clock_id).order_by(*order)
    after: tuple[object, ...] | None = None
    known: dict[Hashable, Due] = {}
    left = most
    while left is None or left > 0:
        size = BLOCK if left is None else min(BLOCK, left)
        following = rows.filter(TupleGreaterThan(tuple(F(name) for name in order), after)) if after else rows
        block = list(following[:size])
        yield from outlook(block, merchant, due_by, now, known)
        if len(block) < size:
            return
        after = tuple(getattr(block[-1], name) for name in order)
        left = None if left is None else left - len(block)


def _pictures(
    rows: Sequence[Subscription], merchant: Merchant
) -> Iterator[tuple[Subscription, SubscriptionSnapshot | Due]]:
    """Each row's picture. Where one of a block cannot be drawn, each is drawn alone, and that one is a fault."""
    try:
        drawn = snapshots(rows, merchant) if rows else {}
    except FAULTS as error:
        if len(rows) == 1:
            yield rows[0], Due(row=rows[0], steps=(), fault=fault_of(error))
            return
        for row in rows:
            yield from _pictures([row], merchant)
        return
    for row in rows:
        yield row, drawn[row.pk]


def _due(row: Subscription, picture: SubscriptionSnapshot, catalogue: Catalogue, due_by: datetime, most: int) -> Due:
    try:
        taken = live(picture, local_date(due_by, picture.zone), at=due_by, catalogue=catalogue, most=most)
    except FAULTS as error:
        return Due(row=row, steps=(), fault=fault_of(error))
    return Due(row=row, steps=tuple(one.step for one in taken))


def _counted(walked: Iterable[Due], found: Forecast, faults: dict[str, Faults]) -> Iterator[Due]:
    """What is walked, counted as it goes by."""
    for due in walked:
        found.subscriptions += 1
        found.periods += sum(step.kind in BEGINS for step in due.steps)
        found.ended += any(step.kind is StepKind.end for step in due.steps)
        if due.fault is not None:
            found.parked += 1
            known = faults.get(due.fault.code)
            if known is None:
                faults[due.fault.code] = Faults(fault=due.fault, first=due.row.pk)
            else:
                known.count += 1
        yield due


def _documents(walked: Iterable[Due], *, by_payer: bool) -> Iterator[tuple[DraftInvoice, Totals]]:
    """Documents to be, with their sums. Drafts that may stand together come together: the walk is in the payers' order
    then. Where each subscription has its own, those of lives alike are the same."""
    known: dict[Hashable, list[tuple[DraftInvoice, Totals]]] = {}
    for _, group in groupby(walked, key=lambda due: due.row.payer_id if by_payer else due.row.pk):
        together = list(group)
        like = None if by_payer else together[0].like
        made = known.get(like) if like is not None else None
        if made is None:
            pairs = [pair for due in together for pair in _pairs(due)]
            made = [(draft, totals(draft.lines, draft.tax_behavior)) for _, draft in grouped(pairs, by_payer=by_payer)]
            if like is not None and len(known) < REMEMBERED:
                known[like] = made
        yield from made


def _pairs(due: Due) -> Iterator[tuple[Hashable, DraftInvoice]]:
    """Each draft, in the subscription's own name, with what it must share with others to stand beside them."""
    for step in due.steps:
        for draft in step.drafts:
            own = replace(draft, payer=str(due.row.payer_id), subscription=str(due.row.pk)) if due.like else draft
            yield (due.row.legal_entity_id, step.after.collection), own
