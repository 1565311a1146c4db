"""The books of every merchant that a test opened, checked at its end: the first fault fails the test, in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from billing.selectors import books
from merchants.clock import instant
from merchants.models import Merchant
from merchants.tenancy.scope import tenant
from tests.worlds import Shop


def faults(shop: Shop) -> list[str]:
    """What is wrong in a merchant's books, a sentence a rule."""
    with tenant(shop.id):
        merchant = Merchant.objects.get(id=shop.id)
        return [f"{one.rule}: {one.first}" for one in books.check(merchant, instant()) if one.wrong]


@pytest.fixture(autouse=True)
def books_agree(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[None]:
    """Ask for it by importing it into a folder's conftest; `@pytest.mark.wrong_books` on a test that plants a fault."""
    before = len(Shop.opened)
    yield
    if request.node.get_closest_marker("wrong_books"):
        return
    wrong = [fault for shop in Shop.opened[before:] for fault in faults(shop)]
    assert not wrong, wrong[0]
