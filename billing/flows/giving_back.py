"""What bills the days of a subscription from one on, and credit notes for what of it is not had (domain 12, 14)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Literal
from uuid import UUID

from django.utils import translation
from django.utils.translation import pgettext

from billing.engine.change_terms import STAGE
from billing.engine.leaving import Billed, Refunding, given_back, lost_of
from invoices.credit_formulas import CreditRule
from invoices.crediting import Ask, whole
from invoices.drafts import LineKind
from invoices.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from invoices.services.credit_plans import Plan, To, Wanted, creditable_lines, plan
from invoices.services.credits import credit_invoice
from merchants.actors import Actor
from merchants.now import Now
from subscribers.models import Subscription
from subscribers.periods import Period
from subscribers.snapshots import SubscriptionSnapshot

Why = Literal["ended", "changed", "withdrawn", "suspended", "moved"]


@dataclass(frozen=True, kw_only=True)
class Back:
    """What one invoice gives back: how much of which line, and the credit note that this would be."""

    invoice: Invoice
    wanted: Wanted
    plan: Plan


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What of a line is not given back: what was had of it, in minor units and the invoice's own terms."""

    line: InvoiceLine
    amount: int


def running_lines(picture: SubscriptionSnapshot, day: date) -> list[InvoiceLine]:
    """The lines that billed days of a subscription from `day` on, its price and its options, oldest first; those that
    were credited since included. Two queries at most. Needs the tenant's scope."""
    kinds = (LineKind.stage.value, LineKind.option.value)
    lines = InvoiceLine.objects.filter(subscription_id=picture.id, period_end__gt=day, kind__in=kinds)
    return list(lines.exclude(invoice__status=Invoice.Status.DRAFT).select_related("invoice").order_by("id"))


def billed_by(line: InvoiceLine) -> str:
    """What a line bills, as a change names it: the subscription's price, or one of its options by id."""
    return STAGE if line.kind == LineKind.stage else str(line.subscription_option_id)


def backs(
    picture: SubscriptionSnapshot,
    day: date,
    *,
    refund: Refunding,
    to: To,
    only: Collection[str] | None = None,
) -> tuple[Back, ...]:
    """What is given back of the days from `day` on, or in full of the running period, by invoice; nothing where it was
    not billed, or is given back already. `only`: by what is billed (`billed_by`). Reads only. Needs the tenant's scope.
    """
    if refund is Refunding.none or (only is not None and not only):
        return ()
    lines = [line for line in running_lines(picture, day) if only is None or billed_by(line) in only]
    gone, period = given_up(lines), picture.current_period
    begun = period.start if period is not None and refund is Refunding.full else day
    meant = [line for line in lines if line.pk not in gone or gone[line.pk] > begun]
    return _found(meant, partial(_rest_of, gone, day, refund), to=to)


def _rest_of(gone: Mapping[UUID, date], day: date, refund: Refunding, line: InvoiceLine, billed: Billed) -> Ask | None:
    """What a line gives back from a day on: up to where it gave back already (its renewal was moved)."""
    until = gone.get(line.pk)
    if until is None or refund is not Refunding.prorated:
        return given_back(billed, day, refund)
    return lost_of(billed, Period(max(billed.start, day), until))


def lost_backs(subscription_id: UUID, spans: Sequence[Period], *, to: To) -> tuple[Back, ...]:
    """What is given back of days that were billed and not had, whichever periods they lie in, by invoice; not of those
    that were given back already. Two queries a span and those of its invoices. Needs the tenant's scope."""
    found: list[Back] = []
    kinds = (LineKind.stage.value, LineKind.option.value)
    of_it = InvoiceLine.objects.filter(subscription_id=subscription_id, kind__in=kinds)
    for span in spans:
        within = of_it.filter(period_start__lt=span.end, period_end__gt=span.start)
        lines = list(within.exclude(invoice__status=Invoice.Status.DRAFT).select_related("invoice").order_by("id"))
        gone = given_up(lines)
        lost = {line.pk: span.overlap(None, gone.get(line.pk)) for line in lines}
        found += _found(lines, partial(_lost_of, lost), to=to)
    return tuple(found)


def _lost_of(lost: Mapping[UUID, Period | None], line: InvoiceLine, billed: Billed) -> Ask | None:
    span = lost[line.pk]
    return lost_of(billed, span) if span else None


def _found(
    lines: Sequence[InvoiceLine], ask_of: Callable[[InvoiceLine, Billed], Ask | None], *, to: To
) -> tuple[Back, ...]:
    """What these lines give back, each as it is asked, by invoice."""
    meant = {line.pk for line in lines}
    found: list[Back] = []
    invoices = {line.invoice_id: line.invoice for line in lines}
    for _id, invoice in sorted(invoices.items()):
        rows, left = creditable_lines(invoice)
        asks: dict[int, Ask] = {}
        for at, (row, line) in enumerate(zip(rows, left, strict=True)):
            if row.pk in meant and row.period_start is not None and row.period_end is not None:
                billed = Billed(
                    charged=line.charged, left=line.left, start=row.period_start, end=row.period_end, inputs=row.inputs
                )
                ask = ask_of(row, billed)
                if ask is not None:
                    asks[at] = ask
        if asks:
            wanted = Wanted(asks=asks)
            found.append(Back(invoice=invoice, wanted=wanted, plan=plan(invoice, wanted, to=to)))
    return tuple(found)


def give_back(
    found: tuple[Back, ...],
    *,
    reason: str,
    to: To,
    actor: Actor,
    now: Now,
    why: Why = "ended",
) -> list[CreditNote]:
    """The credit notes, each with the reason that was given, or one in its document's language. The people are locked
    already; the series of credit notes is locked last."""
    return [
        credit_invoice(
            back.invoice.pk, back.wanted, reason=reason.strip() or _said(back.invoice, why), to=to, actor=actor, now=now
        )
        for back in found
    ]


def given_up(lines: Sequence[InvoiceLine]) -> dict[UUID, date]:
    """Lines of which the days up to their end were given back already, and from which day on: what is left of them was
    had."""
    ends = {line.pk: line.period_end for line in lines if line.period_end is not None}
    credited = CreditNoteLine.objects.filter(invoice_line_id__in=list(ends), rule=CreditRule.days_not_had)
    spans = [
        (date.fromisoformat(inputs["until"]), date.fromisoformat(inputs["from"]), id_)
        for id_, inputs in credited.values_list("invoice_line_id", "inputs")
    ]
    found: dict[UUID, date] = {}
    for until, since, id_ in sorted(spans, key=lambda span: span[:2], reverse=True):
        if until == found.get(id_, ends[id_]):
            found[id_] = since
    return found


def _said(invoice: Invoice, why: Why) -> str:
    with translation.override(invoice.locale):
        if why == "changed":
            return pgettext("reason of a credit note", "Subscription changed within its period")
        if why == "withdrawn":
            return pgettext("reason of a credit note", "Contract withdrawn from")
        if why == "suspended":
            return pgettext("reason of a credit note", "Days lost to a suspension")
        if why == "moved":
            return pgettext("reason of a credit note", "Renewal moved to an earlier day")
        return pgettext("reason of a credit note", "Subscription ended before its period did")


def all_backs(row: Subscription, day: date, *, prorated: bool, to: To) -> tuple[Back, ...]:
    """What withdrawing on `day` gives back of all that a subscription was billed, by invoice: everything, or (prorated)
    what was had of its price, its options and its usage excepted. Reads only. Needs the tenant's scope."""
    found: list[Back] = []
    mine = InvoiceLine.objects.filter(subscription_id=row.pk).exclude(invoice__status=Invoice.Status.DRAFT)
    for invoice in Invoice.objects.filter(id__in=set(mine.values_list("invoice_id", flat=True))).order_by("id"):
        rows, left = creditable_lines(invoice)
        asks: dict[int, Ask] = {}
        for at, (each, line) in enumerate(zip(rows, left, strict=True)):
            if each.subscription_id != row.pk or not line.left:
                continue
            start, end = each.period_start, each.period_end
            ask: Ask | None = whole([line], invoice.currency)[0]
            if prorated and start is not None and end is not None:
                billed = Billed(charged=line.charged, left=line.left, start=start, end=end, inputs=each.inputs)
                ask = None if each.kind == LineKind.usage else given_back(billed, day, Refunding.prorated)
            if ask is not None:
                asks[at] = ask
        if asks:
            wanted = Wanted(asks=asks)
            found.append(Back(invoice=invoice, wanted=wanted, plan=plan(invoice, wanted, to=to)))
    return tuple(found)


def kept_after(row: Subscription, found: tuple[Back, ...]) -> tuple[Kept, ...]:
    """What these credit notes leave of all that a subscription was billed, line by line; nothing of lines that they
    empty, or that cost nothing. Reads only. Needs the tenant's scope."""
    given = {(back.invoice.pk, line.at): line.amount for back in found for line in back.plan.credit.lines}
    mine = InvoiceLine.objects.filter(subscription_id=row.pk).exclude(invoice__status=Invoice.Status.DRAFT)
    kept: list[Kept] = []
    for invoice in Invoice.objects.filter(id__in=set(mine.values_list("invoice_id", flat=True))).order_by("id"):
        rows, left = creditable_lines(invoice)
        for at, (each, line) in enumerate(zip(rows, left, strict=True)):
            rest = line.left - given.get((invoice.pk, at), 0)
            if each.subscription_id == row.pk and rest:
                kept.append(Kept(line=each, amount=rest))
    return tuple(kept)
