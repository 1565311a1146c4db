"""A subscription begun through the API, as tests of its actions ask for it."""

from __future__ import annotations

from typing import Any

from tests.api.callers import Caller


def told_of(site: Caller, body: dict[str, Any], **more: Any) -> Any:
    """Lucie's subscription to hifi, as it is told."""
    return site.make("subscriptions", {"subscriber": "ref:lucie", "offer": "ref:hifi", **body, **more})
