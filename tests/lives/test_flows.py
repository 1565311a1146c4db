"""A hundred lives through the flows and the database."""

from __future__ import annotations

import os

import pytest

from invoices.models import CreditNote
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.lives.flows import play

pytestmark = pytest.mark.django_db(transaction=True)
BATCHES = int(os.environ.get("LIVES_BATCHES", "2"))
SEED = os.environ.get("LIVES_SEED", "20261123")


@pytest.mark.parametrize("batch", range(BATCHES))
def test_fifty_lives_add_up_in_the_books(shop, batch):
    played = play(shop, lives=50, seed=f"{SEED} {batch}")
    print(f"seed {SEED} {batch}:", dict(played.acts))
    with tenant(shop.id):
        assert Subscription.objects.filter(status="ended").exists()
        assert CreditNote.objects.count() > 10
    assert sum(played.acts.values()) > 150
