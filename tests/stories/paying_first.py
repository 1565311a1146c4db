"""A change that is made only if it is paid, for stories: who is subscribed, what is asked, what stands."""

from __future__ import annotations

from typing import Any

import pytest

from billing.flows import change_paid, methods
from billing.flows.asks import Ask
from billing.flows.change import Changing
from billing.models import CheckoutSession
from invoices.services.balances import balance_of
from merchants.models import Event
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.stories.statements import World
from tests.worlds import TESTER


@pytest.fixture
def world(shop):
    return World.on(shop, "2026-01-31")


@pytest.fixture
def pro(world):
    return world.shop.offer("pro", ("month", None, 56_00))


def begun(world: World, card: str | None = "pm_card_visa") -> Subscription:
    """28.00 a month, on the 14th of a February of 28 days."""
    sub = world.subscribe(world.shop.offer("basic", ("month", None, 28_00)), world.person(card=card))
    world.until("2026-02-14")
    return sub


def ask(world: World, sub: Subscription, wish: Ask, **how: Any) -> CheckoutSession | None:
    named = {"merchant_id": world.shop.id, "subscription_id": sub.pk, "ask": wish, "actor": TESTER}
    return change_paid.change_paid(changing=Changing(**how), **named)


def other_card(world: World, token: str) -> None:
    """The card that is kept from now on."""
    named = {"merchant_id": world.shop.id, "subscriber_id": world.person().pk, "actor": TESTER}
    methods.attach(kind="sepa_debit" if "sepa" in token else "card", token=token, **named)


def told(world: World) -> list[str]:
    with tenant(world.shop.id):
        kinds = Event.objects.filter(kind__startswith="checkout_session").order_by("subscriber_sequence")
        return list(kinds.values_list("kind", flat=True))


def held(world: World) -> int:
    with tenant(world.shop.id):
        return balance_of(world.person().pk, "EUR")


def offer_of(world: World, sub: Subscription) -> str:
    with tenant(world.shop.id):
        return Subscription.objects.get(id=sub.pk).offer_version.offer.reference
