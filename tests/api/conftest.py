"""What tests of the API use: a merchant's website that calls with its key. The documents that they issue hold as
electronic invoices."""

from __future__ import annotations

from typing import Any

import pytest

from merchants.clock import instant
from merchants.ids import new_id
from merchants.models import Merchant
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber
from tests.api.callers import Caller
from tests.einvoices import einvoices_hold
from tests.worlds import Shop

__all__ = ["einvoices_hold"]


@pytest.fixture
def site(shop: Any) -> Caller:
    """The website of `shop`, with a key that may do everything."""
    return Caller.of(shop)


@pytest.fixture
def stranger(another_shop: Any) -> Caller:
    """The website of another merchant."""
    return Caller.of(another_shop)


@pytest.fixture
def sold(shop: Any) -> Subscriber:
    """Lucie, to whom hifi with an option and a coupon is sold."""
    extra = shop.option("extra", 2_00)
    shop.offer("hifi", ("month", None, 12_99), options=[extra])
    shop.coupon("WELCOME", percent_off=10, duration="once")
    return shop.enrol("lucie")


@pytest.fixture
def bare(transactional_db: None) -> Caller:
    """A live merchant that has nothing yet."""
    merchant_id = new_id()
    with tenant(merchant_id):
        merchant = Merchant.objects.create(id=merchant_id, name="Bare", created_at=instant())
    return Caller.of(Shop(merchant=merchant, entity=None, account=None))
