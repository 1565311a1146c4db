"""What the running period of a subscription billed, and credit notes for what of it is not had (domain 12, 14)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils import translation
from django.utils.translation import pgettext

from billing.engine.leaving import Billed, Refunding, given_back
from invoices.crediting import Ask
from invoices.models import CreditNote, Invoice, InvoiceLine
from invoices.services.credit_plans import Plan, To, Wanted, creditable_lines, plan
from invoices.services.credits import credit_invoice
from merchants.actors import Actor
from merchants.now import Now
from subscribers.snapshots import SubscriptionSnapshot


@dataclass(frozen=True, kw_only=True)
class Back:
    """What one invoice gives back: how much of which line, and the credit note that this would be."""

    invoice: Invoice
    wanted: Wanted
    plan: Plan


def backs(picture: SubscriptionSnapshot, day: date, *, refund: Refunding, to: To) -> tuple[Back, ...]:
    """What ending on `day` gives back of the running period, by invoice; nothing where it was not billed. Reads only.
    Needs the tenant's scope."""
    found: list[Back] = []
    facts = _facts(picture)
    if refund is Refunding.none or not facts:
        return ()
    ids = InvoiceLine.objects.filter(fact__in=facts).values_list("invoice_id", flat=True)
    for invoice in Invoice.objects.filter(id__in=set(ids)).exclude(status=Invoice.Status.DRAFT).order_by("id"):
        rows, left = creditable_lines(invoice)
        asks: dict[int, Ask] = {}
        for at, (row, line) in enumerate(zip(rows, left, strict=True)):
            if row.fact in facts and row.period_start is not None and row.period_end is not None:
                billed = Billed(
                    charged=line.charged, left=line.left, start=row.period_start, end=row.period_end, inputs=row.inputs
                )
                ask = given_back(billed, day, refund)
                if ask is not None:
                    asks[at] = ask
        if asks:
            wanted = Wanted(asks=asks)
            found.append(Back(invoice=invoice, wanted=wanted, plan=plan(invoice, wanted, to=to)))
    return tuple(found)


def give_back(found: tuple[Back, ...], *, reason: str, to: To, actor: Actor, now: Now) -> list[CreditNote]:
    """The credit notes, each with the reason that was given, or one in its document's language. The people are locked
    already; the series of credit notes is locked last."""
    return [
        credit_invoice(
            back.invoice.pk, back.wanted, reason=reason.strip() or _ended(back.invoice), to=to, actor=actor, now=now
        )
        for back in found
    ]


def _ended(invoice: Invoice) -> str:
    with translation.override(invoice.locale):
        return pgettext("reason of a credit note", "Subscription ended before its period did")


def _facts(picture: SubscriptionSnapshot) -> set[str]:
    """What the lines of the running period say that they bill (`engine.drafting`): its price and its options."""
    period = picture.current_period
    if period is None:
        return set()
    starts = {option.id: max(period.start, option.starts_on or period.start) for option in picture.options}
    return {
        f"stage:{picture.id}:{period.start.isoformat()}",
        *(f"option:{id_}:{start.isoformat()}" for id_, start in starts.items()),
    }
