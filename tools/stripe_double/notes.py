"""The double's own notes on its objects: names that begin with an underscore, which the API never shows."""

from __future__ import annotations

import copy
from typing import Any


def public(value: Any) -> Any:
    """A copy of an object as the API shows it.

    >>> public({"id": "pm_1", "_number": "4242", "card": {"_x": 1, "last4": "4242"}})
    {'id': 'pm_1', 'card': {'last4': '4242'}}
    """
    if isinstance(value, dict):
        return {name: public(below) for name, below in value.items() if not name.startswith("_")}
    if isinstance(value, list):
        return [public(item) for item in value]
    return copy.copy(value)
