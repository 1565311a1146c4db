"""A bound on how often one key may call. It protects, and accounts for nothing: without the cache all pass."""

from __future__ import annotations

import logging
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from merchants.http.authentication import Caller

WINDOW_SECONDS = 10
DEFAULT_PER_WINDOW = 2_000
REST_SECONDS = 5.0
"""How long a cache that failed is left alone: a caller must not wait for its time-out at every request."""

_log = logging.getLogger(__name__)
_silent_until = 0.0


def _count(key: str) -> int:
    """How many calls this window has had, this one included; 0 where nobody can tell."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return 0
    try:
        cache.add(key, 0, timeout=WINDOW_SECONDS * 2)
        return int(cache.incr(key))
    except ValueError:  # emptied between the two
        return 0
    except Exception as fault:
        _silent_until = time.monotonic() + REST_SECONDS
        _log.warning("rate limits are off for %s s: the cache does not answer (%s)", REST_SECONDS, fault)
        return 0


def calls_in_window(key: str) -> int:
    """How many calls have been counted under a key in the present ten seconds, this one included; 0 where nobody can
    tell."""
    return _count(f"calls:{key}:{int(time.time() // WINDOW_SECONDS)}")


class PerKey(BaseThrottle):
    """At most `API_CALLS_PER_10_SECONDS` calls of one key in each ten seconds of real time."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether this call fits in its window."""
        caller = request.auth
        if not isinstance(caller, Caller):
            return True
        most = getattr(settings, "API_CALLS_PER_10_SECONDS", DEFAULT_PER_WINDOW)
        return calls_in_window(str(caller.key_id)) <= most

    def wait(self) -> float:
        """Seconds until the next window."""
        return WINDOW_SECONDS - time.time() % WINDOW_SECONDS
