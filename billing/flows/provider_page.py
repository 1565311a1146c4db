"""A page at the provider for a payer: the payer made known there first, then the page. Outside any transaction."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from billing.flows.providers import gateway_of
from billing.gateways.base import CheckoutAsk, CheckoutPage, Outcome
from merchants.models import ProviderAccount
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber


def open_page(
    *, merchant_id: UUID, account: ProviderAccount, payer: Subscriber, ask: CheckoutAsk
) -> CheckoutPage | Outcome:
    """The page of an ask, the same for the same key; an Outcome says why there is none."""
    if ask.customer_ref is None:
        known = customer_of(merchant_id=merchant_id, account=account, payer=payer)
        if isinstance(known, Outcome):
            return known
        ask = replace(ask, customer_ref=known)
    return gateway_of(account).open_checkout(ask)


def customer_of(*, merchant_id: UUID, account: ProviderAccount, payer: Subscriber) -> str | Outcome:
    """The provider's id of a payer, who is made known there if need be; an Outcome says why there is none."""
    kept = payer.provider_customers.get(str(account.pk))
    if kept:
        return str(kept)
    known = gateway_of(account).ensure_customer(
        key=str(payer.pk), email=payer.email, name=payer.name, metadata={"subscriber": payer.public_id}
    )
    if isinstance(known, Outcome):
        return known
    with tenant(merchant_id):
        row = Subscriber.objects.select_for_update().get(id=payer.pk)
        row.provider_customers = {**row.provider_customers, str(account.pk): known}
        row.save(update_fields=["provider_customers"])
    return known
