"""Where the simulated provider keeps what it did: one page a payment, held by one writer at a time.

The provider is a stranger to our own tables, so that it can contradict them as a real one does. Whoever makes the
gateway brings the books: in memory for tests, a table of the tenant's in the product (one row a page, `content` as
JSON, locked while it is held, in a transaction of its own).
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass
class Page:
    """One page while it is held. None: nothing was ever written. What is set here is kept."""

    content: dict[str, Any] | None


class Books(Protocol):
    """All pages of one simulated account."""

    def page(self, ref: str) -> AbstractContextManager[Page]:
        """Hold the page `ref` alone until the block ends, then keep its content."""
        ...

    def peek(self, ref: str) -> dict[str, Any] | None:
        """What stands on the page `ref`, without holding it. None: nothing was ever written."""
        ...


class MemoryBooks:
    """Books that live as long as the process. Safe for threads."""

    def __init__(self) -> None:
        self._contents: dict[str, dict[str, Any] | None] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    @contextmanager
    def page(self, ref: str) -> Iterator[Page]:
        """Hold one page."""
        with self._lock:
            lock = self._locks[ref]
        with lock:
            held = Page(self._contents.get(ref))
            yield held
            self._contents[ref] = held.content

    def peek(self, ref: str) -> dict[str, Any] | None:
        """Read one page."""
        return self._contents.get(ref)

    def captures(self) -> list[tuple[str, int, str]]:
        """Every capture as (our key, minor units, currency): the truth about this provider's money."""
        pages = [page for page in self._contents.values() if page and page.get("captured")]
        return [(page["key"], page["captured"], page["currency"]) for page in pages]
