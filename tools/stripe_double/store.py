"""What the double remembers: accounts that never mix, their objects, events and idempotency keys."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import string
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import stripe

from .errors import missing
from .notes import public

Obj = dict[str, Any]

API_VERSION = str(stripe.api_version)
"""The version that the installed SDK speaks; the double speaks no other."""

_EVENTS_KEPT = 20_000
_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str) -> str:
    """An id in Stripe's form, such as `pi_3kJ…`."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(24))}"


def now() -> int:
    """Seconds since 1970, as Stripe counts time."""
    return int(time.time())


@dataclass
class Reply:
    """The first answer to an idempotency key, replayed to every later request that bears it."""

    fingerprint: str
    status: int
    body: Obj
    request_id: str
    at: int


@dataclass
class Account:
    """One Stripe account. Everything happens under `lock`."""

    id: str
    objects: dict[str, dict[str, Obj]] = field(default_factory=dict)
    events: list[Obj] = field(default_factory=list)
    replies: dict[str, Reply] = field(default_factory=dict)
    requests: list[Obj] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def of(self, kind: str) -> dict[str, Obj]:
        """All objects of one kind by id, oldest first."""
        return self.objects.setdefault(kind, {})

    def put(self, obj: Obj) -> Obj:
        """Keep a new object."""
        self.of(obj["object"])[obj["id"]] = obj
        return obj

    def get(self, kind: str, ident: str, *, param: str = "id", name: str | None = None) -> Obj:
        """One object, or Stripe's refusal in Stripe's words."""
        found = self.of(kind).get(ident)
        if found is None:
            raise missing(name or kind.split(".")[-1], ident, param=param)
        return found

    def newest(self, kind: str) -> Iterator[Obj]:
        """All objects of one kind, newest first."""
        return reversed(list(self.of(kind).values()))

    def snapshot(self) -> Obj:
        """What the state file keeps: idempotency keys for a day, as Stripe does, and the newest events."""
        yesterday = now() - 86_400
        replies = {key: vars(reply) for key, reply in self.replies.items() if reply.at > yesterday}
        del self.events[:-_EVENTS_KEPT]
        return {"id": self.id, "objects": self.objects, "events": self.events, "replies": replies}


class World:
    """All accounts of this double, and the file that they survive in."""

    def __init__(self, state_file: Path | None = None) -> None:
        self.accounts: dict[str, Account] = {}
        self.lock = threading.RLock()
        self.on_event: Callable[[Account, Obj], None] = lambda account, event: None
        self._state_file = state_file
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._writer: threading.Thread | None = None
        if state_file is not None:
            self._load(state_file)
            self._writer = threading.Thread(target=self._write_when_dirty, name="state", daemon=True)
            self._writer.start()

    def account(self, secret_key: str) -> Account:
        """The account of a key; a key not seen before opens a new one. Keys themselves are never kept."""
        ident = f"acct_{hashlib.sha256(secret_key.encode()).hexdigest()[:16]}"
        with self.lock:
            return self.accounts.setdefault(ident, Account(ident))

    def find(self, kind: str, ident: str) -> tuple[Account, Obj] | None:
        """An object in whichever account has it: for hosted pages, whose visitors bear no key."""
        with self.lock:
            accounts = list(self.accounts.values())
        for account in accounts:
            found = account.of(kind).get(ident)
            if found is not None:
                return account, found
        return None

    def emit(
        self,
        account: Account,
        kind: str,
        obj: Obj,
        *,
        previous: Obj | None = None,
        request: Obj | None = None,
    ) -> Obj:
        """Write an event, with the object as it is at this moment, and hand it to the webhooks."""
        data: Obj = {"object": public(obj)}
        if previous is not None:
            data["previous_attributes"] = previous
        event: Obj = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": 0,
            "request": request or {"id": None, "idempotency_key": None},
            "type": kind,
        }
        account.events.append(event)
        self.on_event(account, event)
        return event

    def changed(self) -> None:
        """Have the state written soon."""
        self._dirty.set()

    def reset(self) -> None:
        """Forget everything."""
        with self.lock:
            self.accounts.clear()
        self.changed()

    def close(self) -> None:
        """Write what is left and stop."""
        self._closing.set()
        self._dirty.set()
        if self._writer is not None:
            self._writer.join(timeout=10)

    def _write_when_dirty(self) -> None:
        while not self._closing.is_set():
            self._dirty.wait()
            self._dirty.clear()
            began = time.monotonic()
            self._write()
            self._closing.wait(max(0.5, 10 * (time.monotonic() - began)))  # a tenth of the time at most
        self._write()

    def _write(self) -> None:
        assert self._state_file is not None
        with self.lock:
            accounts = list(self.accounts.values())
        texts = []
        for account in accounts:
            with account.lock:
                texts.append(json.dumps(account.snapshot(), separators=(",", ":")))
        self._state_file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._state_file.with_suffix(".new")
        draft.write_text('{"version":1,"accounts":[' + ",".join(texts) + "]}", encoding="utf-8")
        os.replace(draft, self._state_file)

    def _load(self, state_file: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            for kept in json.loads(state_file.read_text(encoding="utf-8"))["accounts"]:
                replies = {key: Reply(**reply) for key, reply in kept["replies"].items()}
                account = Account(kept["id"], objects=kept["objects"], events=kept["events"], replies=replies)
                self.accounts[account.id] = account
