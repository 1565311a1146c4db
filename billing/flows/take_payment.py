"""Taking money by hand for an open invoice: whatever is open at the provider is closed first, and confirmed so, so that
nobody pays twice (domain 21)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from billing.flows import way
from billing.flows.pay import ProviderSilent
from invoices.models import Invoice, RegisterEntry
from invoices.selectors.affected import people_of
from invoices.services import by_hand, register, tills
from invoices.services.by_hand import ByHand, Taken
from invoices.services.register import Clerk
from merchants.actors import Actor
from merchants.models import Merchant, Site
from merchants.refusals import NotFound
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.services import belonging


def take(
    *,
    merchant_id: UUID,
    invoice_id: UUID,
    means: str,
    amount: int,
    actor: Actor,
    received_on: date | None = None,
    site: Site | None = None,
    note: str = "",
    key: UUID | None = None,
    clerk: Clerk | None = None,
    tendered: int | None = None,
) -> Taken:
    """Write down cash, a cheque, a transfer or the bank's terminal: part of what is due, all of it, or more (the rest
    goes to the balance). `amount` in minor units of the invoice's currency; `received_on` None is today. `key`: what is
    sent again under it is the first payment. At a counter, `clerk` rings it up in the till's register, with what was
    `tendered`.

    Raises NotFound, Invalid (`means`, `amount`, `received_on`, `site`), NothingOwed, UnderWay, ProviderSilent (an open
    page that the provider does not confirm closed).
    """
    if way.clear(merchant_id=merchant_id, invoice_ids=[invoice_id]):
        raise ProviderSilent
    with tenant(merchant_id):
        belonging.lock(people_of([invoice_id]))
        invoice = (
            Invoice.objects.select_for_update(of=("self",)).select_related("legal_entity").filter(id=invoice_id).first()
        )
        if invoice is None:
            raise NotFound
        now = now_for(Merchant.objects.get(id=merchant_id), invoice.test_clock_id)
        brought = ByHand(
            means=means, amount=amount, received_on=received_on or now.today, site=site, note=note, key=key
        )
        taken = by_hand.receive(brought, invoice, actor=actor, now=now)
        if clerk is not None and not RegisterEntry.objects.filter(payment=taken.payment).exists():
            session, at = tills.need_session(clerk.device), now_for(Merchant.objects.get(id=merchant_id))
            register.receive(session, taken.payment, tendered=tendered, clerk=clerk, now=at)
        return taken
