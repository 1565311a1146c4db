"""Tacite for a merchant's site: two calls and one check. Copy it, or write the same in your language."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from typing import Any


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """Tacite said no: `code` is stable, `detail` is for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


class Tacite:
    """The REST API with one key."""

    def __init__(self, api: str, key: str) -> None:
        self._base, self._key = f"{api}/api/v1", key

    def get(self, path: str) -> dict[str, Any]:
        """Read."""
        return self._call("GET", path, None, {})

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Act. The Idempotency-Key lets the same call be sent again without being done twice: here once more, at once,
        where the network fails."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        try:
            return self._call("POST", path, body, headers)
        except (TimeoutError, urllib.error.URLError):
            return self._call("POST", path, body, headers)

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None, headers: dict[str, str]) -> dict[str, Any]:
        request = urllib.request.Request(
            self._base + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                said: dict[str, Any] = json.load(answer)
                return said
        except urllib.error.HTTPError as error:
            problem = json.load(error)
            detail = problem.get("detail") or problem.get("title", "")
            if problem.get("errors"):
                detail = " ".join(f"{one['field']}: {one['detail']}" for one in problem["errors"])
            raise Refused(problem.get("code", "unknown"), detail) from error


def signed_by_tacite(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Standard Webhooks: HMAC-SHA-256 of `id.timestamp.body`, not older than five minutes.

    >>> secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    >>> signed_by_tacite({"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}, b"{}", secret)
    False
    """
    id_, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    right = base64.b64encode(hmac.new(key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(f"v1,{right}", signature) for signature in given)
