"""A desk in the office of a shop that sells Onde Hifi, for tests of its pages."""

from __future__ import annotations

import pytest
from django.urls import reverse

from merchants.models import Membership
from merchants.tenancy.scope import tenant
from tests.pages.offices import logged_in, person


@pytest.fixture
def hifi(shop):
    shop.feature("quality", "level", ["standard", "hifi"])
    device = shop.option("Device", 2_00)
    shop.made["device"] = device
    stages = (("month", 1, 0), ("month", 3, 6_99), ("month", None, 12_99))
    return shop.offer("Onde Hifi", *stages, options=[device], features={"quality": {"level": "hifi"}})


@pytest.fixture
def desk(shop):
    return sit(shop, "support")


def sit(shop, role):
    """A member of the shop's staff at their browser."""
    user = person()
    with tenant(shop.id):
        Membership.objects.create(user=user, role=role, created_at=shop.now().at)
    return logged_in(user)


def url(shop, name, **arguments):
    return reverse(f"office:{name}", kwargs={"merchant": shop.merchant.public_id, **arguments})
