"""The Stripe double on a free port, in this process, empty before each test; its transport is real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contracts.double_at_work import DoubleAtWork
from tests.contracts.gateway_asks import customer, rig
from tools.stripe_double.server import Double

__all__ = ["customer", "rig"]


@pytest.fixture(scope="session")
def _running_double() -> Iterator[DoubleAtWork]:
    with Double(debit_seconds=3_600) as double:
        yield DoubleAtWork(double)


@pytest.fixture
def double(_running_double: DoubleAtWork) -> DoubleAtWork:
    _running_double.console("reset", {})
    return _running_double


@pytest.fixture
def life(shop: Any) -> dict[Any, Any]:
    """A subscriber with one of everything, by model."""
    from tests.contracts.guarded import one_of_each

    return one_of_each(shop)
