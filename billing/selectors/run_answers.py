"""What the API answers about billing runs, as types; and the rows in that form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, TypedDict

from django.utils.translation import gettext

from billing.engine.step import Step
from billing.models import BillingRun, ParkedInRun
from billing.selectors.faults import Fault
from billing.selectors.forecast import Due, Forecast
from billing.selectors.runs import Outcome, outcomes, totals_of
from invoices.totals import totals
from merchants.ids import show
from merchants.selectors.shapes import DayText, InstantText, Says, day_text, instant_text
from subscribers.shapes import shown

KindText = Annotated[str, Says(one_of=tuple(BillingRun.Kind.values))]
RunStatusText = Annotated[str, Says(one_of=tuple(BillingRun.Status.values))]
BecameText = Annotated[str, Says(one_of=("paid", "under_way", "failing", "to_pay", "lost", "credited"))]
StepText = Annotated[str, Says(one_of=("activate", "renew", "next_stage", "apply", "close", "end"))]


class TotalShape(TypedDict):
    """What the invoices of one currency come to, tax included, in minor units."""

    currency: str
    amount: int


class OutcomeShape(TypedDict):
    """So many invoices of which the same became: `under_way` is being asked for, `failing` was refused and is tried
    again, `to_pay` waits for the subscriber, `lost` is given up."""

    became: BecameText
    currency: str
    count: int
    amount: int


class BillingRunShape(TypedDict):
    """One pass over all that was due. Counters grow while it runs; `expected` is how many subscriptions were due when
    it began."""

    id: str
    object: Annotated[str, Says(one_of=("billing_run",))]
    kind: KindText
    status: RunStatusText
    test_clock: str | None
    due_at: InstantText
    expected: int
    taken: int
    periods: int
    invoices: int
    ended: int
    parked: int
    totals: list[TotalShape]
    payments: list[OutcomeShape]
    started_by: str | None
    started_at: InstantText
    finished_at: InstantText | None


class ParkedShape(TypedDict):
    """A subscription that a run could not bring up to date. It is left alone until somebody lets it go on."""

    id: str
    object: Annotated[str, Says(one_of=("parked_subscription",))]
    run: str
    subscription: str
    code: str
    reason: str
    parked_at: InstantText
    released_at: InstantText | None
    released_by: str | None


class ForecastSumShape(TypedDict):
    """What the documents of one currency would come to, in minor units; `amount` is `net` and `tax`."""

    currency: str
    invoices: int
    net: int
    tax: int
    amount: int


class ForecastFaultShape(TypedDict):
    """Why so many subscriptions would be parked; the words and the subscription are those of the first."""

    code: str
    detail: str
    count: int
    subscription: str


class ForecastStepShape(TypedDict):
    """One step: the day that it counts from, why, the period that begins, and its document's total (null: none)."""

    kind: StepText
    on: DayText
    why: str
    period_start: DayText | None
    period_end: DayText | None
    amount: int | None


class ForecastRowShape(TypedDict):
    """One due subscription and what the run would make of it. `amount` is all it would be billed, tax included;
    `parked` says why it would be left aside instead."""

    subscription: str
    subscriber: str
    payer: str
    offer: str
    currency: str
    amount: int
    steps: list[ForecastStepShape]
    parked: str | None


class ForecastShape(TypedDict):
    """What a run would make of all that is due until the end of `date`. Nothing is written. `at_least`: more is due
    than was counted, so that every figure is at least that. `parked_before` are left alone in any case. `data` is a
    page of the subscriptions that are due, what is due longest first."""

    object: Annotated[str, Says(one_of=("billing_run_preview",))]
    date: DayText
    due_by: InstantText
    at_least: bool
    subscriptions: int
    periods: int
    invoices: int
    ended: int
    parked: int
    parked_before: int
    totals: list[ForecastSumShape]
    faults: list[ForecastFaultShape]
    data: list[ForecastRowShape]
    has_more: bool
    next_cursor: str | None


def runs_shown(rows: Sequence[BillingRun]) -> list[BillingRunShape]:
    """Runs as the API shows them: one query for what became of their invoices."""
    became = outcomes([row.pk for row in rows])
    return [_run(row, became[row.pk]) for row in rows]


def _run(row: BillingRun, became: Iterable[Outcome]) -> BillingRunShape:
    return {
        "id": row.public_id,
        "object": "billing_run",
        "kind": row.kind,
        "status": row.status,
        "test_clock": shown("tc", row.test_clock_id),
        "due_at": instant_text(row.due_at),
        "expected": row.expected,
        "taken": row.taken,
        "periods": row.periods,
        "invoices": row.invoices,
        "ended": row.ended,
        "parked": row.parked,
        "totals": [{"currency": currency, "amount": amount} for currency, amount in totals_of(row)],
        "payments": [
            {"became": each.became.value, "currency": each.currency, "count": each.count, "amount": each.amount}
            for each in became
        ],
        "started_by": row.started_by or None,
        "started_at": instant_text(row.started_at),
        "finished_at": instant_text(row.finished_at),
    }


def parked_shown(rows: Iterable[ParkedInRun]) -> list[ParkedShape]:
    """Parked subscriptions as the API shows them."""
    return [
        {
            "id": row.public_id,
            "object": "parked_subscription",
            "run": show("run", row.run_id),
            "subscription": show("sub", row.subscription_id),
            "code": row.code,
            "reason": row.reason,
            "parked_at": instant_text(row.parked_at),
            "released_at": instant_text(row.released_at),
            "released_by": row.released_by or None,
        }
        for row in rows
    ]


def forecast_shown(found: Forecast, on: date, page: Iterable[Due], next_cursor: str | None) -> ForecastShape:
    """A forecast with one page of its list; rows have their offer version loaded."""
    return {
        "object": "billing_run_preview",
        "date": day_text(on),
        "due_by": instant_text(found.due_by),
        "at_least": not found.is_whole,
        "subscriptions": found.subscriptions,
        "periods": found.periods,
        "invoices": found.invoices,
        "ended": found.ended,
        "parked": found.parked,
        "parked_before": found.parked_before,
        "totals": [
            {
                "currency": each.currency,
                "invoices": each.invoices,
                "net": each.net,
                "tax": each.tax,
                "amount": each.gross,
            }
            for each in found.sums
        ],
        "faults": [
            {
                "code": each.fault.code,
                "detail": each.fault.say(gettext),
                "count": each.count,
                "subscription": show("sub", each.first),
            }
            for each in found.faults
        ],
        "data": [_row(due) for due in page],
        "has_more": next_cursor is not None,
        "next_cursor": next_cursor,
    }


def _row(due: Due) -> ForecastRowShape:
    row, fault = due.row, due.fault
    return {
        "subscription": row.public_id,
        "subscriber": show("cus", row.subscriber_id),
        "payer": show("cus", row.payer_id),
        "offer": show("off", row.offer_version.offer_id),
        "currency": row.currency,
        "amount": due.amount,
        "steps": [_step(step) for step in due.steps],
        "parked": _said(fault),
    }


def _said(fault: Fault | None) -> str | None:
    return fault.say(gettext) if fault else None


def _step(step: Step) -> ForecastStepShape:
    draft = step.drafted
    period = draft.period if draft else None
    billed = [totals(each.lines, each.tax_behavior).gross for each in step.drafts]
    return {
        "kind": step.kind.value,
        "on": day_text(step.on),
        "why": step.why,
        "period_start": day_text(period.start if period else None),
        "period_end": day_text(period.end if period else None),
        "amount": billed[0] if billed else None,
    }
