"""The one place that reads the wall clock for business time. Everything below the faces takes `now` as an argument."""

from __future__ import annotations

from datetime import UTC, datetime


def instant() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)
