"""`Idempotency-Key`: the same request twice has one effect and one answer (api.md, Conventions; reliability §1.1).

The claim on a key is a row committed before the work. Where the view works in one transaction, the answer is written in
that very transaction: work and remembered answer stand or fall together. A claim whose owner began over a minute ago
and has not answered belongs to a process that died: the next request takes it over. Should that owner still live, it
finds its claim gone when it writes its answer, and all its work is rolled back.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.request import Request

from merchants.clock import instant
from merchants.ids import new_id
from merchants.models import IdempotentReply
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.tenancy.scope import tenant

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEY_LENGTH = 255
KEPT_FOR = timedelta(hours=72)
ABANDONED_AFTER = timedelta(seconds=60)
NOT_KEPT = frozenset({400, 401, 403, 411, 413, 415, 422, 429, 503})
"""Answers after which the key may be used again: nothing was tried, or trying again is what we ask for (503)."""


class StillRunning(Conflict):
    """The first request with this key has not answered yet."""

    code = "idempotency_in_progress"
    detail = gettext_noop("The first request with this Idempotency-Key is still running.")
    way_out = gettext_noop("Ask again in a moment.")


class KeyReused(Invalid):
    """The key belongs to another request."""

    code = "idempotency_key_reused"
    title = gettext_noop("Idempotency-Key used already")
    detail = gettext_noop("This Idempotency-Key was used for another request: other address or other body.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to do the work of a key. `reply_id` stays the same for all requests with the key, also after a crash:
    a flow may key its own rows by it."""

    merchant_id: UUID
    reply_id: UUID
    owner: UUID

    def keep(self, response: HttpResponse, *, body: bytes | None = None) -> None:
        """Remember the answer; `body` where it is not to be remembered as it is sent (a secret shown once).

        Needs the tenant's scope; raises StillRunning where another took the claim over.
        """
        kept = IdempotentReply.objects.filter(pk=self.reply_id, owner=self.owner, status=None).update(
            status=response.status_code,
            body=response.content if body is None else body,
            content_type=response.headers.get("Content-Type", ""),
            location=response.headers.get("Location", ""),
            finished_at=instant(),
        )
        if not kept:
            raise StillRunning

    def settle(self, response: HttpResponse) -> None:
        """After an error, whose work was rolled back: remember it, or free the key. Opens its own scope."""
        with tenant(self.merchant_id):
            mine = IdempotentReply.objects.filter(pk=self.reply_id, owner=self.owner, status=None)
            if response.status_code in NOT_KEPT:
                mine.delete()
            elif mine.exists():
                self.keep(response)


def key_of(request: Request) -> str | None:
    """The request's key, or None. Raises ParseError (400) for one that is empty, too long or not printable ASCII."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 0 < len(key) <= KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise ParseError(
            _("An Idempotency-Key has 1 to %(most)s printable ASCII characters.") % {"most": KEY_LENGTH},
            code="idempotency_key_malformed",
        )
    return key


def fingerprint(method: str, path: str, body: Any) -> bytes:
    """What makes two requests the same: method, address with its query, and the body's content (not its spelling).

    >>> fingerprint("POST", "/a", {"x": 1, "y": 2}) == fingerprint("POST", "/a", {"y": 2, "x": 1})
    True
    """
    text = json.dumps([method, path, body], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).digest()


def claim(*, merchant_id: UUID, key: str, print_: bytes) -> Claim | HttpResponse:
    """The claim, or the answer that the key got already.

    Commits its own short transaction. Raises KeyReused (422), StillRunning (409).
    """
    for _again in range(3):
        found = _try(merchant_id=merchant_id, key=key, print_=print_, now=instant())
        if found is not None:
            return found
    raise StillRunning  # freed and claimed again each time we looked


def _try(*, merchant_id: UUID, key: str, print_: bytes, now: datetime) -> Claim | HttpResponse | None:
    mine = IdempotentReply(key=key, fingerprint=print_, started_at=now, owner=new_id(), merchant_id=merchant_id)
    with tenant(merchant_id):
        IdempotentReply.objects.bulk_create([mine], ignore_conflicts=True)
        row = IdempotentReply.objects.select_for_update().filter(key=key).first()
        if row is None:
            return None
        wanted = Claim(merchant_id=merchant_id, reply_id=row.pk, owner=mine.owner)
        if row.owner == mine.owner:
            return wanted
        if row.started_at <= now - KEPT_FOR:
            row.delete()  # another request by now: what it makes must not be found under the old one's id
            return None
        if bytes(row.fingerprint) != print_:
            raise KeyReused
        if row.status is not None:
            return _replay(row)
        if row.started_at > now - ABANDONED_AFTER:
            raise StillRunning
        row.owner, row.started_at = mine.owner, now
        row.save()
        return wanted


def _replay(row: IdempotentReply) -> HttpResponse:
    body = b"" if row.body is None else bytes(row.body)
    response = HttpResponse(body, status=row.status, content_type=row.content_type or None)
    response[REPLAYED] = "true"
    if row.location:
        response["Location"] = row.location
    return response


def forget_old(merchant_id: UUID) -> int:
    """Delete this merchant's answers that are older than KEPT_FOR, at most once an hour; how many went.

    Called once an answer is on its way. Without the cache nothing is deleted, which harms nobody.
    """
    try:
        due = cache.add(f"replies-pruned:{merchant_id}", 1, timeout=3_600)
    except Exception:
        return 0
    if not due:
        return 0
    with tenant(merchant_id):
        old = IdempotentReply.objects.filter(started_at__lte=instant() - KEPT_FOR)
        return old.delete()[0]
