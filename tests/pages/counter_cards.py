"""A counter with a card reader, as its tests set it up."""

from __future__ import annotations

import pytest

from billing.flows import readers
from billing.gateways.simulated_reader import SimulatedReaders
from billing.models import CheckoutSession, Reader
from invoices.models import Invoice, Payment
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.pages.counters import Tablet, present, salon, seller, tablet
from tests.worlds import Shop

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def shop():
    return Shop.open("Soleil", locale="en")


@pytest.fixture
def desk(shop) -> Tablet:
    shop.made["offer"] = shop.offer("liberte", ("month", None, 29_90))
    site = salon(shop.id)
    device = tablet(shop.id, site)
    device.sign_in(seller(shop.id, "Inès", sites=[site]))
    return device


@pytest.fixture
def reader(shop, desk) -> Reader:
    with tenant(shop.id):
        return readers.register(account=shop.account, site=desk.site, name="Reader 1", provider_ref="", now=present())


def session_of(shop) -> CheckoutSession:
    with tenant(shop.id):
        return CheckoutSession.objects.select_related("subscription", "quote").get()


def machines(shop) -> SimulatedReaders:
    found = readers.readers_of(shop.account)
    assert isinstance(found, SimulatedReaders)
    return found


def text(answer) -> str:
    return str(answer.content.decode())


def part(desk, thing, path="live", **posted):
    where = f"/counter/pay/{thing}/{path}"
    if path == "live":
        return desk.client.get(where, posted, headers=FRAGMENT)
    return desk.client.post(where, posted, headers=FRAGMENT)


def stands(shop):
    with tenant(shop.id):
        return (
            list(Subscription.objects.values_list("status", flat=True)),
            list(Invoice.objects.values_list("status", "amount_paid")),
            sum(Payment.objects.values_list("captured", flat=True)),
        )
