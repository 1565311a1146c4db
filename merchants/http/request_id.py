"""Every request has an id: the caller's own if it is sound, else ours. It is on the answer, and on all it wrote."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from merchants.ids import new_id, show
from merchants.tracing import request_id

HEADER = "X-Request-Id"
_SOUND = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)


def sound(text: str) -> bool:
    """Whether an id from outside may stand in our log and history: 8 to 64 letters, digits, dots, dashes.

    >>> sound("4bf92f3577b34da6"), sound("short"), sound("two\\nlines-of-log")
    (True, False, False)
    """
    return _SOUND.fullmatch(text) is not None


class RequestIdMiddleware:
    """Takes or makes the request's id, keeps it in `merchants.tracing` while the request runs, and answers with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request under its id."""
        given = request.headers.get(HEADER, "")
        token = request_id.set(given if sound(given) else show("req", new_id()))
        try:
            response = self.get_response(request)
            response[HEADER] = request_id.get()
            return response
        finally:
            request_id.reset(token)
