"""A purchase at Stripe's double, for stories: its visitor, its books, and its notices as Stripe signs them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import stripe
from django.test import Client, override_settings

from billing.flows import pay
from billing.models import CheckoutSession, ProviderEvent
from invoices.models import Invoice, Payment
from merchants.models import Event, ProviderAccount
from merchants.secrets import encrypt
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod, Subscription
from tests.browser.served import product
from tests.contracts.double_at_work import DoubleAtWork
from tests.pages.hosted import Visitor
from tests.worlds import Shop
from tools.stripe_double.server import Double

SECRET = "whsec_stories_of_purchases"


@dataclass
class Counter:
    """A shop whose payments go through the double, and the double's console."""

    shop: Shop
    double: DoubleAtWork
    key: str
    address: str

    def begin(self) -> Visitor:
        offer = self.shop.offer("Onde Hifi", ("month", None, 12_99))
        return Visitor(self.shop.checkout(self.shop.enrol(), offer))

    def press(self, visitor: Visitor, method: str = "pm_card_visa") -> None:
        """The visitor pays on Stripe's page, and is not back yet."""
        pay.start(merchant_id=self.shop.id, session_id=visitor.session.pk)
        page = self.shop.payment(visitor.session).provider_session
        self.double.console(f"checkout/{page}/pay", {"method": method})

    def captures(self) -> list[int]:
        return [row["amount"] for row in self.double.captures(self.key)]

    def told(self) -> None:
        """Wait until the provider has told us that its page is complete."""
        for _ in range(200):
            with tenant(self.shop.id):
                if ProviderEvent.objects.filter(kind="checkout.session.completed").exists():
                    return
            time.sleep(0.1)
        raise AssertionError("no notice came")

    def settled(self) -> dict[str, Any]:
        with tenant(self.shop.id):
            return {
                "invoices": list(Invoice.objects.values_list("status", "gross")),
                "payments": list(Payment.objects.order_by("id").values_list("status", "captured")),
                "methods": PaymentMethod.objects.count(),
                "session": CheckoutSession.objects.get().status,
                "subscription": Subscription.objects.get().status,
                "completed": Event.objects.filter(kind="checkout_session.completed").count(),
                "captures": self.captures(),
            }


ONCE = {
    "invoices": [("paid", 12_99)],
    "payments": [("succeeded", 12_99)],
    "methods": 1,
    "session": "complete",
    "subscription": "active",
    "completed": 1,
    "captures": [12_99],
}


@pytest.fixture
def at_stripe(shop) -> Iterator[Counter]:
    key = f"sk_test_{shop.id.hex}"
    with tenant(shop.id):
        ProviderAccount.objects.update(kind="stripe", secret=encrypt(key), webhook_secret=encrypt(SECRET))
        shop.account.refresh_from_db()
    with product() as address:
        hook = f"{address}/provider/{shop.account.pk}/events"
        with (
            Double(webhook_url=hook, webhook_secret=SECRET, debit_seconds=3_600) as double,
            override_settings(STRIPE_API_BASE=double.url),
        ):
            yield Counter(shop=shop, double=DoubleAtWork(double), key=key, address=hook)


def signed(event_id: str, payment: Payment, *, secret: str = SECRET, at: int | None = None) -> tuple[bytes, str]:
    """A notice about a payment's page, as Stripe signs it."""
    body = json.dumps(
        {
            "id": event_id,
            "object": "event",
            "type": "checkout.session.completed",
            "created": int(time.time()),
            "livemode": False,
            "data": {
                "object": {
                    "id": payment.provider_session,
                    "object": "checkout.session",
                    "metadata": {"tacite_payment": str(payment.pk)},
                }
            },
        }
    )
    return body.encode(), stripe.WebhookSignature.generate_signature_header(body, secret, at)


def send(path: str, body: bytes, signature: str, **more: str) -> int:
    sent = Client().post(path, body, content_type="application/json", headers={"Stripe-Signature": signature, **more})
    return sent.status_code


@pytest.fixture
def quiet(at_stripe) -> Counter:
    """The double tells nobody: the tests send the notices."""
    at_stripe.double.console("faults", {"webhooks": "drop"})
    return at_stripe


def path_of(counter: Counter) -> str:
    return f"/provider/{counter.shop.account.pk}/events"
