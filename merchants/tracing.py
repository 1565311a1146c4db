"""Which request we are in: its id goes on every change, event and problem, so that one can be followed through all."""

from __future__ import annotations

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
