"""From a merchant's provider account to the gateway that serves it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.urls import reverse

from billing.gateways.base import Gateway, MethodDetails, Outcome, OutcomeKind
from billing.gateways.registry import gateway_for
from billing.gateways.simulated_books import Page
from billing.models import SimulatedPage
from invoices.models import Payment
from invoices.services.payments import Recorded
from merchants.clock import instant
from merchants.ids import new_id
from merchants.links import mint
from merchants.models import ProviderAccount, TestClock
from merchants.now import Now
from merchants.refusals import Conflict, gettext_noop
from merchants.secrets import decrypt
from merchants.tenancy.scope import tenant
from subscribers.services.means import Saved

LINK_LASTS = timedelta(days=2)


class NoProvider(Conflict):
    """The merchant has no payment provider that can take this payment."""

    code = "provider_missing"
    detail = gettext_noop("No payment provider is connected that can take this payment.")
    way_out = gettext_noop("Connect one in Settings, Payment provider.")


class TableBooks:
    """The simulated provider's books as rows of the tenant: one row a page, locked while it is held."""

    def __init__(self, merchant_id: UUID) -> None:
        self._merchant_id = merchant_id

    @contextmanager
    def page(self, ref: str) -> Iterator[Page]:
        """Hold one page, in a transaction of its own."""
        with tenant(self._merchant_id):
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO billing_simulatedpage (id, merchant_id, ref) VALUES (%s, %s, %s)"
                    " ON CONFLICT DO NOTHING",
                    [new_id(), self._merchant_id, ref],
                )
            row = SimulatedPage.objects.select_for_update().get(ref=ref)
            held = Page(row.content)
            yield held
            row.content = held.content
            row.save(update_fields=["content"])

    def peek(self, ref: str) -> dict[str, Any] | None:
        """Read one page."""
        with tenant(self._merchant_id):
            return SimulatedPage.objects.filter(ref=ref).values_list("content", flat=True).first()


def default_account(now: Now) -> ProviderAccount:
    """The account that new payments go through; a test clock's are always simulated. Raises NoProvider."""
    rows = ProviderAccount.objects.filter(disconnected_at=None)
    account = (rows.filter(kind="simulated") if now.test_clock else rows.filter(is_default=True)).first()
    if account is None or account.kind == ProviderAccount.Kind.MANUAL:
        raise NoProvider
    return account


def time_of_payer(merchant_id: UUID, key: str) -> datetime:
    """What time it is for whoever makes a payment (domain 4): their test clock's, else real time. `key` is the
    payment's id, as a provider knows it."""
    with tenant(merchant_id):
        on = Payment.objects.filter(id=UUID(key)).values("test_clock_id")
        clocks = TestClock.objects.filter(id__in=on).exclude(status=TestClock.Status.RELEASED)
        return clocks.values_list("time", flat=True).first() or instant()


def gateway_of(account: ProviderAccount) -> Gateway:
    """The gateway of an account. The address of a simulated page is signed: it opens without a log-in. What takes days
    at the simulated provider takes them by the payer's clock; its pages are open in real time, as people are."""
    merchant_id = account.tenant_id

    def page(ref: str) -> str:
        key = UUID(ref.removeprefix("cs_sim_").removeprefix("pi_sim_"))
        token = mint("simulated", merchant_id, key, lasts=LINK_LASTS)
        return settings.PUBLIC_URL + reverse("hosted:simulated", args=[token])

    return gateway_for(
        account.kind,
        secret=decrypt(account.secret) if account.secret else "",
        api_base=settings.STRIPE_API_BASE,
        books=TableBooks(merchant_id),
        checkout_url=page,
        action_url=page,
        now=instant,
        payer_time=partial(time_of_payer, merchant_id),
    )


STATUS = {
    OutcomeKind.SUCCEEDED: Payment.Status.SUCCEEDED,
    OutcomeKind.REQUIRES_ACTION: Payment.Status.REQUIRES_ACTION,
    OutcomeKind.PROCESSING: Payment.Status.PROCESSING,
    OutcomeKind.FAILED: Payment.Status.FAILED,
    OutcomeKind.EXPIRED: Payment.Status.FAILED,
    OutcomeKind.UNKNOWN: Payment.Status.UNKNOWN,
    OutcomeKind.UNSUPPORTED: Payment.Status.FAILED,
}
"""A provider's answer as our payment's status. OPEN and NOT_FOUND move nothing by themselves."""

WAITS = {
    OutcomeKind.PROCESSING: timedelta(hours=6),
    OutcomeKind.REQUIRES_ACTION: timedelta(minutes=10),
    OutcomeKind.UNKNOWN: timedelta(seconds=30),
}
"""When to ask again, at first (`reconcile` doubles it up to a day)."""
LONGEST_WAIT = timedelta(days=1)


def recorded(outcome: Outcome, payment: Payment, method_id: UUID | None = None) -> Recorded:
    """A provider's answer as it is written on the payment."""
    wait = WAITS.get(outcome.kind)
    after = min(wait * 2 ** min(payment.looks, 12), LONGEST_WAIT) if wait else None
    return Recorded(
        status=STATUS[outcome.kind],
        captured=outcome.captured or 0,
        provider_ref=outcome.provider_ref or "",
        action_url=outcome.action_url or "",
        code=outcome.code or ("expired" if outcome.kind is OutcomeKind.EXPIRED else ""),
        decline_code=outcome.decline_code or "",
        advice=outcome.advice or "",
        message=outcome.message,
        next_look_at=instant() + after if after else None,
        payment_method_id=method_id,
        means=outcome.method.kind if outcome.method else "",
    )


def saved(method: MethodDetails) -> Saved:
    """A provider's method as we keep it."""
    return Saved(
        provider_ref=method.provider_ref,
        customer_ref=method.customer_ref or "",
        kind=method.kind,
        brand=method.brand or "",
        last4=method.last4 or "",
        exp_month=method.exp_month,
        exp_year=method.exp_year,
        country=method.country or "",
        fingerprint=method.fingerprint or "",
    )
