"""Lines of a change that wait for the subscription's next document (domain 12, `invoice: next`): kept, and billed
before an act that gives back days which they bill, so that each credit stands on what billed it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

from django.db import transaction

from billing.engine.held import held_charge, held_document
from billing.engine.lives import Taken
from billing.engine.step import Step, StepKind
from billing.engine.wishes import Catalogue
from billing.flows.renew import write
from billing.flows.renew_rows import Life
from billing.models import Charge
from billing.selectors.snapshots import snapshots
from invoices.drafts import DraftInvoice, DraftLine
from merchants.actors import Actor
from merchants.ids import new_id
from merchants.models import Merchant
from merchants.now import Now
from subscribers.models import Subscriber, Subscription
from subscribers.snapshots import ChargeSnapshot, SubscriptionSnapshot


def hold(row: Subscription, lines: Sequence[DraftLine], *, actor: Actor, now: Now) -> tuple[ChargeSnapshot, ...]:
    """Keep lines for the next document; how the engine sees them from now on."""
    held = tuple(held_charge(line, id_=str(new_id())) for line in lines)
    Charge.objects.bulk_create(
        Charge(
            id=UUID(one.id),
            subscription=row,
            title=dict(one.title),
            unit_price=one.unit_price,
            amount=one.amount,
            currency=line.currency,
            tax_code=one.tax_code,
            held=one.held,
            created_by=actor.label[:120],
            created_at=now.at,
        )
        for one, line in zip(held, lines, strict=True)
    )
    return held


def bill_held(
    row: Subscription, picture: SubscriptionSnapshot, merchant: Merchant, *, actor: Actor, now: Now
) -> tuple[DraftInvoice, ...]:
    """Issue what waits of a locked subscription's changes on a document by itself, in the transaction that is open;
    none where nothing waits."""
    drafted = held_document(picture, on=now.today)
    if drafted is None:
        return ()
    left = tuple(charge for charge in picture.charges if charge.held is None)
    after = replace(picture, charges=left)
    step = Step(kind=StepKind.change, on=now.today, why="held_lines", after=after, drafted=drafted)
    life = Life(row=row, taken=(Taken(step, picture, after, not_before=now.at),))
    people = Subscriber.objects.in_bulk([row.payer_id])
    write([life], merchant, people, catalogue=Catalogue(), actor=actor, now=now)
    return (drafted,)


def bill_what_waits(row: Subscription, merchant: Merchant, *, actor: Actor, now: Now) -> bool:
    """The same for who holds no picture of it. Most have nothing that waits: one query, and no more."""
    if not _waits(row):
        return False
    return bool(bill_held(row, snapshots([row], merchant)[row.pk], merchant, actor=actor, now=now))


@contextmanager
def as_billed(row: Subscription, merchant: Merchant, now: Now) -> Iterator[tuple[DraftInvoice, ...]]:
    """For a preview of a locked subscription: what waits is billed inside, and afterwards it never was. Answers its
    document."""
    if not _waits(row):
        yield ()
        return
    with transaction.atomic():
        picture = snapshots([row], merchant)[row.pk]
        yield bill_held(row, picture, merchant, actor=Actor.system("preview"), now=now)
        transaction.set_rollback(True)


def _waits(row: Subscription) -> bool:
    return Charge.objects.filter(subscription=row, status=Charge.Status.WAITING, held__isnull=False).exists()
