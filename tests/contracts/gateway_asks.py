"""What the contract asks of a gateway, and each gateway in turn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.gateways.base import (
    ChargeAsk,
    CheckoutAsk,
    CheckoutPage,
)
from tests.contracts.gateway_rigs import Rig, SimulatedRig, StripeRig


@pytest.fixture(params=["stripe", "simulated"])
def rig(request: pytest.FixtureRequest) -> Rig:
    return StripeRig(request.getfixturevalue("double")) if request.param == "stripe" else SimulatedRig()


@pytest.fixture
def customer(rig: Rig) -> str:
    made = rig.gateway.ensure_customer(key="sub_1", email="lea@example.com", name="Léa", metadata={})
    assert isinstance(made, str)
    return made


def ask(customer: str, method: str, key: str = "pay_1", amount: int = 2990, **more) -> ChargeAsk:
    return ChargeAsk(
        key=key, amount=amount, currency="EUR", customer_ref=customer, method_ref=method, description="F-1", **more
    )


def page_ask(key: str = "pay_1", **more) -> CheckoutAsk:
    wish: dict[str, Any] = {
        "mode": "payment",
        "amount": 1990,
        "currency": "EUR",
        "description": "Hi-Fi, 1 mois",
        "success_url": "https://shop.example/ok",
        "cancel_url": "https://shop.example/no",
        "expires_at": datetime.now(UTC) + timedelta(hours=23),
        "email": "lea@example.com",
    }
    return CheckoutAsk(key=key, **(wish | more))


def open_page(rig: Rig, **more) -> str:
    made = rig.gateway.open_checkout(page_ask(**more))
    assert isinstance(made, CheckoutPage), made
    assert made.url.startswith("http")
    return made.provider_session
