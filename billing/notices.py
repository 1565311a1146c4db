"""Where providers tell us that something happened: `POST /provider/<account>/events`.

The answer is 2xx only once the notice is committed; a worker acts on it. The nudge may fail (a broker that is away):
the row is the queue, and the next beat finds it.
"""

from __future__ import annotations

import logging
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError

from billing import inbox, tasks
from billing.gateways.base import BadSignature

LARGEST = 524_288
"""Bytes of one notice at most; a provider's are a few thousand."""
_log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def notice(request: HttpRequest, account: UUID) -> HttpResponse:
    """Keep one signed notice. 400: not signed by the provider; 404: no such account; 413: too large; else 200."""
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return _plain(400, "length")
    if length > LARGEST:
        return _plain(413, "too large")
    try:
        body = request.read(LARGEST + 1)
    except (OSError, RawPostDataException):
        return _plain(400, "unreadable")
    if len(body) > LARGEST:
        return _plain(413, "too large")
    try:
        kept = inbox.receive(
            account_id=account, body=body, signature=request.headers.get("Stripe-Signature", "")[:2_000]
        )
    except inbox.UnknownAccount:
        return _plain(404, "unknown")
    except BadSignature:
        _log.warning("a notice for account %s was not signed by its provider", account)
        return _plain(400, "signature")
    if kept is not None:
        _nudge(*kept)
    return _plain(200, "kept" if kept else "known")


def _nudge(merchant_id: UUID, notice_id: UUID) -> None:
    """Ask a worker to read it now. A notice that nobody is told about is read at the next beat."""
    try:
        tasks.read_notice.delay(str(merchant_id), str(notice_id))
    except (OperationalError, OSError):
        _log.warning("no broker: notice %s waits for the next beat", notice_id)


def _plain(status: int, word: str) -> HttpResponse:
    return HttpResponse(word, status=status, content_type="text/plain", headers={"Cache-Control": "no-store"})
