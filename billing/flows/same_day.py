"""What a change now needs to know of the lines and changes before it: coupons that came off, facts that are taken, and
how things stood before the day's first change of offer, so that going back undoes both (domain 12)."""

from __future__ import annotations

import copy
from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID

from billing.engine.change_terms import Stood
from billing.engine.columns import columns
from billing.engine.wishes import WishKind
from billing.flows.giving_back import billed_by, given_up, running_lines
from billing.selectors.snapshots import snapshots
from invoices.models import CreditNoteLine, InvoiceLine
from merchants.actors import Actor
from merchants.models import Merchant
from merchants.now import Now
from subscribers import history
from subscribers.models import ScheduledChange, Subscription
from subscribers.selectors.pictures import coupon_pictures
from subscribers.snapshots import CouponSnapshot, Scheduled, SubscriptionSnapshot

MOST_A_DAY = 20
"""Changes now of one subscription a day: more is a script that went astray, and each makes documents."""


def changes_of(row: Subscription, day: date) -> list[ScheduledChange]:
    """The changes of that day that counted at once, oldest first."""
    done = ScheduledChange.objects.filter(subscription=row, due_on=day, status=ScheduledChange.Status.DONE)
    return [each for each in done.order_by("id") if "from" in each.details]


def note(
    wish: Scheduled,
    picture: SubscriptionSnapshot,
    row: Subscription,
    *,
    reason: str,
    actor: Actor,
    now: Now,
) -> None:
    """Write down a change that counts at once, done already, with where the subscription stood in its calendar."""
    stood = {
        **{name: history.told(value) for name, value in columns(picture).items() if name != "next_action_at"},
        "offer_version_id": picture.offer.version_id,
    }
    done = ScheduledChange(
        id=UUID(wish.id),
        subscription=row,
        kind=wish.kind,
        due_on=wish.effective_on,
        details={**wish.payload, "from": stood},
        status=ScheduledChange.Status.DONE,
        settled_at=now.at,
        created_at=now.at,
    )
    history.create(done, verb="made_at_once", actor=actor, now=now, reason=reason)


def stood_before(row: Subscription, picture: SubscriptionSnapshot, merchant: Merchant, day: date) -> Stood | None:
    """How the subscription stood before its first change of offer that day, and what has been credited since of what it
    had paid then; None where it was not changed."""
    first = next((one for one in changes_of(row, day) if one.kind == WishKind.change_offer), None)
    if first is None:
        return None
    stood: dict[str, Any] = first.details["from"]
    past = copy.copy(row)
    for field in row._meta.local_concrete_fields:
        if field.attname in stood:
            setattr(past, field.attname, field.to_python(stood[field.attname]))
    past.offer_version_id = UUID(stood["offer_version_id"])
    lines = [line for line in running_lines(picture, day) if line.invoice_id < first.pk]
    credits = CreditNoteLine.objects.filter(invoice_line_id__in=[line.pk for line in lines])
    before: Counter[UUID] = Counter()
    since: Counter[UUID] = Counter()
    for line_id, note_id, amount in credits.values_list("invoice_line_id", "credit_note_id", "amount"):
        (since if note_id > first.pk else before)[line_id] += amount
    gone = given_up(lines)
    paid = {
        line.pk: billed_by(line)
        for line in lines
        if (gone.get(line.pk, date.max) > day or since[line.pk]) and before[line.pk] < line.amount - line.discount
    }
    credited: Counter[str] = Counter()
    for line_id, amount in since.items():
        if line_id in paid:
            credited[paid[line_id]] += amount
    kept = frozenset(paid.values()) - credited.keys()
    quantities = {key: int(line.quantity) for line in lines if (key := paid.get(line.pk))}
    then = snapshots([past], merchant)[row.pk]
    return Stood(snapshot=then, credited=dict(credited), kept=kept, quantities=quantities)


def carried_coupons(picture: SubscriptionSnapshot, day: date) -> tuple[CouponSnapshot, ...]:
    """The coupons that came off what bills the running period, in the order in which they did."""
    found: dict[UUID, None] = {}
    for line in running_lines(picture, day):
        for share in line.inputs.get("discounts") or ():
            found[UUID(str(share["coupon"]))] = None
    pictures = {one.id: one for one in coupon_pictures(list(found))} if found else {}
    return tuple(pictures[str(id_)] for id_ in found if str(id_) in pictures)


def facts_of(picture: SubscriptionSnapshot, day: date) -> frozenset[str]:
    """The facts of lines that a change of that day may not state again."""
    fee = f"fee:{picture.id}:{day.isoformat()}"
    fees = [fee, *(f"{fee}:{nth}" for nth in range(2, MOST_A_DAY + 2))]
    known = set(InvoiceLine.objects.filter(fact__in=fees).values_list("fact", flat=True))
    known |= {line.fact for line in running_lines(picture, day)}
    known |= {str(charge.held["fact"]) for charge in picture.charges if charge.held is not None}
    return frozenset(fact for fact in known if fact)
