"""Another card for a payer without a purchase: a hosted page that saves one, asked for and recorded in three steps.

The card becomes the payer's default and is charged from then on; what is owed is tried on it at once (domain 22).
Clicked twice it answers the same page; what the provider's notice and the visitor's return both tell is written once.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from billing.flows import collect
from billing.flows.pay import FAULTS_OF_THE_PROVIDER, MerchantSuspended, ProviderRefused, ProviderSilent, visitor
from billing.flows.provider_page import open_page
from billing.flows.providers import default_account, gateway_of, saved
from billing.gateways.base import CheckoutAsk, CheckoutPage, Outcome, OutcomeKind
from billing.models import NewCard
from merchants.clock import instant
from merchants.languages import is_spoken
from merchants.links import mint, mint_until
from merchants.models import Merchant
from merchants.now import Now
from merchants.refusals import Conflict, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber
from subscribers.services import belonging, means

OPEN_FOR = timedelta(hours=2)
"""How long the provider's page stays open."""
LINK_LASTS = timedelta(days=60)
"""How long a letter's link opens the page: a card is told to expire a month ahead."""


class SubscriberErased(Conflict):
    """Nobody is there any more who could give a card."""

    code = "subscriber_erased"
    detail = gettext_noop("This subscriber was erased.")


def link(payer: Subscriber) -> str:
    """The address of the page on which a payer gives another card: signed, opens without a log-in."""
    token = mint("card", payer.tenant_id, payer.pk, lasts=LINK_LASTS)
    return settings.PUBLIC_URL + reverse("hosted:card", args=[token])


def who_pays(subscriber: Subscriber) -> Subscriber:
    """Whose card it is: the payer's, where somebody else pays. Needs the tenant's scope."""
    return Subscriber.objects.get(id=subscriber.payer_id) if subscriber.payer_id else subscriber


def start(*, merchant_id: UUID, payer_id: UUID) -> str:
    """Give another card: answers the address of the provider's page.

    Raises SubscriberErased, MerchantSuspended, NoProvider, ProviderSilent, ProviderRefused.
    """
    look(merchant_id=merchant_id, payer_id=payer_id)
    with tenant(merchant_id):
        payer, now = _lock(merchant_id, payer_id)
        if payer.erased_at is not None:
            raise SubscriberErased
        merchant = Merchant.objects.get(id=merchant_id)
        if merchant.suspended_at is not None:
            raise MerchantSuspended
        page = _open_one(payer)
        if page is not None and page.url:
            return page.url
        page = page or _new(payer, now)
        account, ask = page.account, _ask(page, payer, merchant)
    answer = open_page(merchant_id=merchant_id, account=account, payer=payer, ask=ask)
    with tenant(merchant_id):
        _payer, now = _lock(merchant_id, payer_id)
        page = NewCard.objects.select_for_update(of=("self",)).get(id=page.pk)
        if isinstance(answer, CheckoutPage) and page.status == NewCard.Status.OPEN:
            if not page.url:
                page.provider_session, page.url = answer.provider_session, answer.url
                page.save(update_fields=["provider_session", "url"])
            return page.url
        if isinstance(answer, Outcome) and answer.kind is OutcomeKind.FAILED:
            _close(page, answer.code or "", now)
    if isinstance(answer, CheckoutPage):  # closed while the provider was asked: nobody may use it
        gateway_of(account).expire_checkout(answer.provider_session)
        raise ProviderSilent
    refused = answer.kind is OutcomeKind.FAILED and answer.code not in FAULTS_OF_THE_PROVIDER
    raise ProviderRefused if refused else ProviderSilent


def look(*, merchant_id: UUID, payer_id: UUID) -> NewCard | None:
    """The payer's newest card page after the provider was asked about an open one; None where there was none."""
    with tenant(merchant_id):
        page = NewCard.objects.filter(payer_id=payer_id, status=NewCard.Status.OPEN).first()
    if page is not None:
        ask_about(merchant_id=merchant_id, page_id=page.pk)
    with tenant(merchant_id):
        return NewCard.objects.filter(payer_id=payer_id).select_related("payment_method").order_by("-id").first()


def ask_about(*, merchant_id: UUID, page_id: UUID) -> Outcome:
    """Ask the provider about one card page and record what it says; a card that was saved is tried at once on what is
    owed."""
    with tenant(merchant_id):
        page = NewCard.objects.select_related("account", "payer").get(id=page_id)
    outcome = Outcome(kind=OutcomeKind.NOT_FOUND)
    if page.provider_session:
        outcome = gateway_of(page.account).checkout_outcome(page.provider_session)
    if record(merchant_id=merchant_id, page_id=page_id, outcome=outcome):
        collect.retry_now(merchant_id=merchant_id, payer_id=page.payer_id, actor=visitor(page.payer))
    return outcome


def record(*, merchant_id: UUID, page_id: UUID, outcome: Outcome) -> bool:
    """Write what became of a card page. Whether a card was saved just now; a repeat says False."""
    with tenant(merchant_id):
        known = NewCard.objects.get(id=page_id)
        payer, now = _lock(merchant_id, known.payer_id)
        page = NewCard.objects.select_for_update(of=("self",)).select_related("account").get(id=page_id)
        if page.status != NewCard.Status.OPEN:
            return False
        if outcome.kind is OutcomeKind.SUCCEEDED and outcome.method is not None:
            method = means.save(payer, page.account, saved(outcome.method), actor=visitor(payer), now=now)
            page.status, page.payment_method, page.code, page.settled_at = NewCard.Status.SAVED, method, "", now.at
            page.save(update_fields=["status", "payment_method", "code", "settled_at"])
            return method.detached_at is None
        never_came = outcome.kind is OutcomeKind.NOT_FOUND and page.closes_at < instant()
        if never_came or outcome.kind in (OutcomeKind.EXPIRED, OutcomeKind.FAILED):
            _close(page, outcome.code or "", now)
        elif outcome.kind is OutcomeKind.OPEN and page.code != (outcome.code or ""):
            page.code = outcome.code or ""
            page.save(update_fields=["code"])
        return False


def _lock(merchant_id: UUID, payer_id: UUID) -> tuple[Subscriber, Now]:
    payer = belonging.lock([payer_id])[payer_id]
    return payer, now_for(Merchant.objects.get(id=merchant_id), payer.test_clock_id)


def _open_one(payer: Subscriber) -> NewCard | None:
    return (
        NewCard.objects.select_for_update(of=("self",))
        .select_related("account")
        .filter(payer=payer, status=NewCard.Status.OPEN)
        .first()
    )


def _new(payer: Subscriber, now: Now) -> NewCard:
    asked = instant()
    return NewCard.objects.create(
        payer=payer,
        account=default_account(now),
        test_clock_id=payer.test_clock_id,
        created_at=now.at,
        asked_at=asked,
        closes_at=asked + OPEN_FOR,
    )


def _close(page: NewCard, code: str, now: Now) -> None:
    page.status, page.code, page.settled_at = NewCard.Status.CLOSED, code, now.at
    page.save(update_fields=["status", "code", "settled_at"])


def _ask(page: NewCard, payer: Subscriber, merchant: Merchant) -> CheckoutAsk:
    """The ask, the same to the letter each time for the same page."""
    token = mint_until("card-return", payer.tenant_id, payer.pk, until=page.closes_at + timedelta(days=1))
    back = settings.PUBLIC_URL + reverse("hosted:card-return", args=[token])
    return CheckoutAsk(
        key=str(page.pk),
        mode="setup",
        amount=0,
        currency=merchant.currency,
        description=merchant.name,
        success_url=back,
        cancel_url=back,
        expires_at=page.closes_at,
        customer_ref=payer.provider_customers.get(str(page.account_id)),
        email=payer.email or None,
        locale=payer.locale if is_spoken(payer.locale) else "auto",
        metadata={"subscriber": payer.public_id},
    )
