"""What is kept no longer than it may be: people who never bought are erased three years after the last contact (CNIL,
guidelines on customer management, 2022).

Documents, payments and the ledger are not touched: they are kept whole. A person who bought stays until they ask to be
erased: their documents are kept ten years.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef

from billing.flows import erase
from invoices.models import Invoice, Payment
from merchants.actors import Actor
from merchants.models import Event
from merchants.refusals import Refusal
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber, Subscription

PROSPECTS_KEPT_YEARS = 3
AT_ONCE = 200
ACTOR = Actor.system("retention")
REASON = "no contact for three years"


@dataclass
class Kept:
    """What one merchant's turn did: how many were due, erased, and why the others were not."""

    due: int = 0
    erased: int = 0
    refused: dict[str, int] = field(default_factory=dict)


def years_before(at: datetime, years: int) -> datetime:
    """The same day so many years before; 29 February becomes 28.

    >>> from datetime import UTC
    >>> years_before(datetime(2028, 2, 29, tzinfo=UTC), 3).date()
    datetime.date(2025, 2, 28)
    """
    try:
        return at.replace(year=at.year - years)
    except ValueError:
        return at.replace(year=at.year - years, day=28)


def apply_retention(*, merchant_id: UUID, at: datetime, dry_run: bool) -> Kept:
    """Erase the prospects whose time is over, one transaction each; with `dry_run` only count them."""
    kept = Kept()
    for subscriber_id in _prospects(merchant_id, years_before(at, PROSPECTS_KEPT_YEARS)):
        kept.due += 1
        if dry_run:
            continue
        try:
            erase.erase(merchant_id=merchant_id, subscriber_id=subscriber_id, actor=ACTOR, reason=REASON)
        except Refusal as refusal:
            kept.refused[refusal.code] = kept.refused.get(refusal.code, 0) + 1
        else:
            kept.erased += 1
    return kept


def _prospects(merchant_id: UUID, since: datetime) -> Iterator[UUID]:
    """Who never bought and was not heard of since: no subscription that began, no invoice, no payment, no event. Those
    on test clocks live in a time of their own."""
    last = UUID(int=0)
    while True:
        with tenant(merchant_id):
            bought = Subscription.objects.exclude(status=Subscription.Status.INCOMPLETE)
            rows = Subscriber.objects.filter(id__gt=last, erased_at=None, test_clock=None, updated_at__lt=since)
            for model, key in (
                (bought, "subscriber"),
                (bought, "payer"),
                (Invoice.objects.all(), "payer"),
                (Payment.objects.filter(captured__gt=0), "payer"),
                (Subscriber.objects.all(), "payer"),
            ):
                rows = rows.exclude(Exists(model.filter(**{key: OuterRef("pk")})))
            heard = Event.objects.filter(subscriber_id=OuterRef("pk"), created_at__gte=since)
            found = list(rows.exclude(Exists(heard)).order_by("id").values_list("id", flat=True)[:AT_ONCE])
        if not found:
            return
        yield from found
        last = found[-1]
