"""Test cards with a last month of their own: good until it is over, refused after."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from billing.gateways.base import ChargeAsk, OutcomeKind
from billing.gateways.simulated import SimulatedGateway
from billing.gateways.simulated_books import MemoryBooks
from billing.gateways.simulated_cards import card_of


@pytest.mark.parametrize(
    ("present", "kind", "decline"),
    [
        (datetime(2027, 3, 31, 23, tzinfo=UTC), OutcomeKind.SUCCEEDED, None),
        (datetime(2027, 4, 1, 1, tzinfo=UTC), OutcomeKind.FAILED, "expired_card"),
        (datetime(2028, 1, 1, tzinfo=UTC), OutcomeKind.FAILED, "expired_card"),
    ],
)
def test_a_card_is_good_until_its_last_month_is_over(present: datetime, kind: OutcomeKind, decline: str | None) -> None:
    gateway = SimulatedGateway(
        books=MemoryBooks(), checkout_url=str, action_url=str, now=lambda: present, payer_time=lambda _key: present
    )
    customer = gateway.ensure_customer(key="k", email="", name="", metadata={})
    assert isinstance(customer, str)
    kept = gateway.attach_method(token="pm_card_expires_03_2027", customer_ref=customer)
    assert (kept.exp_month, kept.exp_year, kept.last4) == (3, 2027, "4242")
    ask = ChargeAsk(
        key="p1", amount=1299, currency="EUR", customer_ref=customer, method_ref=kept.provider_ref, description="Hifi"
    )
    outcome = gateway.charge(ask)
    assert (outcome.kind, outcome.decline_code) == (kind, decline)


def test_a_date_that_is_none_is_no_card() -> None:
    assert card_of("pm_card_expires_13_2027") is None
    assert card_of("pm_card_expires_03_1999") is None
