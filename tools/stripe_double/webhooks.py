"""The courier of events: signed, at least once, retried with longer and longer waits, in no promised order."""

from __future__ import annotations

import heapq
import itertools
import json
import random
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any, get_args

import stripe

from .errors import invalid
from .faults import WebhookMode
from .store import API_VERSION, Account, Obj, World

RETRY_AFTER = (1, 2, 4, 8, 16, 32, 60, 120, 300, 600, 1_800, 3_600)
"""Seconds between tries: Stripe's three days, shortened to what one waits for at a desk."""
_WAIT_FOR_ANSWER = 10


@dataclass(order=True)
class Delivery:
    """One event on its way to one address."""

    due: float
    order: int
    account: Account = field(compare=False)
    event: Obj = field(compare=False)
    url: str = field(compare=False)
    secret: str = field(compare=False)
    tries: list[dict[str, Any]] = field(default_factory=list, compare=False)
    state: str = field(default="waiting", compare=False)
    backwards: bool = field(default=False, compare=False)
    """Part of a group that goes last first, each after the answer to the one before."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Courier:
    """Two threads that carry events to webhook addresses."""

    def __init__(self, world: World, *, url: str | None, secret: str | None) -> None:
        self.url, self.secret = url, secret
        self.mode, self.seconds = "normal", 5.0
        self.deliveries: list[Delivery] = []
        self._world = world
        self._heap: list[Delivery] = []
        self._held: list[Delivery] = []
        self._order = itertools.count()
        self._change = threading.Condition()
        self._busy = 0
        self._closing = False
        self._opener = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler({}))
        world.on_event = self.post
        self._threads = [threading.Thread(target=self._carry, name=f"courier-{n}", daemon=True) for n in (1, 2)]

    def start(self) -> None:
        """Begin, first with what an earlier run left undelivered in the last hour."""
        for account in list(self._world.accounts.values()):
            for event in account.events:
                if event["pending_webhooks"] and event["created"] > time.time() - 3_600:
                    self.post(account, event)
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop; what waits stays pending in the state file."""
        with self._change:
            self._closing = True
            self._change.notify_all()

    def addresses(self, account: Account, kind: str) -> list[tuple[str, str]]:
        """Where an event of this kind goes: the account's own endpoints, else the double's."""
        own = list(account.of("webhook_endpoint").values())
        if own:
            return [
                (endpoint["url"], endpoint["_secret"])
                for endpoint in own
                if endpoint["status"] == "enabled"
                and ("*" in endpoint["enabled_events"] or kind in endpoint["enabled_events"])
            ]
        return [(self.url, self.secret)] if self.url and self.secret else []

    def post(self, account: Account, event: Obj) -> None:
        """Take an event for delivery, in the present mode."""
        addresses = self.addresses(account, event["type"])
        event["pending_webhooks"] = len(addresses)
        copies = 2 if self.mode == "duplicate" else 1
        with self._change:
            for url, secret in addresses * copies:
                count = next(self._order)
                delivery = Delivery(time.time(), count, account, event, url, secret)
                self.deliveries.append(delivery)
                if self.mode == "drop":
                    delivery.state = "dropped"
                elif self.mode == "hold":
                    delivery.state = "held"
                    self._held.append(delivery)
                else:
                    if self.mode == "late":
                        delivery.due += self.seconds
                    if self.mode == "reorder":
                        self._turn_round(delivery)
                    heapq.heappush(self._heap, delivery)
            del self.deliveries[:-5_000]
            self._change.notify_all()

    def _turn_round(self, delivery: Delivery) -> None:
        """Let this one wait for a second, and all that wait to go backwards with it, the last one first."""
        delivery.due, delivery.order, delivery.backwards = time.time() + 1, -delivery.order, True
        for other in self._heap:
            if other.backwards and not other.tries:
                other.due = delivery.due
        heapq.heapify(self._heap)

    def set_mode(self, wish: dict[str, Any]) -> None:
        """`{"webhooks": "late", "seconds": 5}`: how events travel from now on."""
        if wish["webhooks"] not in get_args(WebhookMode):
            raise invalid(f"Invalid webhooks: must be one of {', '.join(get_args(WebhookMode))}", param="webhooks")
        self.mode, self.seconds = wish["webhooks"], float(wish.get("seconds", 5))

    def release(self, wish: dict[str, Any]) -> int:
        """Send what was held, in `order` `kept`, `reverse` or `shuffle`, each `times` times. How many were sent."""
        with self._change:
            held, self._held = self._held, []
            if wish.get("order") == "reverse":
                held.reverse()
            elif wish.get("order") == "shuffle":
                random.Random(wish.get("seed")).shuffle(held)
            again = [
                Delivery(time.time(), next(self._order), one.account, one.event, one.url, one.secret)
                for one in held
                for _ in range(int(wish.get("times", 1)))
            ]
            for old in held:
                old.state = "released"
            self.deliveries.extend(again)
            for delivery in again:
                heapq.heappush(self._heap, delivery)
            self._change.notify_all()
            return len(again)

    def resend(self, account: Account, event: Obj) -> int:
        """Send one event once more, as from Stripe's dashboard."""
        with self._change:
            addresses = self.addresses(account, event["type"])
            for url, secret in addresses:
                delivery = Delivery(time.time(), next(self._order), account, event, url, secret)
                self.deliveries.append(delivery)
                heapq.heappush(self._heap, delivery)
            self._change.notify_all()
            return len(addresses)

    def drained(self, timeout: float) -> bool:
        """Wait until nothing is due or under way; False if that took too long."""
        end = time.monotonic() + timeout
        with self._change:
            while self._busy or (self._heap and self._heap[0].due <= time.time()):
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self._change.wait(min(left, 0.05))
        return True

    def forget(self) -> None:
        """Drop what waits, and travel normally again."""
        with self._change:
            self._heap.clear()
            self._held.clear()
            self.deliveries.clear()
            self.mode = "normal"

    def _carry(self) -> None:
        while True:
            with self._change:
                while not self._closing and (wait := self._must_wait()) is not None:
                    self._change.wait(wait or None)
                if self._closing:
                    return
                delivery = heapq.heappop(self._heap)
                self._busy += 1
            status = self._send(delivery)
            with self._change:
                self._busy -= 1
                self._note(delivery, status)
                self._change.notify_all()

    def _must_wait(self) -> float | None:
        """Seconds until the next one is due, 0 for until something changes, None: it can go now."""
        if not self._heap or (self._heap[0].backwards and self._busy):
            return 0
        wait = self._heap[0].due - time.time()
        return wait if wait > 0 else None

    def _send(self, delivery: Delivery) -> int | str:
        body = json.dumps(delivery.event, separators=(",", ":"))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": stripe.WebhookSignature.generate_signature_header(body, delivery.secret),
            "User-Agent": f"Stripe/1.0 (double; {API_VERSION})",
        }
        request = urllib.request.Request(delivery.url, data=body.encode(), headers=headers, method="POST")
        try:
            with self._opener.open(request, timeout=_WAIT_FOR_ANSWER) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            return refusal.code
        except (OSError, ValueError) as failure:
            return type(failure).__name__

    def _note(self, delivery: Delivery, status: int | str) -> None:
        delivery.tries.append({"at": int(time.time()), "answer": status})
        if isinstance(status, int) and 200 <= status < 300:
            delivery.state = "delivered"
            delivery.event["pending_webhooks"] = max(0, delivery.event["pending_webhooks"] - 1)
            self._world.changed()
        elif len(delivery.tries) > len(RETRY_AFTER):
            delivery.state = "given up"
        else:
            delivery.due = time.time() + RETRY_AFTER[len(delivery.tries) - 1]
            heapq.heappush(self._heap, delivery)
