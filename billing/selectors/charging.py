"""What each invoice is charged to by itself, and what that card has been through. Needs the tenant's scope; a fixed
number of queries for any number of invoices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from invoices.models import Invoice, Payment
from invoices.selectors.affected import subscriptions_on
from invoices.services.payments import EXPIRED
from merchants.dunning import CardTried
from merchants.models import ProviderAccount
from subscribers.models import PaymentMethod, Subscription


def means_for(invoices: Sequence[Invoice]) -> dict[UUID, PaymentMethod]:
    """The means of each invoice, by invoice; those that have none are left out.

    The subscription's own, where all on the invoice have the same and it is live; else the payer's default. A test
    clock's are always simulated (domain 4), and nothing is charged through an account that was disconnected.
    """
    on = subscriptions_on([invoice.pk for invoice in invoices])
    everything = set().union(*on.values())
    pinned = dict(Subscription.objects.filter(id__in=everything).values_list("id", "payment_method_id"))
    payers = {invoice.payer_id for invoice in invoices}
    rows = PaymentMethod.objects.filter(
        subscriber_id__in=payers, detached_at=None, account__disconnected_at=None
    ).select_related("account")
    live = {row.pk: row for row in rows}
    defaults = {row.subscriber_id: row for row in live.values() if row.is_default}
    found = {}
    for invoice in invoices:
        own = {pinned.get(id_) for id_ in on.get(invoice.pk, ())}
        wanted = next(iter(own)) if len(own) == 1 else None
        row = live.get(wanted) if wanted is not None else None
        if row is None or row.subscriber_id != invoice.payer_id:
            row = defaults.get(invoice.payer_id)
        if row is not None and _may_serve(row, invoice):
            found[invoice.pk] = row
    return found


def _may_serve(row: PaymentMethod, invoice: Invoice) -> bool:
    kind = row.account.kind
    if kind == ProviderAccount.Kind.MANUAL:
        return False
    return invoice.test_clock_id is None or kind == ProviderAccount.Kind.SIMULATED


def cards_tried(means: Mapping[UUID, PaymentMethod]) -> dict[UUID, CardTried]:
    """What the card of each invoice (`means`, by invoice) has been through for it: automatic tries that reached a bank,
    and what the last refusal advised. The same card under another id is the same card; but one that its owner gave anew
    is past an advice to ask them."""
    tries: defaultdict[UUID, list[Payment]] = defaultdict(list)
    rows = Payment.objects.filter(invoice_id__in=means, automatic=True).select_related("payment_method").order_by("id")
    for row in rows:
        if (
            row.invoice_id is not None
            and _reached_a_bank(row)
            and _is_same_card(row.payment_method, means[row.invoice_id])
        ):
            tries[row.invoice_id].append(row)
    return {invoice_id: _tried(tries[invoice_id], row) for invoice_id, row in means.items()}


def _tried(tries: Sequence[Payment], card: PaymentMethod) -> CardTried:
    last = tries[-1] if tries else None
    given_anew = last is not None and last.payment_method_id != card.pk and last.advice == "customer"
    return CardTried(tries=len(tries), advice=last.advice if last is not None and not given_anew else "")


def _reached_a_bank(row: Payment) -> bool:
    """A fault of the provider's is no try of the card: nobody asked its bank."""
    return row.status != Payment.Status.FAILED or bool(row.advice) or row.code == EXPIRED


def _is_same_card(one: PaymentMethod | None, other: PaymentMethod) -> bool:
    if one is None:
        return False
    return one.pk == other.pk or bool(one.fingerprint and one.fingerprint == other.fingerprint)


def asked_by_itself(invoices: Iterable[Invoice], cased: Collection[UUID]) -> list[Invoice]:
    """Those of a payer's open invoices that are charged by themselves: in an open case, or of subscriptions that are
    collected automatically."""
    rows = list(invoices)
    on = subscriptions_on([row.pk for row in rows])
    everything = set().union(*on.values())
    automatic = set(Subscription.objects.filter(id__in=everything, collection="automatic").values_list("id", flat=True))
    return [row for row in rows if row.pk in cased or (on.get(row.pk) and on[row.pk] <= automatic)]
