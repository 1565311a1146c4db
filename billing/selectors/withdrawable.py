"""Until when subscriptions may be withdrawn from, and what their contracts say of it (domain 14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.engine.withdrawing import last_day_to_withdraw
from billing.models import CheckoutSession
from merchants.models import LegalEntity, Merchant
from merchants.now import local_date
from subscribers.models import Subscriber, Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A subscription's contract: the last day to withdraw, whether a company pays, and on which day the payment form
    made the subscriber ask for the service at once (None: we know of no such wish)."""

    last_day: date
    of_company: bool
    asked_on: date | None

    def open_to_withdraw(self, merchant: Merchant, today: date) -> bool:
        """Whether it may be withdrawn from that day."""
        return today <= self.last_day and (merchant.withdrawal_companies or not self.of_company)


def contracts(rows: Sequence[Subscription], zone: str) -> Mapping[UUID, Contract]:
    """The contracts of subscriptions, by id. Concluded on the day on which the purchase was completed; else on that on
    which it was made, or its start where that lies before. Three queries, however many. Needs the tenant's scope."""
    bought = CheckoutSession.objects.filter(subscription__in=rows, asked__isnull=True)
    completed = bought.filter(completed_at__isnull=False).order_by("-id")
    sessions = {one.subscription_id: one for one in completed}  # the first of each
    payers = Subscriber.objects.in_bulk({row.payer_id for row in rows})
    entities = LegalEntity.objects.in_bulk({row.legal_entity_id for row in rows})
    found = {}
    for row in rows:
        session, payer = sessions.get(row.pk), payers[row.payer_id]
        concluded = min(local_date(row.created_at, zone), row.start_on)
        if session is not None and session.completed_at is not None:
            concluded = local_date(session.completed_at, zone)
        consented = session.consented_at if session is not None else None
        found[row.pk] = Contract(
            last_day=last_day_to_withdraw(concluded, entities[row.legal_entity_id].country),
            of_company=bool(payer.company or payer.siren or payer.vat_number),
            asked_on=local_date(consented, zone) if consented else None,
        )
    return found
