"""A merchant's website, as the API sees it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from merchants.models import ApiKey
from merchants.services.keys import NewKey, make_key
from merchants.tenancy.scope import tenant
from tests.worlds import Shop

ROOT = "/api/v1/"
MEMBERS = {
    "quota_exceeded": {"quota", "used", "remaining", "resets_on"},
    "access_none": {"access", "why"},
    "access_restricted": {"access", "why"},
}
"""What some codes tell besides, in members of their own."""


@dataclass
class Caller:
    """Calls the API with one key."""

    shop: Shop
    secret: str
    key: ApiKey
    client: Client = field(default_factory=Client)

    @classmethod
    def of(cls, shop: Shop, *scopes: str) -> Caller:
        """With a new key of that shop; without scopes it may do everything."""
        made = new_key(shop, scopes)
        return cls(shop=shop, secret=made.secret, key=made.key)

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: Any) -> Any:
        """One request; `key` is its Idempotency-Key; `body` a value, or bytes sent as they are."""
        sent = {"Authorization": f"Bearer {self.secret}", **headers}
        if key is not None:
            sent["Idempotency-Key"] = key
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        kind = sent.pop("Content-Type", "application/json")
        return self.client.generic(method, ROOT + path, raw, content_type=kind, headers=sent)

    def get(self, path: str, **headers: Any) -> Any:
        """GET."""
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, *, key: str | None = None, **headers: Any) -> Any:
        """POST."""
        return self.call("POST", path, {} if body is None else body, key=key, **headers)

    def patch(self, path: str, body: Any, **headers: Any) -> Any:
        """PATCH."""
        return self.call("PATCH", path, body, **headers)

    def make(self, path: str, body: Any) -> dict[str, Any]:
        """POST that must succeed; the object."""
        answer = self.post(path, body)
        assert answer.status_code == 201, answer.content
        return dict(answer.json())


def new_key(shop: Shop, scopes: Sequence[str] = ()) -> NewKey:
    """A key of that shop."""
    with tenant(shop.id):
        return make_key(merchant=shop.merchant, name="website", scopes=scopes, by=None, now=shop.now())


def faults(answer: Any) -> list[tuple[str, str]]:
    """(field, code) of each field error of a 422."""
    assert answer.status_code == 422, (answer.status_code, answer.content)
    assert answer["Content-Type"] == "application/problem+json"
    return [(each["field"], each["code"]) for each in answer.json()["errors"]]


def problem(answer: Any) -> tuple[int, str]:
    """Status and code of an error, whose shape is checked."""
    found = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    more = MEMBERS.get(found["code"], set())
    assert set(found) == {"type", "title", "status", "detail", "code", "errors", "request_id"} | more
    assert found["status"] == answer.status_code and found["request_id"] == answer["X-Request-Id"]
    assert found["detail"] and found["title"] and "Traceback" not in answer.content.decode()
    return answer.status_code, found["code"]


def monthly(reference: str = "standard", **changes: Any) -> dict[str, Any]:
    """The body of a plain offer: 14.90 € a month."""
    return {
        "reference": reference,
        "title": {"en": "Standard", "fr": "Standard"},
        "currency": "EUR",
        "tax_behavior": "inclusive",
        "stages": [{"interval": "month", "amount": 1490}],
        **changes,
    }
