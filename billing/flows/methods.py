"""Payment methods from a provider's token: attached, detached, made the one that is charged (architecture, 5).

Attaching asks the provider outside any transaction, then writes what it answered. A repeat is harmless: the provider
knows the customer by our key, and a method is known to us once.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from billing.flows.collect import retry_now
from billing.flows.pay import ProviderSilent
from billing.flows.providers import default_account, gateway_of, saved
from billing.gateways.base import Outcome, OutcomeKind
from merchants.actors import Actor
from merchants.models import Merchant, ProviderAccount
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod, Subscriber
from subscribers.services import means


class MethodRefused(Conflict):
    """The bank will not let this method be kept."""

    code = "payment_method_refused"
    detail = gettext_noop("The provider refused this payment method: %(why)s.")
    way_out = gettext_noop("Ask the subscriber for another one.")


def attach(
    *, merchant_id: UUID, subscriber_id: UUID, kind: Literal["card", "sepa_debit"], token: str, actor: Actor
) -> PaymentMethod:
    """Save the method behind a provider's token for a payer, as the default: it is charged from now on, and tried at
    once on what they owe. Raises NoProvider, ProviderSilent, MethodRefused, Invalid where the token is unknown or of
    another kind."""
    with tenant(merchant_id):
        payer = Subscriber.objects.get(id=subscriber_id)
        account = default_account(_now(merchant_id, payer))
        known = payer.provider_customers.get(str(account.pk))
    gateway = gateway_of(account)
    if known is None:
        made = gateway.ensure_customer(
            key=str(payer.pk), email=payer.email, name=payer.name, metadata={"subscriber": payer.public_id}
        )
        if isinstance(made, Outcome):
            raise ProviderSilent
        known = made
        remember_customer(merchant_id, payer.pk, account, known)
    found = gateway.attach_method(token=token, customer_ref=known)
    if isinstance(found, Outcome):
        raise _refusal(found)
    if found.kind != kind:
        gateway.detach_method(found.provider_ref)
        raise Invalid.at("type", "payment_method_of_another_type", gettext_noop("The token is of another type."))
    with tenant(merchant_id):
        payer = Subscriber.objects.select_for_update().get(id=subscriber_id)
        row = means.save(payer, account, saved(found), actor=actor, now=_now(merchant_id, payer))
    retry_now(merchant_id=merchant_id, payer_id=subscriber_id, actor=actor)
    return row


def _refusal(outcome: Outcome) -> Conflict | Invalid:
    if outcome.kind is OutcomeKind.UNKNOWN:
        return ProviderSilent()
    if outcome.kind is OutcomeKind.NOT_FOUND or outcome.code == "method_gone":
        return Invalid.at("token", "token_unknown", gettext_noop("The provider does not know this token."))
    return MethodRefused(params={"why": outcome.decline_code or outcome.code or outcome.kind.value})


def remember_customer(merchant_id: UUID, payer_id: UUID, account: ProviderAccount, customer: str) -> None:
    """Keep the provider's id of a payer."""
    with tenant(merchant_id):
        row = Subscriber.objects.select_for_update().get(id=payer_id)
        row.provider_customers = {**row.provider_customers, str(account.pk): customer}
        row.save(update_fields=["provider_customers"])


def detach(*, merchant_id: UUID, method_id: UUID, actor: Actor) -> PaymentMethod:
    """Forget a method here, then at the provider. Asked twice it asks the provider again. Raises Conflict where a
    running subscription would be left without any."""
    with tenant(merchant_id):
        row = _locked(method_id)
        means.detach(row, actor=actor, now=_now(merchant_id, row.subscriber))
        account = row.account
    if account is not None and row.provider_ref:
        gateway_of(account).detach_method(row.provider_ref)
    return row


def make_default(*, merchant_id: UUID, method_id: UUID, actor: Actor) -> PaymentMethod:
    """Charge this one from now on, and at once what its payer owes. Raises Conflict where it was detached."""
    with tenant(merchant_id):
        row = _locked(method_id)
        means.make_default(row, actor=actor, now=_now(merchant_id, row.subscriber))
    retry_now(merchant_id=merchant_id, payer_id=row.subscriber_id, actor=actor)
    return row


def _locked(method_id: UUID) -> PaymentMethod:
    """The method, its payer locked first."""
    known = PaymentMethod.objects.get(id=method_id)
    Subscriber.objects.select_for_update().get(id=known.subscriber_id)
    return (
        PaymentMethod.objects.select_for_update(of=("self",)).select_related("subscriber", "account").get(id=method_id)
    )


def _now(merchant_id: UUID, payer: Subscriber) -> Now:
    return now_for(Merchant.objects.get(id=merchant_id), payer.test_clock_id)
