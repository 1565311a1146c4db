"""Which adapter serves which kind of platform. Callers know kinds, never classes."""

from __future__ import annotations

from .base import Platform
from .file import FilePlatform, Store

KINDS = ("file",)


def platform_for(kind: str, *, store: Store, folder: str) -> Platform:
    """The adapter of one kind. `file` writes under `folder` of a store. Raises ValueError for an unknown kind."""
    if kind == "file":
        return FilePlatform(store=store, folder=folder)
    raise ValueError(f"No platform of kind {kind!r}; known: {', '.join(KINDS)}.")
