"""Replay of the recorded transcript against the double, through the real SDK, and how the answers are compared."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import stripe

TRANSCRIPT = Path(__file__).parents[2] / "golden" / "stripe_world.json.gz"
_MARK = re.compile(r"<([a-z]+)(?:_secret)?:(\d+)>")
_RANDOM = frozenset(
    "invoice_prefix request_log_url receipt_url fingerprint arn network_transaction_id authorization_code".split()  # noqa: SIM905
)


def transcript() -> list[dict[str, Any]]:
    """The 108 recorded calls: 14 cards, refunds, idempotency, capture, cancel, disputes, events."""
    calls: list[dict[str, Any]] = json.loads(gzip.decompress(TRANSCRIPT.read_bytes()))
    return calls


class Replay:
    """Sends each recorded request with the double's own ids in place of the recorded ones."""

    def __init__(self, url: str, key: str) -> None:
        self._client = stripe.StripeClient(key, base_addresses={"api": url}, max_network_retries=0)
        self.ids: dict[str, str] = {}

    def send(self, call: dict[str, Any]) -> tuple[int, dict[str, Any], str | None]:
        """One request: status, body, and whether it was replayed from an idempotency key."""
        request = call["request"]
        params = _today(self._own(request["params"]))
        path = self._own(request["path"])
        headers = {"idempotency_key": "k-1"} if request["idempotency"] else {}
        try:
            answer = self._client.raw_request(request["method"].lower(), path, **params, **headers)
            return answer.code, answer.data, answer.headers.get("Idempotent-Replayed")
        except stripe.StripeError as error:
            assert isinstance(error.json_body, dict) and error.http_status
            return error.http_status, error.json_body, (error.headers or {}).get("Idempotent-Replayed")

    def learn(self, recorded: Any, given: Any) -> None:
        """Match the recorded ids with the double's, wherever both have one."""
        if isinstance(recorded, dict) and isinstance(given, dict):
            for name in recorded.keys() & given.keys():
                self.learn(recorded[name], given[name])
        elif isinstance(recorded, list) and isinstance(given, list):
            for one, other in zip(recorded, given, strict=False):
                self.learn(one, other)
        elif isinstance(recorded, str) and isinstance(given, str) and _MARK.fullmatch(recorded):
            self.ids.setdefault(recorded, given)

    def _own(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._own(below) for name, below in value.items()}
        if isinstance(value, list):
            return [self._own(item) for item in value]
        if isinstance(value, str):
            return _MARK.sub(lambda mark: self.ids.get(mark.group(0), "cus_doesnotexist"), value)
        return value


def _today(params: dict[str, Any]) -> dict[str, Any]:
    """The transcript speaks 2026-08-26.dahlia; the name of this parameter changed since."""
    if "payment_method_types" in params:
        params = {**params, "allowed_payment_method_types": params["payment_method_types"]}
        del params["payment_method_types"]
    return params


def plain(value: Any, name: str = "") -> Any:
    """An answer without what differs by nature: ids, instants, secrets, random marks."""
    if name in _RANDOM and value:
        return "<random>"
    if isinstance(value, dict):
        return {below: plain(inner, below) for below, inner in value.items()}
    if isinstance(value, list):
        return [plain(item, name) for item in value]
    if isinstance(value, str):
        text = _MARK.sub(r"<\1>", value)
        text = re.sub(
            r"\b(cus|pm|pi|seti|setatt|ch|re|evt|txn|du|req)_[A-Za-z0-9]{12,}(_secret_[A-Za-z0-9]+)?", r"<\1>", text
        )
        return text.replace("cus_doesnotexist", "<cus>")
    if isinstance(value, int) and not isinstance(value, bool) and value > 1_600_000_000:
        return "<time>"
    return value


def differences(recorded: Any, given: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Every field that differs: (path, recorded, given). A missing field is `<absent>`."""
    if isinstance(recorded, dict) and isinstance(given, dict):
        found = []
        for name in sorted(recorded.keys() | given.keys()):
            where = f"{path}.{name}" if path else name
            found += differences(recorded.get(name, "<absent>"), given.get(name, "<absent>"), where)
        return found
    if isinstance(recorded, list) and isinstance(given, list) and len(recorded) == len(given):
        return [
            difference
            for index, (one, other) in enumerate(zip(recorded, given, strict=True))
            for difference in differences(one, other, f"{path}[{index}]")
        ]
    return [] if recorded == given and type(recorded) is type(given) else [(path, recorded, given)]
