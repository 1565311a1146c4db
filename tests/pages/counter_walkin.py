"""A counter at which Léa is enrolled, as its tests set it up."""

from __future__ import annotations

import pytest

from billing.models import CheckoutSession, Enrolment
from invoices.models import Invoice, Payment
from merchants.ids import new_id
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber, Subscription
from tests.pages.counters import Tablet, salon, seller, tablet
from tests.worlds import Shop


@pytest.fixture
def shop():
    return Shop.open("Soleil", locale="en")


@pytest.fixture
def desk(shop) -> Tablet:
    """Inès, signed in at Lyon, where Liberté is sold with goggles and collagen."""
    shop.made["offer"] = shop.offer("liberte", ("month", None, 29_90), options=[shop.option("collagen", 9_90)])
    site = salon(shop.id)
    device = tablet(shop.id, site)
    shop.made["ines"] = seller(shop.id, "Inès", sites=[site])
    device.sign_in(shop.made["ines"])
    assert device.client.post("/counter/till/open", {"float_amount": "100"}).status_code == 302
    return device


def walkin(shop, **more):
    """What a tablet sends for Léa, who pays 29.90 with a note of fifty."""
    sent = {
        "client_id": str(new_id()),
        "phone": "06 39 98 55 17",
        "name": "Léa Marchand",
        "offer": shop.made["offer"].public_id,
        "means": "cash",
        "later": "counter",
        "tendered": "5000",
        "seen": "2990",
        "seconds": "31",
        "touches": "9",
    }
    return {**sent, **more}


def send(desk, sent):
    return desk.client.post("/counter/enrol/act", sent, headers={"Accept": "application/json"})


def faults(answer):
    return [(one["field"], one["code"]) for one in answer.json()["errors"]]


def nothing_happened(shop):
    with tenant(shop.id):
        return not any(
            model.objects.exists() for model in (Enrolment, Subscription, Invoice, Payment, CheckoutSession, Subscriber)
        )
