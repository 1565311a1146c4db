"""Lodging a signed SEPA mandate (domain 21): the provider gets the account, and we forget its number.

Three steps as for every ask: what is wanted is a committed row, the provider is asked outside any transaction under
the mandate's id, what it said is written once. Silence is asked about again, later and later; a refusal ends it and
is told, for somebody has to ask for another account. A means that was lodged is charged at once with what its owner
owes.
"""

from __future__ import annotations

from uuid import UUID

from billing.flows.collect import retry_now
from billing.flows.methods import remember_customer
from billing.flows.providers import NoProvider, default_account, gateway_of, saved
from billing.gateways.base import Outcome, OutcomeKind
from billing.gateways.debits import DebitAsk, Lodged
from billing.gateways.declines import NEEDS_A_PERSON
from billing.gateways.registry import debits_for
from invoices.models import Invoice
from merchants.actors import Actor
from merchants.models import Merchant, ProviderAccount
from merchants.now import Now
from merchants.secrets import decrypt
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.models import Mandate, Subscriber
from subscribers.services import belonging, mandates, means

WAITS = (OutcomeKind.UNKNOWN, OutcomeKind.NOT_FOUND)
"""Answers that say nothing of the account."""
OUR_OWN_FAULT = ("provider_refused_key", "provider_refused_request")
"""Refusals that the account is not to blame for: somebody mends the settings, and it is lodged then."""


def lodge(*, merchant_id: UUID, mandate_id: UUID) -> str:
    """Lodge one mandate, unless that was done. Answers what became of it: `lodged`, `refused`, `waits` or `done`.
    Call it outside any transaction; safe to repeat and to run twice at once."""
    actor = Actor.system("mandates")
    with tenant(merchant_id):
        mandate = Mandate.objects.select_related("subscriber").get(id=mandate_id)
        if not _waits(mandate):
            return "done"
        payer = mandate.subscriber
        now = now_for(Merchant.objects.get(id=merchant_id), payer.test_clock_id)
        account = _account(now)
    answer: Lodged | Outcome = Outcome(kind=OutcomeKind.UNKNOWN)
    if account is not None:
        answer = _ask(merchant_id, account, mandate, payer)
    became = _record(merchant_id, mandate_id, account, answer, actor=actor)
    if became == "lodged":
        retry_now(merchant_id=merchant_id, payer_id=payer.pk, actor=actor)
    return became


def _waits(mandate: Mandate) -> bool:
    return mandate.lodged_at is None and mandate.refused_at is None and mandate.revoked_at is None


def _account(now: Now) -> ProviderAccount | None:
    """Where it is lodged; None while no provider is connected, which somebody may do later."""
    try:
        return default_account(now)
    except NoProvider:
        return None


def _ask(merchant_id: UUID, account: ProviderAccount, mandate: Mandate, payer: Subscriber) -> Lodged | Outcome:
    gateway = gateway_of(account)
    port = debits_for(gateway)
    if port is None:
        return Outcome(kind=OutcomeKind.UNSUPPORTED, code=NEEDS_A_PERSON)
    customer = payer.provider_customers.get(str(account.pk))
    if customer is None:
        made = gateway.ensure_customer(
            key=str(payer.pk), email=payer.email, name=payer.name, metadata={"subscriber": payer.public_id}
        )
        if isinstance(made, Outcome):
            return made
        customer = made
        remember_customer(merchant_id, payer.pk, account, customer)
    return port.make_debit(
        DebitAsk(
            key=str(mandate.pk),
            iban=decrypt(mandate.iban),
            holder=mandate.holder,
            email=payer.email,
            customer_ref=customer,
            reference=mandate.reference,
            accepted_at=mandate.accepted_at,
            metadata={"subscriber": payer.public_id, "mandate": mandate.reference},
        )
    )


def _record(
    merchant_id: UUID, mandate_id: UUID, account: ProviderAccount | None, answer: Lodged | Outcome, *, actor: Actor
) -> str:
    with tenant(merchant_id):
        payer_id = Mandate.objects.values_list("subscriber_id", flat=True).get(id=mandate_id)
        payer = belonging.lock([payer_id])[payer_id]
        row = Mandate.objects.select_for_update(of=("self",)).get(id=mandate_id)
        now = now_for(Merchant.objects.get(id=merchant_id), payer.test_clock_id)
        if not _waits(row):
            return "done"
        if isinstance(answer, Lodged):
            assert account is not None
            method = means.save(payer, account, saved(answer.method), actor=actor, now=now)
            mandates.lodged(row, method, provider_reference=answer.mandate_ref, actor=actor, now=now)
            return "lodged"
        if answer.kind in WAITS or answer.code in OUR_OWN_FAULT:
            mandates.ask_again(row, actor=actor, now=now)
            return "waits"
        mandates.refused(row, answer.code or answer.kind.value, actor=actor, now=now)
        _ask_otherwise(payer, now)
        return "refused"


def _ask_otherwise(payer: Subscriber, now: Now) -> None:
    """What waited for this account alone is due like anything else: without a means the unpaid case opens."""
    held = Invoice.objects.filter(payer=payer, status=Invoice.Status.OPEN, collect_at__gt=now.at)
    held.update(collect_at=now.at)
