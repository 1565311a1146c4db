"""The address that providers call: one per account. Answers 2xx once the notice is kept, never before."""

from __future__ import annotations

import logging
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError

from billing import inbox, tasks
from billing.gateways.base import BadSignature

MOST_BYTES = 1_000_000
log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def events(request: HttpRequest, account: UUID) -> HttpResponse:
    """Keep one notice and nudge a worker. 404 for an unknown account, 400 for a bad signature, 413 for too much."""
    if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
        return JsonResponse({"error": "too large"}, status=413)
    signature = request.headers.get("Stripe-Signature", "")
    try:
        kept = inbox.receive(account_id=account, body=request.body, signature=signature)
    except inbox.UnknownAccount:
        return JsonResponse({"error": "no such account"}, status=404)
    except BadSignature:
        log.warning("a notice for account %s was not signed by its provider", account)
        return JsonResponse({"error": "bad signature"}, status=400)
    if kept is not None:
        _nudge(*kept)
    return JsonResponse({"received": True})


def _nudge(merchant_id: UUID, notice_id: UUID) -> None:
    """Ask a worker to act now; where the broker is away, beat does it within seconds."""
    try:
        tasks.read_notice.delay(str(merchant_id), str(notice_id))
    except OperationalError:
        log.warning("the broker is away; notice %s waits for the next beat", notice_id)


urlpatterns = [path("<uuid:account>/events", events, name="provider-events")]
