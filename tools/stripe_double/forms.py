"""Stripe's form encoding: `a[b][0]=c` to nested objects and back to nothing else."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

_PART = re.compile(r"\[([^\]]*)\]")


def decode(text: str) -> dict[str, Any]:
    """Read a body or a query string.

    >>> decode("amount=990&metadata[invoice]=F-1&expand[0]=customer&expand[1]=latest_charge")
    {'amount': '990', 'metadata': {'invoice': 'F-1'}, 'expand': ['customer', 'latest_charge']}
    >>> decode("expand[]=a&expand[]=b")
    {'expand': ['a', 'b']}
    """
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head, bracket, _ = name.partition("[")
        steps = [head, *_PART.findall(name)] if bracket else [name]
        _place(tree, steps, value)
    return {name: _lists(value) for name, value in tree.items()}


def _place(tree: dict[str, Any], steps: list[str], value: str) -> None:
    node = tree
    for step in steps[:-1]:
        below = node.setdefault(step or str(len(node)), {})
        if not isinstance(below, dict):
            return
        node = below
    node[steps[-1] or str(len(node))] = value


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(below) for name, below in value.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
