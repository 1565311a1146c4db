"""The scopes that a key may be limited to: those that the API's own addresses ask for, found and not listed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver


@lru_cache(maxsize=1)
def known_scopes() -> tuple[str, ...]:
    """Every scope that some address of the namespace `api` needs for some method, in alphabetical order."""
    found: set[str] = set()
    for view in _views(get_resolver().url_patterns, inside=False):
        found.update(getattr(getattr(view, "cls", None) or getattr(view, "view_class", None), "scopes", {}).values())
    return tuple(sorted(found))


def _views(patterns: list[Any], *, inside: bool) -> Iterator[Any]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, inside=inside or pattern.namespace == "api")
        elif inside and isinstance(pattern, URLPattern):
            yield pattern.callback
