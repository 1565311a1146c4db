"""Erasing a person (GDPR, art. 17): what says who they are goes, what the law keeps stays.

The provider is asked first, outside any transaction, to forget them: repeating that is harmless, and where it does not
answer nothing is erased here. Then everything goes in one transaction, with the person's row locked. Invoices, credit
notes, their files and the ledger are kept ten years (GDPR, art. 17(3)(b); Code de commerce, art. L123-22).
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from billing.flows.pay import ProviderSilent
from billing.flows.providers import gateway_of
from billing.gateways.base import OutcomeKind
from billing.models import CheckoutSession, NewCard
from invoices.models import Invoice, Payment
from invoices.models.payments import IN_FLIGHT
from invoices.selectors.money import standing_of
from merchants.actors import Actor
from merchants.models import Merchant, ProviderAccount
from merchants.refusals import Conflict, NotFound, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.holdings import held
from subscribers.models import PaymentMethod, Subscriber, Subscription
from subscribers.services import belonging, person, person_means

ERASED = "erased-"
"""How what was erased is called where a name is needed."""
OVER = (Subscription.Status.ENDED, Subscription.Status.INCOMPLETE)


class CannotErase(Conflict):
    """Something is under way with this person: end it first."""

    code = "subscriber_not_erasable"
    title = gettext_noop("This person cannot be erased yet")


@dataclass(frozen=True, slots=True, kw_only=True)
class _AtProvider:
    """What one provider keeps of a person. `payments`: keys of payments, and of pages for another card."""

    account: ProviderAccount
    customer: str
    methods: list[str]
    payments: list[str]


def in_the_way(row: Subscriber) -> CannotErase | None:
    """What must be ended before this person can be erased, with the way out; None where nothing is."""
    live = Subscription.objects.exclude(status__in=OVER)
    standing = standing_of(row)
    if live.filter(subscriber=row).exists():
        return _refusal(
            "subscription_live",
            gettext_noop("This person has a subscription that is not over."),
            gettext_noop("Cancel it and wait for its end."),
        )
    if live.filter(payer=row).exists() or Subscriber.objects.filter(payer=row, erased_at=None).exists():
        return _refusal(
            "pays_for_others",
            gettext_noop("This person pays for others."),
            gettext_noop("Name another payer for them, or end their subscriptions."),
        )
    if CheckoutSession.objects.filter(subscriber=row, status=CheckoutSession.Status.OPEN).exists():
        return _refusal(
            "purchase_open",
            gettext_noop("A purchase of this person is open."),
            gettext_noop("Wait until it expires, or expire it."),
        )
    if Payment.objects.filter(payer=row, status__in=IN_FLIGHT).exists() or standing.refunding:
        return _refusal(
            "payment_in_flight",
            gettext_noop("A payment or refund of this person is under way."),
            gettext_noop("Try again once it is settled."),
        )
    if Invoice.objects.filter(payer=row, status__in=(Invoice.Status.OPEN, Invoice.Status.DRAFT)).exists():
        return _refusal(
            "invoice_open",
            gettext_noop("An invoice of this person is not settled."),
            gettext_noop("Collect it, credit it, or write it off."),
        )
    if standing.balances:
        return _refusal(
            "balance_left",
            gettext_noop("There is money on this person's balance."),
            gettext_noop("Give it back first."),
        )
    return None


def _refusal(code: str, detail: str, way_out: str) -> CannotErase:
    return CannotErase(detail, code=code, way_out=way_out)


def erase(*, merchant_id: UUID, subscriber_id: UUID, actor: Actor, reason: str) -> Subscriber:
    """Erase a person for good; one who is erased already stays so. Raises CannotErase with the way out, ProviderSilent
    where the provider did not answer (nothing is erased then), NotFound."""
    with tenant(merchant_id):
        row = _locked(subscriber_id)
        if row.erased_at is not None:
            return row
        known = _known_at_providers(row)
    for each in known:
        _ask_to_forget(each)
    with tenant(merchant_id):
        row = _locked(subscriber_id)
        if row.erased_at is not None:
            return row
        now = now_for(Merchant.objects.get(id=merchant_id), row.test_clock_id)
        for holding in held():
            if holding.mask is not None:
                holding.mask(row, now)
        person_means.forget_methods(row, actor=actor, now=now)
        person.forget_notes(row, actor=actor, now=now)
        person.forget_profile(row, actor=actor, now=now, reason=reason)
        return row


def _locked(subscriber_id: UUID) -> Subscriber:
    row = belonging.lock([subscriber_id]).get(subscriber_id)
    if row is None:
        raise NotFound
    if row.erased_at is None and (refusal := in_the_way(row)) is not None:
        raise refusal
    return row


def _known_at_providers(row: Subscriber) -> list[_AtProvider]:
    """Where they are known, account by account. One that was disconnected is no longer ours to ask."""
    found = []
    for account in ProviderAccount.objects.filter(disconnected_at=None).order_by("id"):
        methods = PaymentMethod.objects.filter(subscriber=row, account=account).exclude(provider_ref__startswith=ERASED)
        asked = [each.objects.filter(payer=row, account=account) for each in (Payment, NewCard)]
        payments = [str(id_) for rows in asked for id_ in rows.values_list("id", flat=True)]
        customer = row.provider_customers.get(str(account.pk), "")
        refs = list(methods.values_list("provider_ref", flat=True))
        if customer or refs or payments:
            found.append(_AtProvider(account=account, customer=customer, methods=refs, payments=payments))
    return found


def _ask_to_forget(known: _AtProvider) -> None:
    gateway = gateway_of(known.account)
    outcomes = [gateway.detach_method(ref) for ref in known.methods]
    if known.customer or known.payments:
        outcomes.append(gateway.forget_customer(customer_ref=known.customer, payment_keys=known.payments))
    if any(each.kind not in (OutcomeKind.SUCCEEDED, OutcomeKind.NOT_FOUND) for each in outcomes):
        raise ProviderSilent
