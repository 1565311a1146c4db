"""Lines of a change that wait for the next document (domain 12, `invoice: next`). Pure.

They were worked out on the day of the change, discounts included; a document takes them as they are, and no coupon
comes off them again. Their tax is that of the document's day, as of all that waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from invoices.drafts import DraftInvoice, DraftLine
from invoices.frozen import freeze_line, thaw_line
from merchants.money import decimal_text
from subscribers.snapshots import ChargeSnapshot, SubscriptionSnapshot


def held_charge(line: DraftLine, *, id_: str) -> ChargeSnapshot:
    """A line as it waits: `amount` is what it comes to after its discounts, in minor units of the offer's terms."""
    return ChargeSnapshot(
        id=id_,
        title=line.title,
        amount=line.charged,
        unit_price=decimal_text(line.charged, line.currency),
        tax_code=line.tax_code,
        held=freeze_line(line),
    )


def held_lines(snapshot: SubscriptionSnapshot, charges: Sequence[ChargeSnapshot], *, on: date) -> list[DraftLine]:
    """The lines that waited, for the document of a day; charges of another kind are left out."""
    lines = []
    for charge in charges:
        if charge.held is not None:
            line = thaw_line(charge.held)
            tax = snapshot.tax.rate(line.tax_code, on)
            lines.append(replace(line, tax=tax, inputs={**line.inputs, **tax.told}))
    return lines


def held_document(snapshot: SubscriptionSnapshot, *, on: date) -> DraftInvoice | None:
    """A document of the lines that wait, by themselves: made before an act that gives back days which they bill. None
    where none waits."""
    lines = held_lines(snapshot, snapshot.charges, on=on)
    if not lines:
        return None
    return DraftInvoice(
        payer=snapshot.payer,
        subscription=snapshot.id,
        currency=snapshot.offer.currency,
        tax_behavior=snapshot.offer.tax_behavior,
        on=on,
        lines=tuple(lines),
        period=snapshot.current_period,
        even_if_zero=True,
    )


def with_held(snapshot: SubscriptionSnapshot, lines: Sequence[DraftLine]) -> SubscriptionSnapshot:
    """A subscription with lines that wait, for what is foreseen of it."""
    held = tuple(held_charge(line, id_=str(line.fact)) for line in lines)
    return replace(snapshot, charges=(*snapshot.charges, *held))
