"""Writing into a till's register: every receipt, reversal, movement of cash, opening, closing (CGI 286 I 3° bis).

An entry belongs to one locked till, gets the next number and the chain's next link in the same transaction as the fact
that it tells. Where a new day, month or year has begun, the one before is closed first: with its totals by means and by
rate, and the perpetual total.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Sum

from invoices.models import Invoice, InvoiceTax, Payment, RegisterEntry, Till, TillSession
from invoices.register_links import BEGINNING, SOFTWARE, link
from merchants.actors import Actor
from merchants.canonical import decimal_text, instant_text
from merchants.ids import show
from merchants.models import Device, Membership, Merchant
from merchants.now import Now
from merchants.refusals import Conflict, gettext_noop

Kind = RegisterEntry.Kind
PERIODS = ((Kind.DAY_CLOSED, "%Y-%m-%d"), (Kind.MONTH_CLOSED, "%Y-%m"), (Kind.YEAR_CLOSED, "%Y"))
"""What is closed, and how its time is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerk:
    """Who rings up, at which tablet."""

    member: Membership
    device: Device
    actor: Actor


class TillClosed(Conflict):
    """No money is taken at a counter whose till is not open."""

    code = "till_closed"
    detail = gettext_noop("The till is not open.")
    way_out = gettext_noop("Open it with its float first.")


def lock(till_id: Any) -> Till:
    """The till, locked until COMMIT: one entry at a time."""
    return Till.objects.select_for_update(of=("self",)).select_related("site").get(id=till_id)


def lock_open(session: TillSession) -> Till:
    """The till of a session that is still open, locked: the till's lock comes before its session's everywhere. Raises
    TillClosed where the session was closed meanwhile."""
    till = lock(session.till_id)
    if not TillSession.objects.filter(id=session.pk, closed_at=None).exists():
        raise TillClosed
    return till


def enter(
    till: Till,
    kind: str,
    *,
    clerk: Clerk | None,
    now: Now,
    session: TillSession | None = None,
    amount: int = 0,
    cash: int = 0,
    means: str = "",
    payment: Payment | None = None,
    more: Mapping[str, Any] | None = None,
) -> RegisterEntry:
    """Write one entry of a locked till, after the closings that are due before it. Amounts in minor units, signed."""
    close_periods(till, now)
    _software(till, clerk, now)
    return _write(
        till, kind, clerk=clerk, now=now, session=session, amount=amount, cash=cash, means=means, payment=payment,
        more=more or {}, day=now.today,
    )  # fmt: skip


def close_periods(till: Till, now: Now) -> list[RegisterEntry]:
    """Close the last business day of a locked till, and its month and year, where another one has begun and they are
    not closed yet."""
    last = till.day_on
    if last is None or last >= now.today:
        return []
    kinds = [kind for kind, _form in PERIODS]
    rows = RegisterEntry.objects.filter(till=till, day_on=last, kind__in=kinds)
    done = set(rows.values_list("kind", flat=True))
    made = []
    for kind, form in PERIODS:
        if kind not in done and last.strftime(form) != now.today.strftime(form):
            made.append(_close(till, kind, last, last.strftime(form), now))
    return made


def receive(session: TillSession, payment: Payment, *, tendered: int | None, clerk: Clerk, now: Now) -> RegisterEntry:
    """Ring up a payment by hand that was just recorded: lines, rates, means, what was handed over and given back. `now`
    is real time: a register never follows a test clock. Raises TillClosed."""
    till = lock_open(session)
    invoice = Invoice.objects.get(id=payment.invoice_id) if payment.invoice_id else None
    cash = payment.captured if payment.means == Payment.Means.CASH else 0
    return enter(
        till, Kind.RECEIVED, clerk=clerk, now=now, session=session, amount=payment.captured, cash=cash,
        means=payment.means, payment=payment, more=_of_payment(payment, invoice, tendered),
    )  # fmt: skip


def reverse(
    session: TillSession, payment: Payment, *, reason: str, by: str, clerk: Clerk | None, now: Now
) -> RegisterEntry:
    """Ring up that a payment is taken back: an entry with the opposite sums, never a change of the first. `by`: who
    took it back, who need not stand at the till. Raises TillClosed."""
    till = lock_open(session)
    invoice = Invoice.objects.get(id=payment.invoice_id) if payment.invoice_id else None
    cash = -payment.captured if payment.means == Payment.Means.CASH else 0
    more = _of_payment(payment, invoice, None) | {"reason": reason, "by": by}
    return enter(
        till, Kind.REVERSED, clerk=clerk, now=now, session=session, amount=-payment.captured, cash=cash,
        means=payment.means, payment=payment, more=more,
    )  # fmt: skip


def _of_payment(payment: Payment, invoice: Invoice | None, tendered: int | None) -> dict[str, Any]:
    lines = invoice.lines.order_by("position") if invoice else []
    return {
        "payment": payment.public_id,
        "invoice": invoice.number if invoice else None,
        "lines": [
            {"title": line.title, "amount": line.amount, "percent": decimal_text(line.tax_percent)} for line in lines
        ],
        "taxes": [
            {"percent": decimal_text(tax.tax_percent), "base": tax.base, "tax": tax.tax}
            for tax in (InvoiceTax.objects.filter(invoice=invoice).order_by("tax_percent") if invoice else [])
        ],
        "gross": invoice.gross if invoice else payment.captured,
        "tendered": tendered,
        "change": tendered - payment.captured if tendered is not None else None,
    }


def _write(
    till: Till,
    kind: str,
    *,
    clerk: Clerk | None,
    now: Now,
    day: date,
    session: TillSession | None = None,
    amount: int = 0,
    cash: int = 0,
    means: str = "",
    payment: Payment | None = None,
    more: Mapping[str, Any],
) -> RegisterEntry:
    previous = till.head or BEGINNING
    merchant = Merchant.objects.only("sandbox_of").get()
    content = {
        "till": show("til", till.pk),
        "site": till.site.reference,
        "sequence": till.entries + 1,
        "kind": str(kind),
        "at": instant_text(now.at),
        "day": day.isoformat(),
        "who": clerk.actor.id if clerk else "system",
        "name": clerk.actor.label if clerk else "",
        "device": clerk.device.public_id if clerk else None,
        "session": show("tse", session.pk) if session else None,
        "means": means,
        "amount": amount,
        "cash": cash,
        "currency": till.currency,
        "perpetual": till.perpetual + amount,
        "sandbox": merchant.is_sandbox,
        "software": SOFTWARE,
        **more,
    }
    entry = RegisterEntry.objects.create(
        till=till,
        session=session,
        sequence=till.entries + 1,
        kind=kind,
        means=means,
        amount=amount,
        cash=cash,
        payment=payment,
        member=clerk.member if clerk else None,
        day_on=day,
        content=content,
        previous=previous,
        link=link(previous, content),
        created_at=now.at,
    )
    till.entries, till.head, till.perpetual, till.day_on = entry.sequence, entry.link, till.perpetual + amount, day
    return entry


def _software(till: Till, clerk: Clerk | None, now: Now) -> None:
    last = RegisterEntry.objects.filter(till=till).order_by("-sequence").first()
    if last is not None and last.content.get("software") != SOFTWARE:
        more = {"before": last.content.get("software")}
        _write(till, Kind.SOFTWARE_CHANGED, clerk=clerk, now=now, day=now.today, more=more)


def _close(till: Till, kind: str, last: date, span: str, now: Now) -> RegisterEntry:
    if kind == Kind.DAY_CLOSED:
        totals = totals_of(RegisterEntry.objects.filter(till=till, day_on=last))
    else:
        first = last.replace(day=1) if kind == Kind.MONTH_CLOSED else last.replace(month=1, day=1)
        days = RegisterEntry.objects.filter(till=till, kind=Kind.DAY_CLOSED, day_on__gte=first, day_on__lte=last)
        totals = added_up(days.order_by("sequence").values_list("content", flat=True))
    return _write(till, kind, clerk=None, now=now, day=last, more={"span": span, **totals})


def added_up(days: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The totals of days that were closed, added up: a month and a year are the sums of their days' closings, and cost
    as many rows as days, not as receipts.

    >>> rate = {"percent": "20", "base": 100, "tax": 20}
    >>> day = {"total": 120, "count": 1, "by_means": {"cash": 120}, "by_rate": [rate], "moved": -5}
    >>> added_up([day, day])["total"], added_up([day, day])["by_rate"], added_up([day, day])["by_means"]
    (240, [{'percent': '20', 'base': 200, 'tax': 40}], {'cash': 240})
    """
    total = count = moved = 0
    means: dict[str, int] = defaultdict(int)
    base: dict[str, int] = defaultdict(int)
    tax: dict[str, int] = defaultdict(int)
    for day in days:
        total, count, moved = total + day["total"], count + day["count"], moved + day["moved"]
        for name, amount in day["by_means"].items():
            means[name] += amount
        for row in day["by_rate"]:
            base[row["percent"]] += row["base"]
            tax[row["percent"]] += row["tax"]
    return {
        "total": total,
        "count": count,
        "by_means": dict(sorted(means.items())),
        "by_rate": _by_rate(base, tax),
        "moved": moved,
    }


def totals_of(entries: Any) -> dict[str, Any]:
    """Totals of a span of a register: takings by means, what was taken by rate, how many, the cash moved."""
    rung = entries.filter(kind__in=(Kind.RECEIVED, Kind.REVERSED))
    means = {row["means"]: row["sum"] for row in rung.values("means").annotate(sum=Sum("amount")).order_by("means")}
    moved = entries.filter(kind__in=(Kind.CASH_IN, Kind.CASH_OUT)).aggregate(sum=Sum("cash"))["sum"] or 0
    return {
        "total": sum(means.values()),
        "count": rung.aggregate(n=Count("id"))["n"],
        "by_means": means,
        "by_rate": _rates(rung),
        "moved": moved,
    }


def _rates(rung: Any) -> list[dict[str, Any]]:
    """Base and VAT by rate of what was rung up: of a payment of part of an invoice its part, in proportion."""
    base: dict[str, int] = defaultdict(int)
    tax: dict[str, int] = defaultdict(int)
    for content in rung.order_by("sequence").values_list("content", flat=True).iterator():
        gross = content.get("gross") or 0
        for row in content.get("taxes", []):
            share = (content["amount"], gross) if gross else (1, 1)
            base[row["percent"]] += _part(row["base"], *share)
            tax[row["percent"]] += _part(row["tax"], *share)
    return _by_rate(base, tax)


def _by_rate(base: Mapping[str, int], tax: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"percent": rate, "base": base[rate], "tax": tax[rate]} for rate in sorted(base)]


def _part(amount: int, taken: int, gross: int) -> int:
    """A part of an amount, half away from zero; the sign is that of what was taken.

    >>> _part(2492, 2990, 2990), _part(2492, -2990, 2990), _part(100, 1, 3)
    (2492, -2492, 33)
    """
    top = amount * min(abs(taken), gross)
    share = (2 * top + gross) // (2 * gross)
    return share if taken >= 0 else -share
