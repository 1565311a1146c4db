"""The Stripe double in this process, with the few things that tests ask of its console."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from tools.stripe_double.server import Double

STRIPE_KEY = "sk_test_contract_suite"


class DoubleAtWork:
    """The double, with the few things that tests ask of its console."""

    def __init__(self, double: Double) -> None:
        self.double = double
        self.url = double.url

    def console(self, path: str, wish: dict[str, Any] | None = None) -> tuple[int, Any]:
        """GET, or POST with a wish: status and JSON."""
        body = None if wish is None else json.dumps(wish).encode()
        request = urllib.request.Request(
            f"{self.url}/_double/{path}", data=body, headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read())

    def fault(self, on: str, fault: str, times: int = 1, seconds: float = 3) -> None:
        status, _ = self.console("faults", {"on": on, "fault": fault, "times": times, "seconds": seconds})
        assert status == 200

    def captures(self, key: str = STRIPE_KEY) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.console(f"captures?key={key}")[1]["captures"]
        return rows

    def requests(self, key: str = STRIPE_KEY) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.console(f"requests?key={key}")[1]["requests"]
        return rows
