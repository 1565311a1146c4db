"""A visitor's way through a purchase, for stories of its end: the provider's page, what is written, what is told."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from billing.models import SimulatedPage
from invoices.models import CreditNote, Invoice, Payment
from merchants.models import Event
from merchants.tenancy.scope import tenant
from subscribers.models import Grant, PaymentMethod
from tests.pages.hosted import Visitor, text_of

NOTHING = {"invoices": 0, "credit_notes": 0, "payments": 0, "captured": [], "refunded": [], "methods": 0, "grants": 0}


@pytest.fixture
def hifi(shop):
    shop.feature("quality", "level", ["standard", "hifi"])
    return shop.offer("Onde Hifi", ("month", None, 12_99), features={"quality": {"level": "hifi"}})


@pytest.fixture
def visitor(shop, hifi):
    return Visitor(shop.checkout(shop.enrol(), hifi, cancel_url="https://shop.example/panier?a=1"))


def counts(shop) -> dict[str, object]:
    """What stands in our books, and what the provider really took."""
    with tenant(shop.id):
        pages = [row.content for row in SimulatedPage.objects.all() if row.content]
        return {
            "invoices": Invoice.objects.count(),
            "credit_notes": CreditNote.objects.count(),
            "payments": Payment.objects.count(),
            "captured": sorted(page["captured"] for page in pages if page.get("captured")),
            "refunded": sorted(sum(page["refunds"].values()) for page in pages if page.get("refunds")),
            "methods": PaymentMethod.objects.count(),
            "grants": Grant.objects.count(),
        }


def kinds(shop) -> list[str]:
    with tenant(shop.id):
        return list(Event.objects.order_by("subscriber_sequence").values_list("kind", flat=True))[2:]


def onward(page) -> str:
    """Where a page sends the browser on to by itself."""
    found = re.search(r'<meta http-equiv="refresh" content="\d;url=([^"]+)">', page.content.decode())
    assert found, page.content.decode()[:1_500]
    return found[1].replace("&amp;", "&")


def at_the_provider(visitor: Visitor) -> str:
    """Consent, press, follow: the path of the provider's page."""
    answer = visitor.pay()
    assert answer.status_code == 303, text_of(answer)
    went = visitor.client.get(answer["Location"])
    assert went.status_code == 200
    return urlsplit(onward(went)).path


def give(visitor: Visitor, path: str, card: str = "pm_card_visa", **more: str):
    """Press the provider's button with a card; the page that follows."""
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', visitor.client.get(path).content.decode())
    assert token
    answer = visitor.client.post(path, {"csrfmiddlewaretoken": token[1], **(more or {"card": card})})
    assert (answer.status_code, answer["Location"]) == (303, path)
    return visitor.client.get(path)


def follow(visitor: Visitor, page):
    """Where the browser ends after a page that sends it on."""
    return visitor.client.get(urlsplit(onward(page)).path)


PAID = {**NOTHING, "invoices": 1, "payments": 1, "captured": [12_99], "methods": 1, "grants": 1}

COMPLETED = [
    "payment_method.attached",
    "payment.succeeded",
    "invoice.finalized",
    "invoice.paid",
    "subscription.activated",
    "checkout_session.completed",
    "access.changed",
]
