"""Faults on demand: what the network and Stripe do on a bad day."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Literal, get_args

from .errors import invalid

FaultKind = Literal[
    "timeout_before", "timeout_after", "reset_before", "reset_after", "slow",
    "401", "403", "409", "429", "500", "502", "503", "500_after", "search_late",
]  # fmt: skip
WebhookMode = Literal["normal", "duplicate", "late", "early", "reorder", "drop", "hold"]


@dataclass
class Fault:
    """One fault: on which call, what, how many times still, and for time-outs how many seconds the line is silent."""

    on: str
    kind: str
    times: int
    seconds: float

    def meets(self, name: str) -> bool:
        """Whether a call of this name is hit: `payment_intents.create`, `payment_intents.*`, `*`."""
        return self.on in ("*", name) or (self.on.endswith(".*") and name.startswith(self.on[:-1]))


class Faults:
    """The faults that wait for their calls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def plan(self, wish: dict[str, Any]) -> None:
        """Add one, as `{"on": "payment_intents.create", "fault": "timeout_after", "times": 1, "seconds": 90}`."""
        kind, on = wish.get("fault"), wish.get("on", "*")
        if kind not in get_args(FaultKind):
            raise invalid(f"Invalid fault: must be one of {', '.join(get_args(FaultKind))}", param="fault")
        fault = Fault(
            on=str(on), kind=str(kind), times=int(wish.get("times", 1)), seconds=float(wish.get("seconds", 90))
        )
        with self._lock:
            self._waiting.append(fault)

    def take(self, name: str) -> Fault | None:
        """The fault that hits this call, if any; it is used up by one."""
        with self._lock:
            for fault in self._waiting:
                if fault.times > 0 and fault.meets(name):
                    fault.times -= 1
                    return fault
        return None

    def clear(self) -> None:
        """From now on all is well."""
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[dict[str, Any]]:
        """What is still to come."""
        with self._lock:
            return [vars(fault) for fault in self._waiting if fault.times > 0]
