"""Which port each part listens on: the wished-for one if free, else the next that is, remembered for next time."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

HOST = "127.0.0.1"
PREFERRED: Mapping[str, int] = {
    "web": 8000,
    "shop": 8001,
    "mail": 8002,
    "stripe": 8003,
    "smtp": 8025,
    "postgres": 54329,
}
STEP = 10  # who finds 8000 taken looks at 8010, 8020…: the four stay neighbours


def is_free(port: int) -> bool:
    """Whether we could listen there now."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((HOST, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether something listens there now."""
    with socket.socket() as attempt:
        attempt.settimeout(1)
        return attempt.connect_ex((HOST, port)) == 0


def any_free() -> int:
    """A port that the system gives away now; for what lives shortly and is never typed by a human."""
    with socket.socket() as attempt:
        attempt.bind((HOST, 0))
        port: int = attempt.getsockname()[1]
    return port


def choose(
    preferred: Mapping[str, int], remembered: Mapping[str, int], *, free: Callable[[int], bool] = is_free
) -> dict[str, int]:
    """One port a name, all different: the remembered one, else the preferred one, else the next free in steps of ten.

    >>> choose({"web": 8000, "shop": 8001}, {"shop": 8011}, free=lambda port: port != 8000)
    {'web': 8010, 'shop': 8011}
    """
    chosen: dict[str, int] = {}
    for name, wish in preferred.items():
        candidates = [remembered[name]] if name in remembered else []
        candidates += range(wish, 65536, STEP)
        chosen[name] = next(port for port in candidates if port not in chosen.values() and free(port))
    return chosen


def recall(file: Path) -> dict[str, int]:
    """The ports of the former run; none when the file is missing or not ours."""
    try:
        stored = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    if not isinstance(stored, dict):
        return {}
    return {name: port for name, port in stored.items() if isinstance(port, int) and 1024 <= port < 65536}
